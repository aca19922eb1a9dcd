"""SQL of housekeeping: partitions of the ledger, and what may be forgotten."""

from datetime import UTC, datetime

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, bound
from cloud_hub.storage.schema import batches, changes, feeds, level_claims, origins, request_keys, snapshots

_PARTITIONS = Query(
    sa.text(
        "SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'movements'::regclass"
    )
)
_PRUNE_BATCHES = Query(
    batches.delete().where(
        batches.c.recorded_at < bound(batches.c.recorded_at, "before"),
        sa.exists().where(
            origins.c.site_id == batches.c.site_id, origins.c.origin_id == batches.c.origin_id,
            batches.c.last_sequence < sa.func.least(origins.c.safe_mark, origins.c.mark),
        ),
    )
)  # fmt: skip
_PRUNE_CLAIMS = Query(
    level_claims.delete().where(
        level_claims.c.kind == "summary",
        sa.exists().where(
            origins.c.site_id == level_claims.c.site_id, origins.c.origin_id == level_claims.c.origin_id,
            origins.c.mark >= level_claims.c.position,
        ),
    )
)  # fmt: skip
_PRUNE_KEYS = Query(request_keys.delete().where(request_keys.c.created_at < bound(request_keys.c.created_at, "before")))
_PRUNE_SNAPSHOTS = Query(snapshots.delete().where(snapshots.c.created_at < bound(snapshots.c.created_at, "before")))
_TAKEN = Query(sa.select(sa.func.min(feeds.c.changes_cursor)))
_PRUNE_CHANGES = Query(
    changes.delete().where(
        changes.c.position <= bound(changes.c.position, "taken"),
        changes.c.created_at < bound(changes.c.created_at, "before"),
    )
)


async def make_partitions(connection: Connection, now_ms: int, months: int = 2) -> list[str]:
    """Make the ledger's partitions of this month and the next ones; the new names.

    Rows of a month whose partition is missing go to the default one, so intake never
    stops; such a month keeps them there.
    """
    known = {row["name"] for row in await _PARTITIONS.fetch(connection)}
    made = []
    first = datetime.fromtimestamp(now_ms / 1000, UTC)
    year, month = first.year, first.month
    for _ in range(months + 1):
        name = f"movements_{year:04d}_{month:02d}"
        following = (year + month // 12, month % 12 + 1)
        if name not in known and not await _has_rows(connection, (year, month), following):
            await connection.execute(
                f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF movements"
                f" FOR VALUES FROM ('{year:04d}-{month:02d}-01') TO ('{following[0]:04d}-{following[1]:02d}-01')"
            )
            made.append(name)
        year, month = following
    return made


async def _has_rows(connection: Connection, start: tuple[int, int], end: tuple[int, int]) -> bool:
    """Whether the default partition holds rows of a month already."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM movements_rest WHERE recorded_at >= $1 AND recorded_at < $2)",
        datetime(*start, 1, tzinfo=UTC), datetime(*end, 1, tzinfo=UTC),
    )  # fmt: skip
    return found


async def prune_batches(connection: Connection, before_ms: int) -> int:
    """Sealed batches that are old and contained in a verified backup."""
    return await _PRUNE_BATCHES.execute(connection, before=before_ms)


async def prune_changes(connection: Connection, before_ms: int) -> int:
    """Old changes that every feed has taken."""
    taken = await _TAKEN.fetchval(connection)
    return 0 if taken is None else await _PRUNE_CHANGES.execute(connection, taken=taken, before=before_ms)


async def prune_rest(connection: Connection, before_ms: int) -> int:
    """Level summaries that the history has reached, old request keys and manifests."""
    gone = await _PRUNE_CLAIMS.execute(connection)
    gone += await _PRUNE_KEYS.execute(connection, before=before_ms)
    return gone + await _PRUNE_SNAPSHOTS.execute(connection, before=before_ms)
