"""Quantity per product and location: a projection of the ledger, kept in its transaction.

Virtual locations are included, so the sum over all locations of a product is zero, except
for what a bootstrap or a checkpoint brought in unevenly (it does not: the hub's are even too).
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import bindparam, delete, func, null, select
from sqlalchemy.dialects.sqlite import insert

from edge_agent.storage.schema import levels, reservations
from edge_agent.storage.statement import RowStatement, Statement

Row = tuple[str, str, int]
"""(product_id, location, quantity)"""


def _adding(rows: int) -> RowStatement:
    """So many rows at once; their values follow one another."""
    names = ("product_id", "location", "quantity")
    row = insert(levels).values([{name: bindparam(f"{name}_{n}") for name in names} for n in range(rows)])
    made = RowStatement(
        row.on_conflict_do_update(
            index_elements=["product_id", "location"], set_={"quantity": levels.c.quantity + row.excluded.quantity}
        )
    )
    assert made.names == tuple(f"{name}_{n}" for n in range(rows) for name in names)
    return made


_ADD, _ADD_BOTH = _adding(1), _adding(2)
_ALL = Statement(select(levels.c.product_id, levels.c.location, levels.c.quantity))
_OF_PRODUCT = Statement(
    select(levels.c.location, levels.c.quantity).where(levels.c.product_id == bindparam("product_id"))
)
_HELD = Statement(
    select(levels.c.location, levels.c.quantity)
    .where(levels.c.product_id == bindparam("product_id"))
    .union_all(
        select(null(), func.sum(reservations.c.quantity)).where(reservations.c.product_id == bindparam("product_id"))
    )
)
_AT = Statement(
    select(levels.c.quantity).where(
        levels.c.product_id == bindparam("product_id"), levels.c.location == bindparam("location")
    )
)
_NOT_ZERO_AT = Statement(
    select(levels.c.product_id, levels.c.location)
    .where(levels.c.location == bindparam("location"), levels.c.quantity != 0)
    .order_by(levels.c.product_id)
    .limit(bindparam("most"))
)
_CLEAR = Statement(delete(levels))
_CLEAR_PRODUCT = Statement(delete(levels).where(levels.c.product_id == bindparam("product_id")))


def add(connection: sqlite3.Connection, change: Mapping[tuple[str, str], int]) -> None:
    """Fold a net change in."""
    if len(change) == 2:
        # One movement: one call costs less than setting up executemany.
        ((one, here), change_here), ((other, there), change_there) = change.items()
        _ADD_BOTH.run(connection, (one, here, change_here, other, there, change_there))
        return
    _ADD.run_many(connection, [(*place, quantity) for place, quantity in change.items()])


def load(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Take over the levels of a bootstrap; there are none yet."""
    _ADD.run_many(connection, rows)


def each(connection: sqlite3.Connection) -> Iterator[Row]:
    """Every level, zero ones too, without holding all of them."""
    yield from _ALL.run(connection)


def all_levels(connection: sqlite3.Connection) -> list[Row]:
    """Every level, zero ones too."""
    return _ALL.run(connection).fetchall()


def of_product(connection: sqlite3.Connection, product_id: str) -> dict[str, int]:
    """Location -> quantity of one product."""
    return dict(_OF_PRODUCT.run(connection, product_id=product_id).fetchall())


def at(connection: sqlite3.Connection, product_id: str, location: str) -> int:
    """The quantity at one location."""
    quantity: int = _AT.value(connection, product_id=product_id, location=location) or 0
    return quantity


def not_zero_at(connection: sqlite3.Connection, location: str, limit: int) -> list[tuple[str, str]]:
    """(product, location) of what is on record at a place, below zero too."""
    return _NOT_ZERO_AT.run(connection, location=location, most=limit).fetchall()


def held(connection: sqlite3.Connection, product_id: str) -> tuple[dict[str, int], int]:
    """Location -> quantity of one product, and what reservations hold of it."""
    found = dict(_HELD.run(connection, product_id=product_id).fetchall())
    reserved = found.pop(None)
    return found, reserved or 0


def clear(connection: sqlite3.Connection, product_ids: Iterable[str] | None = None) -> None:
    """Forget levels before they are folded again."""
    if product_ids is None:
        _CLEAR.run(connection)
        return
    _CLEAR_PRODUCT.run_many(connection, [{"product_id": product_id} for product_id in product_ids])
