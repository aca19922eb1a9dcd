"""Step 5 and 6 of the data's way: batches become ledger rows and levels, then an ack.

One transaction per group of batches of one origin: lock the origin's row, judge, COPY,
fold, follow up, move the mark, commit. Only then is there an Ack. A crash anywhere before
the commit leaves nothing; after it the edge sends again and everything is a duplicate.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg
import structlog

from cloud_hub.crashpoints import crashpoint
from cloud_hub.domain.intake import KnownItem, Plan, plan
from cloud_hub.domain.storable import refuse, storable
from cloud_hub.services import branching, following
from cloud_hub.storage import changes, exceptions, ledger, origins, reports
from cloud_hub.storage.database import Connection, Database, native_uuid
from cloud_hub.storage.origins import Origin
from sync_protocol import messages as say
from sync_protocol.batch import Batch, parse
from sync_protocol.errors import ProtocolError
from sync_protocol.keys import verifier
from sync_protocol.receiver import Accepted, Disbelieved, Duplicate, Gap, NeedRaw, receive
from sync_protocol.topics import Address

log = structlog.get_logger(__name__)

CREDITS = 8
ITEMS_CACHED_MAX = 100_000
UNSTORABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError,
               OverflowError, ValueError, TypeError)  # fmt: skip
_verifier = lru_cache(maxsize=4096)(verifier)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Frame(NamedTuple):
    """A sealed batch as it came, under the lease it claims."""

    lease: str
    sealed: bytes


@dataclass(slots=True)
class Judged:
    """What a group of batches comes to, before anything is written."""

    accepted: Accepted | None = None
    kept: list[tuple[Batch, bytes]] | None = None
    nack: say.Nack | None = None
    trouble: Disbelieved | None = None
    is_heard: bool = False
    """At least one batch was new or a duplicate: acknowledge (again)."""


class ItemCache:
    """Item definitions per origin, each valid at one mark only; the least recently used go first."""

    def __init__(self, most: int = ITEMS_CACHED_MAX) -> None:
        self._most = most
        self._count = 0
        self._known: OrderedDict[UUID, tuple[int, dict[int, KnownItem]]] = OrderedDict()

    def get(self, origin_id: UUID, mark: int) -> dict[int, KnownItem] | None:
        """The definitions, if what is cached is as of this mark."""
        found = self._known.get(origin_id)
        if found is None or found[0] != mark:
            return None
        self._known.move_to_end(origin_id)
        return found[1]

    def put(self, origin_id: UUID, mark: int, items: dict[int, KnownItem]) -> None:
        """Remember the definitions as of a mark."""
        old = self._known.pop(origin_id, None)
        self._count += len(items) - (len(old[1]) if old else 0)
        self._known[origin_id] = (mark, items)
        while self._count > self._most and len(self._known) > 1:
            _, (_, dropped) = self._known.popitem(last=False)
            self._count -= len(dropped)


class Intake:
    """Takes batches of origins; any number of workers may, the row lock keeps them apart."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._items = ItemCache()
        self.movements = 0
        """Movements committed by this process (a metric)."""

    async def take(self, address: Address, frames: list[Frame], now_ms: int) -> list[bytes]:
        """Commit what can be, and what to answer: published only after the commit."""
        batches = _parse_all(address, frames)
        if not batches:
            return []
        try:
            return await self._commit(address, batches, now_ms, is_suspect=False)
        except UNSTORABLE as error:
            log.warning("a stretch cannot be stored as it is", origin=address.origin_id, error=str(error))
            return await self._commit(address, batches, now_ms, is_suspect=True)

    async def _commit(
        self, address: Address, batches: list[tuple[str, Batch, bytes]], now_ms: int, *, is_suspect: bool
    ) -> list[bytes]:
        async with self._database.transaction() as connection:
            origin = await origins.lock(connection, address.origin_id)
            if origin is None or str(origin.device_id) != address.device_id:
                return []
            live = [(batch, sealed) for lease, batch, sealed in batches if lease == origin.lease]
            others = [(lease, batch, sealed) for lease, batch, sealed in batches if lease != origin.lease]
            answers = await branching.salvage(connection, origin, others, now_ms)
            made = None
            if live and origin.lease is not None:
                judged = judge(origin, live)
                if judged.accepted is not None:
                    made = await self.write(connection, origin, judged, now_ms, is_suspect=is_suspect)
                await _note_trouble(connection, origin, judged, now_ms)
                answers += _answers(origin, judged, made)
            crashpoint("intake.before_commit")
        crashpoint("intake.after_commit")
        if made is not None:
            self.movements += len(made.movements)
            self._remember(origin, made)
        return answers

    def _remember(self, origin: Origin, made: Plan) -> None:
        """The item definitions as of the new mark, with ids in the driver's own, faster form."""
        known = self._items.get(origin.origin_id, origin.mark) or {}
        if made.items:
            new = {ref: each._replace(product_id=native_uuid(each.product_id)) for ref, each in made.items.items()}
            known = known | new
        self._items.put(origin.origin_id, made.mark, known)

    async def write(
        self, connection: Connection, origin: Origin, judged: Judged, now_ms: int, *, is_suspect: bool
    ) -> Plan:
        """All of what was judged new, and the mark; the origin's row is locked."""
        assert judged.accepted is not None
        assert judged.kept is not None
        items = self._items.get(origin.origin_id, origin.mark)
        if items is None:
            items = await ledger.list_items(connection, origin.site_id, origin.origin_id)
            self._items.put(origin.origin_id, origin.mark, items)
        accepted = storable(judged.accepted)
        if is_suspect:
            accepted = refuse(accepted, await _find_bad(connection, origin, accepted, items, now_ms))
        judged.accepted = accepted
        made = _plan(origin, accepted, items, now_ms)
        await write_plan(connection, origin, made, now_ms)
        await ledger.copy_batches(connection, origin.site_id, judged.kept, now_ms)
        await origins.save_mark(connection, origin.origin_id, made.mark, made.mark_hash, now_ms)
        return made


