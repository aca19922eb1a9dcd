"""SQL of levels as the ledger keeps them: what every movement so far adds up to.

Deltas go in by one aggregated upsert sorted by key, so that no two transactions can
deadlock on them. What people read of stock is `stock_list.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, copy_rows, listed, unnested
from cloud_hub.storage.holding import is_own
from cloud_hub.storage.schema import level_claims, levels, movements
from sync_protocol.vocabulary import OWN_LOCATIONS

Level = tuple[str, str, int]
"""(product_id, location, quantity)"""
Place = tuple[UUID, UUID, str]
"""(site_id, product_id, location): the key of a level"""
_OWN = [str(location) for location in OWN_LOCATIONS]
_SITE = bound(levels.c.site_id)
_COLUMNS = ("site_id", "product_id", "location", "quantity")


def _adding(*when: sa.ColumnElement[bool]) -> sa.Insert:
    made = insert(levels).from_select(list(_COLUMNS), sa.select(*unnested(levels, *_COLUMNS).c).where(*when))
    return made.on_conflict_do_update(
        index_elements=[levels.c.site_id, levels.c.product_id, levels.c.location],
        set_={"quantity": levels.c.quantity + made.excluded.quantity},
    ).returning(*(levels.c[name] for name in _COLUMNS))


def adding_levels(*when: sa.ColumnElement[bool]) -> Query:
    """The statement that returns the levels as they are then; its arguments are `levels_given`."""
    return Query(_adding(*when))


def falling_below_zero() -> sa.ColumnElement[bool]:
    """Whether deltas (`levels_given`) would take a place of the site's own below zero."""
    delta = unnested(levels, *_COLUMNS)
    is_there = sa.and_(*(levels.c[name] == delta.c[name] for name in _COLUMNS[:3]))
    zero: sa.ColumnElement[int] = sa.literal_column("0")
    before = sa.func.coalesce(levels.c.quantity, zero)
    return sa.exists(
        sa.select(sa.literal_column("1"))
        .select_from(delta.outerjoin(levels, is_there))
        .where(is_own(delta.c.location), before >= zero, before + delta.c.quantity < zero)
    )


_changed = _adding().cte("changed")
_ADD_MANY = Query(
    sa.select(_changed).where(
        _changed.c.quantity < 0, _changed.c.location == sa.any_(bound_array(levels.c.location, "own"))
    )
)
_LEVELS = Query(sa.select(levels.c.product_id, levels.c.location, levels.c.quantity).where(levels.c.site_id == _SITE))
_LEVELS_OF = Query(
    sa.select(levels.c.product_id, levels.c.location, levels.c.quantity).where(
        levels.c.site_id == _SITE, levels.c.product_id == sa.any_(bound_array(levels.c.product_id, "ids"))
    )
)
_movement_deltas = (
    sa.select(
        movements.c.product_id, movements.c.from_location.label("location"), (-movements.c.quantity).label("quantity")
    )
    .where(
        movements.c.site_id == bound(movements.c.site_id),
        movements.c.product_id == sa.any_(bound_array(movements.c.product_id, "ids")),
    )
    .union_all(
        sa.select(movements.c.product_id, movements.c.to_location, movements.c.quantity).where(
            movements.c.site_id == bound(movements.c.site_id),
            movements.c.product_id == sa.any_(bound_array(movements.c.product_id, "ids")),
        ),
        sa.select(level_claims.c.product_id, level_claims.c.location, level_claims.c.quantity).where(
            level_claims.c.site_id == bound(level_claims.c.site_id),
            level_claims.c.kind == "baseline",
            level_claims.c.product_id == sa.any_(bound_array(level_claims.c.product_id, "ids")),
        ),
    )
    .subquery()
)
_FOLD = Query(
    sa.select(
        _movement_deltas.c.product_id,
        _movement_deltas.c.location,
        sa.cast(sa.func.sum(_movement_deltas.c.quantity), sa.BigInteger).label("quantity"),
    ).group_by(_movement_deltas.c.product_id, _movement_deltas.c.location)
)
_CLEAR_LEVELS = Query(
    levels.delete().where(
        levels.c.site_id == _SITE, levels.c.product_id == sa.any_(bound_array(levels.c.product_id, "ids"))
    )
)


async def add_levels(connection: Connection, deltas: Mapping[Place, int]) -> dict[UUID, list[Level]]:
    """Fold deltas into levels; per site those of its own places that this has taken below zero."""
    return below_zero(await _ADD_MANY.fetch(connection, own=_OWN, **levels_given(deltas)), deltas)


def levels_given(deltas: Mapping[Place, int]) -> dict[str, Any]:
    """The arguments of `adding_levels`, in the one order in which everybody locks levels."""
    keys = sorted((key for key, quantity in deltas.items() if quantity), key=_level_key)
    return listed(_COLUMNS, [(*key, deltas[key]) for key in keys])


def below_zero(changed: Iterable[Sequence[Any]], deltas: Mapping[Place, int]) -> dict[UUID, list[Level]]:
    """Per site, which of its own places these deltas have taken below zero."""
    negative: dict[UUID, list[Level]] = {}
    for site_id, product_id, location, quantity in changed:
        if quantity < 0 <= quantity - deltas[site_id, product_id, location] and location in _OWN:
            negative.setdefault(site_id, []).append((str(product_id), location, quantity))
    return negative


def _level_key(key: Place) -> tuple[bytes, bytes, str]:
    return key[0].bytes, key[1].bytes, key[2]


async def list_levels(connection: Connection, site_id: object) -> list[Level]:
    """All levels of a site, virtual locations included."""
    return _levels(await _LEVELS.fetch(connection, site_id=site_id))


async def list_levels_of(connection: Connection, site_id: object, product_ids: Iterable[object]) -> list[Level]:
    """The levels of some products."""
    return _levels(await _LEVELS_OF.fetch(connection, site_id=site_id, ids=list(product_ids)))


async def rebuild_levels(connection: Connection, site_id: object, product_ids: Sequence[object]) -> list[Level]:
    """Fold these products again from the ledger, with the site's origin locked by the caller."""
    folded = await _FOLD.fetch(connection, site_id=site_id, ids=list(product_ids))
    await _CLEAR_LEVELS.execute(connection, site_id=site_id, ids=list(product_ids))
    rows = [(site_id, row["product_id"], row["location"], row["quantity"]) for row in folded]
    await copy_rows(connection, levels, ("site_id", "product_id", "location", "quantity"), rows)
    return _levels(folded)


def _levels(rows: Iterable[Row]) -> list[Level]:
    return [(str(row["product_id"]), row["location"], row["quantity"]) for row in rows]
