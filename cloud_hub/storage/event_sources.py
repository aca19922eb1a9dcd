"""SQL of where events come from: ledgers beyond what was told of them, and levels as they are then."""

from collections.abc import Sequence

import sqlalchemy as sa

from cloud_hub.storage import holding
from cloud_hub.storage.cursors import GIVEN, Cursors, Stretch, given_stretches, rows_of_stretch
from cloud_hub.storage.database import Connection, Query, Row, bound
from cloud_hub.storage.schema import changes, event_cursors, facts, levels, movements

FOLLOWED = Cursors(event_cursors)
_moved = rows_of_stretch(movements)
_touched = (
    sa.select(_moved.c.site_id, _moved.c.origin_id, _moved.c.product_id, sa.func.max(_moved.c.occurred_at).label("at"))
    .select_from(GIVEN.join(_moved, sa.true()))
    .group_by(_moved.c.site_id, _moved.c.origin_id, _moved.c.product_id)
    .subquery("touched")
)
_held = (
    sa.select(holding.on_hand(levels), holding.on_hold(levels))
    .where(
        levels.c.site_id == _touched.c.site_id, levels.c.product_id == _touched.c.product_id,
        holding.is_own(levels.c.location),
    )
    .correlate(_touched)
    .lateral("held")
)  # fmt: skip
_HELD = Query(
    sa.select(
        _touched.c.site_id, _touched.c.origin_id, _touched.c.product_id, _held.c.on_hand, _held.c.hold,
        sa.cast(sa.extract("epoch", _touched.c.at) * 1000, sa.BigInteger).label("occurred_at"),
    )
    .select_from(_touched.join(_held, sa.true()))
    .order_by(_touched.c.site_id, _touched.c.origin_id, _touched.c.product_id)
)  # fmt: skip
_said = rows_of_stretch(facts)
_FACTS = Query(
    sa.select(_said.c.site_id, _said.c.kind, _said.c.body)
    .select_from(GIVEN.join(_said, sa.true()))
    .where(_said.c.kind.in_([sa.literal_column(f"'{kind}'") for kind in ("alert", "transfer", "count")]))
    .order_by(_said.c.site_id, _said.c.origin_id, _said.c.sequence)
)
_CHANGES = Query(
    sa.select(changes)
    .where(changes.c.position > bound(changes.c.position, "after"))
    .order_by(changes.c.position)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)


async def list_held(connection: Connection, read: Sequence[Stretch]) -> list[Row]:
    """What moved in these records, and what the sites hold of it now."""
    return await _HELD.fetch(connection, **given_stretches(read))


async def list_facts(connection: Connection, read: Sequence[Stretch]) -> list[Row]:
    """What else these records say, of the kinds that are told of."""
    return await _FACTS.fetch(connection, **given_stretches(read))


async def list_changes(connection: Connection, after: int, most: int) -> list[Row]:
    """Reference data that changed, in its order."""
    return await _CHANGES.fetch(connection, after=after, most=most)
