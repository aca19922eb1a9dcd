"""SQL of sealed batches, kept as they came: proof, and the chain hash at any kept position."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound, copy_rows, listed, unnested
from cloud_hub.storage.schema import batches
from sync_protocol import batch as wire
from sync_protocol import chain

_COLUMNS = (
    "site_id",
    "origin_id",
    "last_sequence",
    "first_sequence",
    "count",
    "previous_hash",
    "last_hash",
    "sealed",
    "recorded_at",
)
_BATCH_AT = Query(
    sa.select(batches)
    .where(
        batches.c.site_id == bound(batches.c.site_id),
        batches.c.origin_id == bound(batches.c.origin_id),
        batches.c.last_sequence >= bound(batches.c.last_sequence, "position"),
        batches.c.first_sequence <= bound(batches.c.first_sequence, "position"),
    )
    .order_by(batches.c.last_sequence)
    .limit(1)
)
_BATCHES_AFTER = Query(
    sa.select(batches)
    .where(
        batches.c.site_id == bound(batches.c.site_id),
        batches.c.origin_id == bound(batches.c.origin_id),
        batches.c.last_sequence > bound(batches.c.last_sequence, "after"),
    )
    .order_by(batches.c.last_sequence)
)


Kept = tuple[UUID, wire.Batch, bytes]
"""A sealed batch as it came: (site_id, header, bytes)."""


def inserting_batches(*when: sa.ColumnElement[bool]) -> Query:
    """The statement; its arguments are `batches_given`."""
    rows = sa.select(*unnested(batches, *_COLUMNS).c).where(*when)
    return Query(sa.insert(batches).from_select(_COLUMNS, rows))


async def copy_batches(connection: Connection, kept: Iterable[Kept], now_ms: int) -> None:
    """Keep sealed batches as they came: proof, and what a restored neighbour may need."""
    await copy_rows(connection, batches, _COLUMNS, _rows(kept, now_ms))


def batches_given(kept: Iterable[Kept], now_ms: int) -> dict[str, Any]:
    """The arguments of `inserting_batches`."""
    return listed(_COLUMNS, _rows(kept, now_ms))


def _rows(kept: Iterable[Kept], now_ms: int) -> list[tuple[Any, ...]]:
    return [
        (
            site_id,
            batch.origin_id,
            batch.last,
            batch.first,
            batch.count,
            batch.previous_hash,
            batch.last_hash,
            sealed,
            now_ms,
        )
        for site_id, batch, sealed in kept
    ]


async def hash_at(connection: Connection, site_id: object, origin_id: object, position: int) -> bytes | None:
    """The chain hash at a position, None when the batch that covers it is no longer kept."""
    if position == 0:
        return chain.genesis(str(site_id), str(origin_id))
    row = await _BATCH_AT.fetchrow(connection, site_id=site_id, origin_id=origin_id, position=position)
    if row is None:
        return None
    if row["last_sequence"] == position:
        return bytes(row["last_hash"])
    hashes: list[bytes] = wire.open_batch(wire.parse(row["sealed"])).hashes
    return hashes[position - int(row["first_sequence"])]


async def list_batches_after(connection: Connection, site_id: object, origin_id: object, after: int) -> list[Row]:
    """The kept batches that hold records above a position."""
    return await _BATCHES_AFTER.fetch(connection, site_id=site_id, origin_id=origin_id, after=after)
