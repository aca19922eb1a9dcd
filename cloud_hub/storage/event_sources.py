"""SQL of where events come from: ledgers beyond what was told of them, and levels as they are then.

A ledger here is a true prefix up to its mark, so how far it was told of is one number, and
nothing has to be written beside each movement.
"""

from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage import holding
from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.schema import changes, event_cursors, facts, levels, movements, origins


class Behind(NamedTuple):
    """A ledger that has more than was told of."""

    site_id: UUID
    origin_id: UUID
    told: int
    mark: int


_TOLD = sa.func.coalesce(event_cursors.c.position, sa.literal_column("0"))
_BEHIND = Query(
    sa.select(origins.c.site_id, origins.c.origin_id, _TOLD.label("told"), origins.c.mark)
    .select_from(
        origins.outerjoin(
            event_cursors,
            sa.and_(event_cursors.c.site_id == origins.c.site_id, event_cursors.c.origin_id == origins.c.origin_id),
        )
    )
    .where(origins.c.mark > _TOLD)
    .order_by(origins.c.last_seen.nulls_last())
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_cursor = insert(event_cursors).values(given(event_cursors, "site_id", "origin_id", "position"))
_SAVE = Query(
    _cursor.on_conflict_do_update(
        index_elements=[event_cursors.c.site_id, event_cursors.c.origin_id],
        set_={"position": _cursor.excluded.position},
    )
)


def _between(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        table.c.site_id == bound(table.c.site_id),
        table.c.origin_id == bound(table.c.origin_id),
        table.c.sequence > bound(table.c.sequence, "after"),
        table.c.sequence <= bound(table.c.sequence, "upto"),
    )


_touched = (
    sa.select(movements.c.product_id, sa.func.max(movements.c.occurred_at).label("at"))
    .where(*_between(movements))
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
        *_between(facts), facts.c.kind.in_([sa.literal_column(f"'{kind}'") for kind in ("alert", "transfer", "count")])
    )
    .order_by(facts.c.sequence)
)
_CHANGES = Query(
    sa.select(changes)
    .where(changes.c.position > bound(changes.c.position, "after"))
    .order_by(changes.c.position)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)


async def list_behind(connection: Connection, most: int) -> list[Behind]:
    """Ledgers with records that were not told of, whoever waits longest first."""
    return [Behind(*row) for row in await _BEHIND.fetch(connection, most=most)]


async def save_cursor(connection: Connection, behind: Behind, position: int) -> None:
    """This ledger was told of up to here."""
    await _SAVE.execute(connection, site_id=behind.site_id, origin_id=behind.origin_id, position=position)


async def list_held(connection: Connection, behind: Behind, upto: int) -> list[Row]:
    """What moved in these records, and what the site holds of it now."""
    return await _HELD.fetch(connection, **_range(behind, upto))


async def list_facts(connection: Connection, behind: Behind, upto: int) -> list[Row]:
    """What else these records say, of the kinds that are told of."""
    return await _FACTS.fetch(connection, **_range(behind, upto))


async def list_changes(connection: Connection, after: int, most: int) -> list[Row]:
    """Reference data that changed, in its order."""
    return await _CHANGES.fetch(connection, after=after, most=most)


def _range(behind: Behind, upto: int) -> dict[str, Any]:
    return {"site_id": behind.site_id, "origin_id": behind.origin_id, "after": behind.told, "upto": upto}
