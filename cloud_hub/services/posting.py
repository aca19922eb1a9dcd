"""The writer of hub-run sites: the same ledger, chain and levels as a store's box writes.

Requests that wait at the same time are committed in one group per site, each judged on
its own against the levels as they are then. A caller's key makes a request safe to
repeat for ever: the answer is kept with it.
"""

import asyncio
from contextvars import Context
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from cloud_hub.crashpoints import crashpoint
from cloud_hub.domain.intake import KnownItem, at, plan
from cloud_hub.domain.posting import BLOCK, Draft, Ledger, Row
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services import low_stock
from cloud_hub.services.following import Share
from cloud_hub.services.ports import Sign
from cloud_hub.services.registering import new_id
from cloud_hub.services.writing import write_all
from cloud_hub.storage import batches, hub_state, ledger, levels, origins, postings, reservations
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.origins import Origin
from sync_protocol import batch, chain
from sync_protocol.limits import BATCH_RECORDS_BACKLOG
from sync_protocol.receiver import Accepted
from sync_protocol.records import Fact, Item, Movement, encode

GROUP_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What became of a request: one row per draft, and whether it was made before."""

    rows: list[Row]
    levels: dict[str, int]
    """What each `product_id:location` of the drafts holds now."""
    is_replayed: bool = False


@dataclass(slots=True, kw_only=True)
class _Request:
    drafts: Sequence[Draft]
    key: str
    actor: str | None
    all_or_none: bool
    body_hash: bytes
    asked_at: int
    answered: "asyncio.Future[Posted]"
    facts: Sequence[Fact] = ()
    rows: list[Row | int | None] = field(default_factory=list)


class Posting:
    """Posts to hub-run sites; one group at a time per site in this process, the row lock does the rest."""

    def __init__(self, database: Database, *, sign: Sign) -> None:
        self._database = database
        self._sign = sign
        self._waiting: dict[str, list[_Request]] = {}
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
        request = _asked(drafts, key, actor, now_ms, all_or_none=all_or_none)
        self._waiting.setdefault(site_id, []).append(request)
        if site_id not in self._running:
            self._running[site_id] = asyncio.create_task(self._run(site_id), context=Context())
        return await asyncio.shield(request.answered)

    async def post_in(
        self,
        connection: Connection,
        site_id: str,
        drafts: Sequence[Draft],
        key: str,
        *,
        actor: str | None,
        now_ms: int,
        facts: Sequence[Fact] = (),
    ) -> Posted:
        """Post all drafts, then facts, in another use case's transaction, which ends if this raises."""
        origin = await writer_of(connection, site_id, now_ms)
        request = _asked(drafts, key, actor, now_ms, all_or_none=True)
        request.facts = facts
        (outcome,) = await self._post_group(connection, origin, [request], now_ms)
        if not isinstance(outcome, Posted):
            raise outcome
        return outcome

    async def judge_again(self, site_id: str, product_ids: list[str], now_ms: int) -> int:
        """Alerts of low stock that no movement touches; how many facts that made."""
        async with self._database.transaction() as connection:
            origin = await writer_of(connection, site_id, now_ms)
            said = await low_stock.evaluate(connection, origin, product_ids, now_ms)
            await self._append(connection, origin, said, {}, now_ms)
        return len(said)

    async def say_in(self, connection: Connection, site_id: str, told: Fact, now_ms: int) -> None:
        """A fact that no movement makes, inside another use case's transaction."""
        origin = await writer_of(connection, site_id, now_ms)
        await self._append(connection, origin, [told], {}, now_ms)

    async def _run(self, site_id: str) -> None:
        try:
            while waiting := self._waiting.get(site_id):
                group, self._waiting[site_id] = _next_group(waiting)
                try:
                    now_ms = max(request.asked_at for request in group)
                    outcomes = await self._commit(site_id, group, now_ms)
                except Exception as error:  # noqa: BLE001 - whoever waits is told what went wrong
                    outcomes = [error for _ in group]
                for request, outcome in zip(group, outcomes, strict=True):
                    if request.answered.cancelled():
                        continue
                    if isinstance(outcome, Posted):
                        request.answered.set_result(outcome)
                    else:
                        request.answered.set_exception(outcome)
        finally:
            del self._running[site_id]
            self._waiting.pop(site_id, None)

    async def _commit(self, site_id: str, group: list[_Request], now_ms: int) -> list[Posted | Exception]:
        async with self._database.transaction() as connection:
            origin = await writer_of(connection, site_id, now_ms)
            outcomes = await self._post_group(connection, origin, group, now_ms)
            crashpoint("posting.before_commit")
        crashpoint("posting.after_commit")
        return outcomes

    async def _post_group(
        self, connection: Connection, origin: Origin, group: list[_Request], now_ms: int
    ) -> list[Posted | Exception]:
        known = await postings.find_keys(connection, origin.site_id, [request.key for request in group])
        wanted = sorted({draft.product_id for request in group for draft in request.drafts})
        policies = await postings.find_policies(connection, origin.site_id, wanted)
        items = await ledger.list_items(connection, origin.site_id, origin.origin_id)
        held = await levels.list_levels_of(connection, origin.site_id, wanted)
        expecting = [d.product_id for request in group for d in request.drafts if d.expected_quantity is not None]
        state = Ledger(
            reserved=await reservations.sum_held(connection, origin.site_id, expecting),
            levels={(product, place): quantity for product, place, quantity in held},
            policies={product: policy or BLOCK for product, policy in policies.items()},
            refs={_facts(known_item): ref for ref, known_item in items.items()},
            next_ref=max(items, default=0) + 1,
        )  # fmt: skip
        outcomes = [_replayed(known, request) or _judge(state, request, policies.keys()) for request in group]
        ids = await self._append(connection, origin, state.records, items, now_ms)
        made = [_finish(request, outcome, ids, state) for request, outcome in zip(group, outcomes, strict=True)]
        await self._save_keys(connection, origin, group, made, known)
        if state.records:
            after = await origins.lock(connection, origin.origin_id)
            assert after is not None
            alerts = await low_stock.evaluate(connection, after, sorted({p for p, _ in state.levels}), now_ms)
            await self._append(connection, after, alerts, {}, now_ms)
        return made

    async def _append(
        self,
        connection: Connection,
        origin: Origin,
        records: Sequence[Item | Movement | Fact],
        items: dict[int, KnownItem],
        now_ms: int,
    ) -> list[Row]:
        """Write records to the locked ledger: the one place that gives hub-run positions."""
        if not records:
            return []
        encoded = [encode(record) for record in records]
        hashes = chain.extend_each(origin.chain_hash, encoded)
        accepted = Accepted(origin.mark + 1, list(zip(encoded, records, strict=True)), hashes, [])
        made = plan(accepted, site_id=origin.site_id, origin_id=origin.origin_id, items=items, recorded_at=at(now_ms))
        await write_all(connection, [Share(origin, made, items)], now_ms)
        await self._keep(connection, origin, encoded, hashes, now_ms)
        await origins.save_mark(connection, origin.origin_id, made.mark, made.mark_hash, now_ms)
        return [Row(str(chain.movement_id(hashes[i])), origin.mark + 1 + i) for i in range(len(records))]

    async def _keep(
        self, connection: Connection, origin: Origin, encoded: list[bytes], hashes: list[bytes], now_ms: int
    ) -> None:
        kept = []
        for start in range(0, len(encoded), BATCH_RECORDS_BACKLOG):
            part = encoded[start : start + BATCH_RECORDS_BACKLOG]
            before = hashes[start - 1] if start else origin.chain_hash
            sealed = batch.seal(str(origin.origin_id), origin.mark + 1 + start, before, part, self._sign)
            kept.append((origin.site_id, batch.parse(sealed), sealed))
        await batches.copy_batches(connection, kept, now_ms)

    async def _save_keys(
        self,
        connection: Connection,
        origin: Origin,
        group: list[_Request],
        made: list[Posted | Exception],
        known: dict[str, Any],
    ) -> None:
        rows = [
            {
                "site_id": origin.site_id, "key": request.key, "origin_id": origin.origin_id,
                "sequence": max((row.position or 0 for row in outcome.rows), default=0),
                "body_hash": request.body_hash,
                "answer": {"rows": [list(row) for row in outcome.rows], "levels": outcome.levels},
            }
            for request, outcome in zip(group, made, strict=True)
            if isinstance(outcome, Posted) and not outcome.is_replayed and request.key not in known
        ]  # fmt: skip
        await postings.save_keys(connection, rows)


