"""SQL of where events come from: ledgers beyond what was told of them, and levels as they are then."""

import sqlalchemy as sa

from cloud_hub.storage import holding
from cloud_hub.storage.cursors import Behind, Cursors, between, stretch
from cloud_hub.storage.database import Connection, Query, Row, bound
from cloud_hub.storage.schema import changes, event_cursors, facts, levels, movements

FOLLOWED = Cursors(event_cursors)
_touched = (
    sa.select(movements.c.product_id, sa.func.max(movements.c.occurred_at).label("at"))
    .where(*between(movements))
    .group_by(movements.c.product_id)
    .subquery("touched")
)
_HELD = Query(
    sa.select(
        _touched.c.product_id,
        sa.cast(sa.extract("epoch", _touched.c.at) * 1000, sa.BigInteger).label("occurred_at"),
        holding.on_hand(levels),
        holding.on_hold(levels),
    )
    .select_from(
        _touched.outerjoin(
            levels,
            sa.and_(
                levels.c.site_id == bound(movements.c.site_id), levels.c.product_id == _touched.c.product_id,
                holding.is_own(levels.c.location),
            ),
        )
    )
    .group_by(_touched.c.product_id, _touched.c.at)
    .order_by(_touched.c.product_id)
)  # fmt: skip
_FACTS = Query(
    sa.select(facts.c.sequence, facts.c.kind, facts.c.body)
    .where(
        *between(facts), facts.c.kind.in_([sa.literal_column(f"'{kind}'") for kind in ("alert", "transfer", "count")])
    )
    .order_by(facts.c.sequence)
)
_CHANGES = Query(
    sa.select(changes)
    .where(changes.c.position > bound(changes.c.position, "after"))
    .order_by(changes.c.position)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)


async def list_held(connection: Connection, behind: Behind, upto: int) -> list[Row]:
    """What moved in these records, and what the site holds of it now."""
    return await _HELD.fetch(connection, **stretch(behind, upto))


async def list_facts(connection: Connection, behind: Behind, upto: int) -> list[Row]:
    """What else these records say, of the kinds that are told of."""
    return await _FACTS.fetch(connection, **stretch(behind, upto))


async def list_changes(connection: Connection, after: int, most: int) -> list[Row]:
    """Reference data that changed, in its order."""
    return await _CHANGES.fetch(connection, after=after, most=most)
