"""Step 5 and 6 of the data's way: batches become ledger rows and levels, then an ack.

One transaction per group: lock the origins' rows, judge, write and fold and move the
marks, follow up, commit. Only then are there Acks. Batches of one origin that wait are one stretch,
small backlogs of several origins share the commit. A crash anywhere before the commit
leaves nothing; after it the edges send again and everything is a duplicate.
"""

from collections.abc import Sequence

import asyncpg
import structlog

from cloud_hub.crashpoints import crashpoint
from cloud_hub.domain.intake import KnownItem, at, plan
from cloud_hub.domain.storable import refuse, storable
from cloud_hub.services import branching, movement_log
from cloud_hub.services.following import Share
from cloud_hub.services.item_cache import ItemCache
from cloud_hub.services.judging import Frame, Judged, answers, judge, parse_all
from cloud_hub.services.short_way import ShortWay
from cloud_hub.services.writing import append_all, write_all
from cloud_hub.storage import exceptions, origins
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.origins import Origin
from sync_protocol.batch import Batch
from sync_protocol.receiver import Accepted
from sync_protocol.topics import Address

log = structlog.get_logger(__name__)

UNSTORABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError,
               OverflowError, ValueError, TypeError)  # fmt: skip


class Intake:
    """Takes batches of origins; any number of workers may, the row locks keep them apart."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._items = ItemCache()
        self._short_way = ShortWay(database, self._items)
        self.movements = 0
        """Movements committed by this process (a metric)."""

    async def take(self, came: Sequence[tuple[Address, Sequence[Frame]]], now_ms: int) -> list[list[bytes]]:
        """Commit what can be, and what to answer each of them: published only after the commit.

        Raises when something of several origins cannot be stored; taken one by one, each can be.
        """
        parsed = [(address, parse_all(address, frames)) for address, frames in came]
        try:
            gone = await self._short_way.take(*parsed[0], now_ms) if len(parsed) == 1 else None
            if gone is not None:
                return [self._committed(*gone)]
            return await self._commit(parsed, now_ms, is_suspect=False)
        except UNSTORABLE as error:
            if len(came) > 1:
                raise
            log.warning("a stretch cannot be stored as it is", origin=came[0][0].origin_id, error=str(error))
            return await self._commit(parsed, now_ms, is_suspect=True)

    async def _commit(
        self, came: Sequence[tuple[Address, list[tuple[str, Batch, bytes]]]], now_ms: int, *, is_suspect: bool
    ) -> list[list[bytes]]:
        said: list[list[bytes]] = [[] for _ in came]
        heard: list[tuple[int, Origin, Judged]] = []
        async with self._database.transaction() as connection:
            known = await origins.lock_all(connection, [address.origin_id for address, _ in came])
            for index, (address, batches) in enumerate(came):
                origin = known.get(address.origin_id)
                if origin is None or str(origin.device_id) != address.device_id:
                    continue
                live = [(batch, sealed) for lease, batch, sealed in batches if lease == origin.lease]
                others = [(lease, batch, sealed) for lease, batch, sealed in batches if lease != origin.lease]
                said[index] = await branching.salvage(connection, origin, others, now_ms)
                if live and origin.lease is not None:
                    heard.append((index, origin, judge(origin, live)))
            new = [(origin, judged) for _, origin, judged in heard if judged.accepted is not None]
            shares = {share.origin.origin_id: share for share in
                      await self.write(connection, new, now_ms, is_suspect=is_suspect)}  # fmt: skip
            for _, origin, judged in heard:
                await _note_trouble(connection, origin, judged, now_ms)
            crashpoint("intake.before_commit")
        crashpoint("intake.after_commit")
        for index, origin, judged in heard:
            share = shares.get(origin.origin_id)
            said[index] += answers(origin, judged, None) if share is None else self._committed(share, judged)
        return said

    def _committed(self, share: Share, judged: Judged) -> list[bytes]:
        """What to answer, and what to remember."""
        self.movements += len(share.made.movements)
        self._items.remember(share.origin.origin_id, share.items, share.made)
        self._short_way.remember(share.origin, share.made)
        movement_log.taken_in(share)
        return answers(share.origin, judged, share.made)

    async def write(
        self, connection: Connection, new: Sequence[tuple[Origin, Judged]], now_ms: int, *, is_suspect: bool
    ) -> list[Share]:
        """All of what was judged new, and the marks; the origins' rows are locked."""
        if not new:
            return []
        items = await self._items.load(connection, [origin for origin, _ in new])
        shares, kept = [], []
        for origin, judged in new:
            assert judged.accepted is not None and judged.kept is not None
            known = items[origin.origin_id]
            accepted = storable(judged.accepted)
            if is_suspect:
                accepted = refuse(accepted, await _find_bad(connection, origin, accepted, known, now_ms))
            judged.accepted = accepted
            shares.append(_share(origin, accepted, known, now_ms))
            kept += [(origin.site_id, batch, sealed) for batch, sealed in judged.kept]
        await append_all(connection, shares, kept, now_ms)
        return shares


def _share(origin: Origin, accepted: Accepted, items: dict[int, KnownItem], now_ms: int) -> Share:
    made = plan(accepted, site_id=origin.site_id, origin_id=origin.origin_id, items=items, recorded_at=at(now_ms))
    return Share(origin, made, items)


async def _find_bad(
    connection: Connection, origin: Origin, accepted: Accepted, items: dict[int, KnownItem], now_ms: int
) -> list[int]:
    """Indexes of the rows that the database refuses, found by halving; nothing stays written."""

    async def search(low: int, high: int) -> list[int]:
        part = Accepted(accepted.first + low, accepted.rows[low:high], accepted.hashes[low:high], [])
        trial = connection.transaction()
        await trial.start()
        try:
            await write_all(connection, [_share(origin, part, items, now_ms)], now_ms)
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


async def _note_trouble(connection: Connection, origin: Origin, judged: Judged, now_ms: int) -> None:
    if judged.trouble is None:
        return
    detail = f"{judged.trouble.code}: {judged.trouble.detail}"
    await origins.save_error(connection, origin.origin_id, detail, now_ms)
    await exceptions.raise_exception(
        connection, origin.site_id, f"batch_{judged.trouble.code}", str(origin.origin_id), detail,
        now_ms=now_ms, origin_id=origin.origin_id,
    )  # fmt: skip
