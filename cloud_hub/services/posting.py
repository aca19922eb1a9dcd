"""Posting to hub-run sites: requests that wait at the same time are committed in one group per site.

Each is judged on its own against the levels as they are then; what is good is appended to
the site's ledger (`hub_run.py`) with the keys, their answers and the alerts, or nothing is.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import replace
from functools import partial

from cloud_hub.crashpoints import crashpoint
from cloud_hub.domain.intake import KeyUse, KnownItem
from cloud_hub.domain.posting import Draft, Items, Ledger, Row
from cloud_hub.domain.posting_requests import Posted, Request, Verdicts, answer, judge, replay
from cloud_hub.services import movement_log, stock_alerts
from cloud_hub.services.hub_run import append, say, stretch_of, writer_of
from cloud_hub.services.origin_cache import OriginCache
from cloud_hub.services.ports import Sign
from cloud_hub.storage import ledger, postings
from cloud_hub.storage.database import Connection, Database, after_commit
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.postings import Standing
from sync_protocol.records import Fact, Item

GROUP_MAX = 200
ITEMS_CACHED_MAX = 100_000

_Waiting = tuple[Request, "asyncio.Future[Posted]"]


class Posting:
    """Posts to hub-run sites; one group at a time per site in this process, the row lock does the rest."""

    def __init__(self, database: Database, *, sign: Sign) -> None:
        self._database = database
        self._sign = sign
        self._items: OriginCache[Items] = OriginCache(ITEMS_CACHED_MAX)
        """By chain hash: what was made in a transaction that is then rolled back fits no ledger."""
        self._waiting: dict[str, list[_Waiting]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def post(
        self,
        site_id: str,
        drafts: Sequence[Draft],
        key: str,
        *,
        actor: str | None,
        now_ms: int,
        all_or_none: bool = True,
    ) -> Posted:
        """Post drafts under a caller's key. Raises Conflict, Invalid, NotFound; then nothing was changed."""
        request = Request(drafts=drafts, key=key, actor=actor, asked_at=now_ms, all_or_none=all_or_none)
        answered = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(site_id, []).append((request, answered))
        if site_id not in self._running:
            self._running[site_id] = asyncio.create_task(self._run(site_id), context=Context())
        made: Posted = await answered
        movement_log.posted(site_id, request, made)
        return made

    async def post_in(
        self,
        connection: Connection,
        site_id: str,
        drafts: Sequence[Draft],
        key: str,
        *,
        actor: str | None,
        now_ms: int,
        all_or_none: bool = True,
        facts: Sequence[Fact] = (),
    ) -> Posted:
        """Post drafts, then facts, in another use case's transaction, which ends if this raises."""
        origin = await writer_of(connection, site_id, now_ms)
        request = Request(drafts=drafts, key=key, actor=actor, asked_at=now_ms, all_or_none=all_or_none, facts=facts)
        (outcome,) = await self._post_group(connection, origin, [request], now_ms)
        if not isinstance(outcome, Posted):
            raise outcome
        after_commit(partial(movement_log.posted, site_id, request, outcome))
        return outcome

    async def judge_again(self, site_id: str, product_ids: list[str], now_ms: int) -> int:
        """Alerts of stock that no movement touches; how many facts that made."""
        async with self._database.transaction() as connection:
            origin = await writer_of(connection, site_id, now_ms)
            standings = await stock_alerts.find_standings(connection, origin, product_ids, now_ms)
            said = await stock_alerts.evaluate(connection, origin, standings, now_ms)
            await say(connection, origin, said, sign=self._sign, now_ms=now_ms)
        return len(said)

    async def say_in(self, connection: Connection, site_id: str, told: Fact, now_ms: int) -> None:
        """A fact that no movement makes, inside another use case's transaction."""
        origin = await writer_of(connection, site_id, now_ms)
        await say(connection, origin, [told], sign=self._sign, now_ms=now_ms)

    async def _run(self, site_id: str) -> None:
        try:
            while waiting := self._waiting.get(site_id):
                group, self._waiting[site_id] = _next_group(waiting)
                outcomes: Sequence[Posted | Exception]
                try:
                    outcomes = await self._commit(site_id, [request for request, _ in group])
                except Exception as error:  # noqa: BLE001 - whoever waits is told what went wrong
                    outcomes = [error for _ in group]
                for (_, answered), outcome in zip(group, outcomes, strict=True):
                    if answered.cancelled():
                        continue
                    if isinstance(outcome, Posted):
                        answered.set_result(outcome)
                    else:
                        answered.set_exception(outcome)
        finally:
            del self._running[site_id]
            self._waiting.pop(site_id, None)

    async def _commit(self, site_id: str, group: Sequence[Request]) -> list[Posted | Exception]:
        now_ms = max(request.asked_at for request in group)
        async with self._database.transaction() as connection:
            origin = await writer_of(connection, site_id, now_ms)
            outcomes = await self._post_group(connection, origin, group, now_ms)
            crashpoint("posting.before_commit")
        crashpoint("posting.after_commit")
        return outcomes

    async def _post_group(
        self, connection: Connection, origin: Origin, group: Sequence[Request], now_ms: int
    ) -> list[Posted | Exception]:
        known = await postings.find_keys(connection, origin.site_id, [request.key for request in group])
        wanted = sorted({draft.product_id for request in group for draft in request.drafts})
        standings = await stock_alerts.find_standings(connection, origin, wanted, now_ms)
        state = await self._state(connection, origin, standings)
        judged = [
            replay(request, known[request.key]["body_hash"], known[request.key]["answer"])
            if request.key in known
            else judge(state, request)
            for request in group
        ]
        if not state.records:
            outcomes = _outcomes(group, judged, {}, state)
            await ledger.add_keys(connection, origin.site_id, origin.origin_id, _uses(group, outcomes, []))
            return outcomes
        moved = _moved(group, judged, standings, state)
        behind = replace(origin, mark=origin.mark + len(state.records))
        records = [*state.records, *await stock_alerts.evaluate(connection, behind, moved, now_ms)]
        items = {ref: KnownItem(standings[facts[0]].id, Item(ref, *facts)) for facts, ref in state.used.items()}
        stretch = stretch_of(origin, records, items, now_ms)
        outcomes = _outcomes(group, judged, stretch.rows, state)
        stretch.made.keys = _uses(group, outcomes, stretch.made.keys)
        await append(connection, stretch, sign=self._sign, now_ms=now_ms)
        items_now = state.items_now()
        self._items.put(origin.origin_id, stretch.made.mark_hash, items_now, len(items_now.refs))
        return outcomes

    async def _state(self, connection: Connection, origin: Origin, standings: Mapping[str, Standing]) -> Ledger:
        """What the group is judged against."""
        items = self._items.get(origin.origin_id, origin.chain_hash)
        if items is None:
            read = await ledger.list_items(connection, origin.site_id, origin.origin_id)
            items = Items({known.item[1:]: ref for ref, known in read.items()}, max(read, default=0) + 1)
        return Ledger(
            levels={
                (product, place): quantity
                for product, standing in standings.items()
                for place, quantity in standing.levels.items()
            },
            goods={product: standing.goods for product, standing in standings.items()},
            items=items,
            reserved={product: standing.reserved for product, standing in standings.items()},
        )