def _asked(drafts: Sequence[Draft], key: str, actor: str | None, now_ms: int, *, all_or_none: bool) -> _Request:
    body = orjson.dumps([asdict(draft) for draft in drafts], option=orjson.OPT_SORT_KEYS)
    return _Request(
        drafts=drafts, key=key, actor=actor, all_or_none=all_or_none, body_hash=sha256(body).digest(), asked_at=now_ms,
        answered=asyncio.get_running_loop().create_future(),
    )  # fmt: skip


def _next_group(waiting: list[_Request]) -> tuple[list[_Request], list[_Request]]:
    """What is committed together, and what waits: a second request of a key finds the first one's answer."""
    group: dict[str, _Request] = {}
    rest = []
    for request in waiting:
        if request.key in group or len(group) >= GROUP_MAX:
            rest.append(request)
        else:
            group[request.key] = request
    return list(group.values()), rest


async def writer_of(connection: Connection, site_id: str, now_ms: int) -> Origin:
    """The open origin of a hub-run site, locked; begun at its first posting. Raises NotFound, Conflict."""
    origin = await origins.lock_open(connection, site_id)
    state = await hub_state.get(connection)
    if origin is not None:
        if str(origin.device_id) != state.hub_id:
            raise Conflict("site_has_a_box", "expected a site that the hub runs; a store's stock is changed by its box")
        return origin
    kind = await postings.lock_site(connection, site_id)
    if kind is None:
        raise NotFound("site", "no such site")
    if kind != "hub":
        raise Conflict("site_has_a_box", "expected a site that the hub runs; a store's stock is changed by its box")
    origin = await origins.lock_open(connection, site_id)
    if origin is None:
        origin_id = new_id()
        await origins.insert_origin(
            connection,
            site_id=site_id,
            origin_id=origin_id,
            device_id=state.hub_id,
            public_key=state.public_key or bytes(32),
            mark=0,
            chain_hash=chain.genesis(site_id, origin_id),
            opened_at=now_ms,
            predecessor_origin=None,
            predecessor_position=None,
            predecessor_hash=None,
        )
        await origins.set_writer(connection, site_id, origin_id)
        origin = await origins.lock_open(connection, site_id)
    assert origin is not None
    return origin


