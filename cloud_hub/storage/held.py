"""SQL of what lies at sites as of what the rollups count: the levels, less movements that no rollup has yet."""

from typing import Any

import sqlalchemy as sa

from cloud_hub.storage.holding import is_own
from cloud_hub.storage.schema import levels, movements, origins, rollup_cursors

_position = sa.func.coalesce(rollup_cursors.c.position, sa.literal_column("0"))
_uncounted = (
    origins.outerjoin(
        rollup_cursors,
        sa.and_(rollup_cursors.c.site_id == origins.c.site_id, rollup_cursors.c.origin_id == origins.c.origin_id),
    )
    .join(
        movements,
        sa.and_(
            movements.c.site_id == origins.c.site_id, movements.c.origin_id == origins.c.origin_id,
            movements.c.sequence > _position,
        ),
    )
)  # fmt: skip


def _moved(quantity: sa.ColumnElement[Any], place: sa.ColumnElement[str]) -> sa.Select[Any]:
    return (
        sa.select(origins.c.site_id, movements.c.product_id, quantity.label("quantity"))
        .select_from(_uncounted)
        .where(origins.c.mark > _position, is_own(place))
    )


HELD = sa.union_all(
    sa.select(levels.c.site_id, levels.c.product_id, levels.c.quantity).where(is_own(levels.c.location)),
    _moved(-movements.c.quantity, movements.c.to_location),
    _moved(movements.c.quantity, movements.c.from_location),
).subquery("held_now")
"""(site_id, product_id, quantity), to be added up."""
