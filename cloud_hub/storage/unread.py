"""SQL of records that are kept with their bytes because no version so far could read them.

Of a kind that only a later version knows (`unknown_records`), or unreadable (`quarantine`).
Each keeps its chain hash, so that it can take its place in the ledger once it is read.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.domain.intake import Unread
from cloud_hub.storage.database import Connection, Query, bound, copy_rows
from cloud_hub.storage.schema import exceptions, quarantine, unknown_records


class Kept(NamedTuple):
    """One of them with its place."""

    sequence: int
    encoded: bytes
    chain_hash: bytes
    is_quarantined: bool


_NAMES = ("site_id", "origin_id", "sequence", "encoded", "chain_hash", "recorded_at")
_OPEN = quarantine.c.state == "open"
_ORIGINS = Query(
    sa.union(
        sa.select(unknown_records.c.site_id, unknown_records.c.origin_id),
        sa.select(quarantine.c.site_id, quarantine.c.origin_id).where(_OPEN),
    )
)


def _of(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.site_id == bound(table.c.site_id), table.c.origin_id == bound(table.c.origin_id))


def _list(table: sa.Table, *more: sa.ColumnElement[bool]) -> Query:
    return Query(sa.select(table).where(_of(table), *more).order_by(table.c.sequence))


_UNKNOWN, _QUARANTINED = _list(unknown_records), _list(quarantine, _OPEN)
_DROP = {
    is_quarantined: Query(table.delete().where(_of(table), table.c.sequence == bound(table.c.sequence)))
    for is_quarantined, table in ((False, unknown_records), (True, quarantine))
}
_SETTLE = Query(
    exceptions.update()
    .where(
        exceptions.c.site_id == bound(exceptions.c.site_id), exceptions.c.kind == "quarantined",
        exceptions.c.subject == bound(exceptions.c.subject), exceptions.c.state == "open",
    )
    .values(state="done", settled_at=bound(exceptions.c.settled_at), settled_by="hub")
)  # fmt: skip


async def copy_unknown(
    connection: Connection, site_id: UUID, origin_id: UUID, rows: Iterable[Unread], now_ms: int
) -> None:
    """Keep records of a later version."""
    await copy_rows(connection, unknown_records, _NAMES, [(site_id, origin_id, *row, now_ms) for row in rows])


async def copy_quarantined(
    connection: Connection, site_id: UUID, origin_id: UUID, rows: Iterable[Unread], why: str, now_ms: int
) -> None:
    """Keep bytes that nobody can read."""
    records = [(site_id, origin_id, *row, now_ms, why) for row in rows]
    await copy_rows(connection, quarantine, (*_NAMES, "why"), records)


async def list_origins(connection: Connection) -> list[tuple[UUID, UUID]]:
    """Site and origin of all that is kept."""
    return [(row["site_id"], row["origin_id"]) for row in await _ORIGINS.fetch(connection)]


async def list_kept(connection: Connection, site_id: UUID, origin_id: UUID) -> list[Kept]:
    """All of an origin in its order."""
    found = [
        Kept(row["sequence"], bytes(row["encoded"]), bytes(row["chain_hash"]), is_quarantined)
        for query, is_quarantined in ((_UNKNOWN, False), (_QUARANTINED, True))
        for row in await query.fetch(connection, site_id=site_id, origin_id=origin_id)
    ]
    return sorted(found)


async def list_quarantined(connection: Connection, site_id: UUID, origin_id: UUID) -> list[int]:
    """Positions of an origin that are in quarantine."""
    return [row["sequence"] for row in await _QUARANTINED.fetch(connection, site_id=site_id, origin_id=origin_id)]


async def drop(connection: Connection, site_id: UUID, origin_id: UUID, kept: Kept) -> None:
    """It is kept no longer: it was read."""
    query = _DROP[kept.is_quarantined]
    await query.execute(connection, site_id=site_id, origin_id=origin_id, sequence=kept.sequence)


async def settle(connection: Connection, site_id: UUID, origin_id: UUID, now_ms: int) -> None:
    """Nothing of this origin is in quarantine any more."""
    await _SETTLE.execute(connection, site_id=site_id, subject=str(origin_id), settled_at=now_ms)