async def write_plan(connection: Connection, origin: Origin, made: Plan, now_ms: int) -> None:
    """All rows of a plan but the mark, with what follows from them."""
    site_id, origin_id = origin.site_id, origin.origin_id
    if made.movements:
        await ledger.copy_movements(connection, made.movements)
        crashpoint("intake.after_copy")
    negative = await ledger.add_levels(connection, site_id, made.levels) if made.levels else []
    if made.items:
        await ledger.copy_items(connection, site_id, origin_id, made.items)
    if made.facts:
        rows = [(each.sequence, each.fact.kind, each.fact.body) for each in made.facts]
        await reports.copy_facts(connection, site_id, origin_id, rows, now_ms)
    if made.unknown:
        await reports.copy_unknown(connection, site_id, origin_id, made.unknown, now_ms)
    if made.quarantined:
        await reports.copy_quarantined(connection, site_id, origin_id, made.quarantined, "unreadable", now_ms)
    reused = await ledger.add_keys(connection, site_id, origin_id, made.keys) if made.keys else []
    said = await following.follow(connection, origin, made, negative, reused, now_ms)
    if said:
        await changes.append_all(connection, said, now_ms)


def moment(now_ms: int) -> datetime:
    """Milliseconds of UTC as the ledger's timestamp."""
    return _EPOCH + timedelta(milliseconds=now_ms)


def _plan(origin: Origin, accepted: Accepted, items: dict[int, KnownItem], now_ms: int) -> Plan:
    return plan(accepted, site_id=origin.site_id, origin_id=origin.origin_id, items=items, recorded_at=moment(now_ms))


async def _find_bad(
    connection: Connection, origin: Origin, accepted: Accepted, items: dict[int, KnownItem], now_ms: int
) -> list[int]:
    """Indexes of the rows that the database refuses, found by halving; nothing stays written."""

    async def search(low: int, high: int) -> list[int]:
        part = Accepted(accepted.first + low, accepted.rows[low:high], accepted.hashes[low:high], [])
        trial = connection.transaction()
        await trial.start()
        try:
            await write_plan(connection, origin, _plan(origin, part, items, now_ms), now_ms)
            return []
        except UNSTORABLE:
            pass
        finally:
            await trial.rollback()
        if high - low == 1:
            return [low]
        middle = (low + high) // 2
        return await search(low, middle) + await search(middle, high)

    return await search(0, len(accepted.rows))