def _judge(state: Ledger, request: _Request, known_products: Any) -> Posted | Exception:
    """Take all drafts, or put everything back as it was."""
    before = dict(state.levels), len(state.records), dict(state.refs), state.next_ref
    request.rows = []
    for index, draft in enumerate(request.drafts):
        key = request.key if index == 0 else f"{request.key}#{index}"
        taken: Row | int | None = Row(None, None, "product", "no such product")
        if draft.product_id in known_products:
            taken = state.take(draft, now_ms=request.asked_at, actor=request.actor, key=key)
        if isinstance(taken, Row) and request.all_or_none:
            state.levels, count, state.refs, state.next_ref = before[0], before[1], before[2], before[3]
            del state.records[count:]
            return _refusal(taken, index, len(request.drafts))
        request.rows.append(taken)
    state.records += request.facts
    return Posted(rows=[], levels={})


def _refusal(row: Row, index: int, count: int) -> Exception:
    where = f"movement {index}: " if count > 1 else ""
    if row.code == "product":
        return NotFound("product", f"{where}{row.detail}")
    return Conflict(row.code or "refused", f"{where}{row.detail}")


def _finish(request: _Request, outcome: Posted | Exception, made: list[Row], state: Ledger) -> Posted | Exception:
    """Put the positions in, now that they are known."""
    if not isinstance(outcome, Posted) or outcome.is_replayed or outcome.rows:
        return outcome
    rows = [made[row] if isinstance(row, int) else row or Row(None, None) for row in request.rows]
    places = {
        (draft.product_id, place) for draft in request.drafts for place in (draft.from_location, draft.to_location)
    }
    levels = {f"{product}:{place}": state.levels.get((product, place), 0) for product, place in sorted(places)}
    return Posted(rows=rows, levels=levels)


def _replayed(known: dict[str, Any], request: _Request) -> Posted | Exception | None:
    row = known.get(request.key)
    if row is None:
        return None
    if row["body_hash"] is None or bytes(row["body_hash"]) != request.body_hash:
        return Invalid("key_reused", "expected the same body as the first time with this Idempotency-Key")
    answer = row["answer"]
    return Posted(rows=[Row(*each) for each in answer["rows"]], levels=answer["levels"], is_replayed=True)


def _facts(known: KnownItem) -> tuple[Any, ...]:
    item = known.item
    return (str(known.product_id), item.code, item.pack_quantity, item.unit, item.price, item.cost, item.currency)
