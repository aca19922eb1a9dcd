"""SQL that compares what the hub derived with what it was told: each query lists what is wrong."""

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.schema import (
    batches,
    exceptions,
    facts,
    items,
    level_claims,
    levels,
    movements,
    origins,
    quarantine,
    unknown_records,
)

_MOST = 50

_BASELINE = level_claims.c.kind == "baseline"
"""Signed levels that stand in for records which a restored hub can no longer receive."""

_moved = sa.union_all(
    sa.select(movements.c.site_id, movements.c.product_id, movements.c.to_location.label("location"),
              movements.c.quantity),
    sa.select(movements.c.site_id, movements.c.product_id, movements.c.from_location.label("location"),
              -movements.c.quantity),
    sa.select(level_claims.c.site_id, level_claims.c.product_id, level_claims.c.location,
              level_claims.c.quantity).where(_BASELINE),
).subquery("moved")  # fmt: skip
_folded = (
    sa.select(
        _moved.c.site_id, _moved.c.product_id, _moved.c.location, sa.func.sum(_moved.c.quantity).label("quantity")
    )
    .group_by(_moved.c.site_id, _moved.c.product_id, _moved.c.location)
    .subquery("folded")
)
_LEVELS = Query(
    sa.select(
        sa.func.coalesce(levels.c.site_id, _folded.c.site_id).label("site_id"),
        sa.func.coalesce(levels.c.product_id, _folded.c.product_id).label("product_id"),
        sa.func.coalesce(levels.c.location, _folded.c.location).label("location"),
        sa.func.coalesce(levels.c.quantity, 0).label("stored"),
        sa.func.coalesce(_folded.c.quantity, 0).label("folded"),
    )
    .select_from(
        levels.outerjoin(
            _folded,
            sa.and_(
                levels.c.site_id == _folded.c.site_id, levels.c.product_id == _folded.c.product_id,
                levels.c.location == _folded.c.location,
            ),
            full=True,
        )
    )
    .where(sa.func.coalesce(levels.c.quantity, 0) != sa.func.coalesce(_folded.c.quantity, 0))
    .limit(_MOST)
)  # fmt: skip
_NOT_ZERO = Query(
    sa.select(levels.c.site_id, levels.c.product_id, sa.func.sum(levels.c.quantity).label("total"))
    .group_by(levels.c.site_id, levels.c.product_id)
    .having(sa.func.sum(levels.c.quantity) != 0)
    .limit(_MOST)
)


def _count(table: sa.Table) -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count())
        .select_from(table)
        .where(table.c.site_id == origins.c.site_id, table.c.origin_id == origins.c.origin_id)
        .correlate(origins)
        .scalar_subquery()
    )


_stored = sum((_count(t) for t in (items, facts, unknown_records, quarantine)), _count(movements))
_GAPS = Query(
    sa.select(origins.c.site_id, origins.c.origin_id, origins.c.mark, _stored.label("stored"))
    .where(
        origins.c.mark != _stored,
        ~sa.exists().where(
            level_claims.c.site_id == origins.c.site_id, level_claims.c.origin_id == origins.c.origin_id,
            _BASELINE,
        ),
        # An item that was redefined, or never defined, has one row too few or too many; it was raised as such.
        ~sa.exists().where(
            exceptions.c.origin_id == origins.c.origin_id,
            exceptions.c.kind.in_([sa.literal_column("'item_redefined'"), sa.literal_column("'unknown_item'")]),
        ),
    )
    .limit(_MOST)
)  # fmt: skip
_neighbours = sa.select(
    batches.c.site_id, batches.c.origin_id, batches.c.first_sequence, batches.c.previous_hash,
    sa.func.lag(batches.c.last_hash).over(
        partition_by=(batches.c.site_id, batches.c.origin_id), order_by=batches.c.last_sequence).label("before_hash"),
    sa.func.lag(batches.c.last_sequence).over(
        partition_by=(batches.c.site_id, batches.c.origin_id), order_by=batches.c.last_sequence).label("before"),
).subquery("neighbours")  # fmt: skip
_BROKEN = Query(
    sa.select(_neighbours)
    .where(
        _neighbours.c.before == _neighbours.c.first_sequence - 1,
        _neighbours.c.before_hash != _neighbours.c.previous_hash,
    )
    .limit(_MOST)
)
_last = (
    sa.select(batches.c.last_hash)
    .where(
        batches.c.site_id == origins.c.site_id, batches.c.origin_id == origins.c.origin_id,
        batches.c.last_sequence == origins.c.mark,
    )
    .correlate(origins)
    .scalar_subquery()
)  # fmt: skip
_HEADS = Query(
    sa.select(origins.c.site_id, origins.c.origin_id, origins.c.mark)
    .where(_last.is_not(None), _last != origins.c.chain_hash)
    .limit(_MOST)
)


async def wrong_levels(connection: Connection) -> list[Row]:
    """Levels that are not the fold of the site's movements."""
    return await _LEVELS.fetch(connection)


async def not_zero(connection: Connection) -> list[Row]:
    """Products whose locations do not add up to zero at a site."""
    return await _NOT_ZERO.fetch(connection)


async def gaps(connection: Connection) -> list[Row]:
    """Origins that hold another number of records than their mark says."""
    return await _GAPS.fetch(connection)


async def broken_chains(connection: Connection) -> list[Row]:
    """Neighbouring batches that do not continue each other."""
    return await _BROKEN.fetch(connection)


async def wrong_heads(connection: Connection) -> list[Row]:
    """Origins whose chain hash is not that of their last batch."""
    return await _HEADS.fetch(connection)