def _parse_all(address: Address, frames: list[Frame]) -> list[tuple[str, Batch, bytes]]:
    """Headers only. What is no batch, or of another origin, is dropped: nobody has signed for it."""
    batches = []
    for frame in frames:
        try:
            batch = parse(frame.sealed)
        except ProtocolError as error:
            log.warning(
                "dropped a payload that is no batch", origin=address.origin_id, code=error.code, detail=error.detail
            )
            continue
        if batch.origin_id == address.origin_id:
            batches.append((frame.lease, batch, frame.sealed))
    return batches


def judge(origin: Origin, live: list[tuple[Batch, bytes]]) -> Judged:
    """Run the batches through the Receiver, one after another, as one stretch."""
    judged = Judged()
    mark, mark_hash, lease = origin.mark, origin.chain_hash, str(origin.lease)
    stretch: list[Accepted] = []
    kept: list[tuple[Batch, bytes]] = []
    verify = _verifier(origin.public_key)
    for batch, sealed in live:
        outcome = receive(batch, mark=mark, mark_hash=mark_hash, verify=verify)
        if isinstance(outcome, Accepted):
            stretch.append(outcome)
            kept.append((batch, sealed))
            mark, mark_hash, judged.is_heard = outcome.mark, outcome.hashes[-1], True
        elif isinstance(outcome, Duplicate):
            judged.is_heard = True
        else:
            judged.nack = _nack(outcome, lease, mark + 1)
            judged.trouble = outcome if isinstance(outcome, Disbelieved) else None
            break
    if stretch:
        judged.accepted, judged.kept = _joined(stretch), kept
    return judged


def _joined(stretch: list[Accepted]) -> Accepted:
    if len(stretch) == 1:
        return stretch[0]
    rows = [row for each in stretch for row in each.rows]
    hashes = [chain_hash for each in stretch for chain_hash in each.hashes]
    return Accepted(stretch[0].first, rows, hashes, [position for each in stretch for position in each.rejected])


def _nack(outcome: Gap | NeedRaw | Disbelieved, lease: str, expected: int) -> say.Nack:
    if isinstance(outcome, Gap):
        return say.Nack(lease=lease, code="gap", expected=outcome.expected)
    if isinstance(outcome, NeedRaw):
        return say.Nack(lease=lease, code="raw", expected=outcome.expected, detail=outcome.detail[:400])
    code: Literal["signature", "chain"] = "signature" if outcome.code == "signature" else "chain"
    return say.Nack(lease=lease, code=code, expected=expected, detail=outcome.detail[:400])


def _answers(origin: Origin, judged: Judged, made: Plan | None) -> list[bytes]:
    said: list[bytes] = []
    if judged.is_heard:
        mark, mark_hash = (made.mark, made.mark_hash) if made else (origin.mark, origin.chain_hash)
        rejected = judged.accepted.rejected[:1000] if judged.accepted else []
        ack = say.Ack(
            lease=str(origin.lease), mark=mark, mark_hash=mark_hash.hex(), safe_mark=min(origin.safe_mark, mark),
            rejected=rejected, credits=CREDITS,
        )  # fmt: skip
        said.append(say.encode(ack))
    if judged.nack is not None:
        said.append(say.encode(judged.nack))
    return said


async def _note_trouble(connection: Connection, origin: Origin, judged: Judged, now_ms: int) -> None:
    if judged.trouble is None:
        return
    detail = f"{judged.trouble.code}: {judged.trouble.detail}"
    await origins.save_error(connection, origin.origin_id, detail, now_ms)
    await exceptions.raise_exception(
        connection, origin.site_id, f"batch_{judged.trouble.code}", str(origin.origin_id), detail,
        now_ms=now_ms, origin_id=origin.origin_id,
    )  # fmt: skip