def _next_group(waiting: Sequence[_Waiting]) -> tuple[list[_Waiting], list[_Waiting]]:
    """What is committed together, and what waits: a second request of a key finds the first one's answer."""
    group: dict[str, _Waiting] = {}
    rest = []
    for each in waiting:
        if each[0].key in group or len(group) >= GROUP_MAX:
            rest.append(each)
        else:
            group[each[0].key] = each
    return list(group.values()), rest


def _outcomes(
    group: Sequence[Request], judged: Sequence[Verdicts | Posted | Exception], made: Mapping[int, Row], state: Ledger
) -> list[Posted | Exception]:
    return [
        answer(request, each, made, state.levels) if isinstance(each, list) else each
        for request, each in zip(group, judged, strict=True)
    ]


def _uses(group: Sequence[Request], outcomes: Sequence[Posted | Exception], used: Sequence[KeyUse]) -> list[KeyUse]:
    """The keys of movements and of requests, these with what they are answered for ever."""
    answers = {
        request.key: (request.body_hash, {"rows": [list(row) for row in posted.rows], "levels": posted.levels})
        for request, posted in zip(group, outcomes, strict=True)
        if isinstance(posted, Posted) and not posted.is_replayed
    }
    of_movements = [KeyUse(use.key, use.sequence, *answers.get(use.key, ())) for use in used]
    alone = answers.keys() - {use.key for use in used}
    return [*of_movements, *(KeyUse(key, 0, *answers[key]) for key in alone)]


def _moved(
    group: Sequence[Request], judged: Sequence[Verdicts | Posted | Exception], standings: Mapping[str, Standing],
    state: Ledger,
) -> dict[str, Standing]:  # fmt: skip
    """How the products stand now of which something was moved."""
    taken = [(request.drafts, each) for request, each in zip(group, judged, strict=True) if isinstance(each, list)]
    moved = {
        draft.product_id
        for drafts, verdicts in taken
        for draft, verdict in zip(drafts, verdicts, strict=True)
        if isinstance(verdict, int)
    }
    levels: dict[str, dict[str, int]] = {product_id: {} for product_id in moved}
    for (product_id, place), quantity in state.levels.items():
        if product_id in moved:
            levels[product_id][place] = quantity
    return {product_id: standings[product_id]._replace(levels=levels[product_id]) for product_id in moved}
