"""What each place holds of a product by lot: kept in the ledger's transaction, beside the levels.

Only products of which some lot is known have rows. Their rows at a place sum up to its level;
`sync_protocol/lots.py` says which of them a movement changes. No record is needed to know them again:
what the levels cannot explain is put into the unknown lot (`settle`).
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, text

from edge_agent.domain.lots import Holding
from edge_agent.domain.movement import OWN
from edge_agent.storage import levels
from edge_agent.storage.schema import lots
from edge_agent.storage.statement import Statement, saving
from sync_protocol import lots as rules
from sync_protocol.lots import UNKNOWN, Lot, Places


class Move(NamedTuple):
    """What a movement says that matters to lots."""

    product_id: str
    quantity: int
    from_location: str
    to_location: str
    lot: str | None
    expiry: str | None


_COLUMNS = [lots.c.location, lots.c.lot, lots.c.expiry, lots.c.quantity]
_OF_PRODUCT = Statement(select(*_COLUMNS).where(lots.c.product_id == bindparam("product_id")))
# A literal, for SQLite uses a partial index only where it can see that its rows are meant.
_ENDING = Statement(
    select(lots.c.product_id, *_COLUMNS)
    .where(text("expiry <> ''"), lots.c.expiry <= bindparam("until"), lots.c.quantity > 0)
    .order_by(lots.c.expiry, lots.c.product_id, lots.c.lot, lots.c.location)
    .limit(bindparam("most"))
)
_PRODUCTS = Statement(select(lots.c.product_id).distinct())
_SAVE = saving(lots, "product_id", "location", "lot", "expiry")
_DROP = Statement(
    delete(lots).where(*(lots.c[name] == bindparam(name) for name in ("product_id", "location", "lot", "expiry")))
)
_CLEAR = Statement(delete(lots))


def follow(connection: sqlite3.Connection, moves: Sequence[Move]) -> frozenset[str]:
    """Take these moves into the lots, before they change the levels; the products that have lots."""
    found = []
    for product_id in dict.fromkeys(move.product_id for move in moves):
        rows = _OF_PRODUCT.run(connection, product_id=product_id).fetchall()
        of_it = [move for move in moves if move.product_id == product_id] if len(moves) > 1 else moves
        if rows or any(move.lot or move.expiry for move in of_it):
            _follow(connection, product_id, rows, of_it)
            found.append(product_id)
    return frozenset(found)


def of_product(connection: sqlite3.Connection, product_id: str) -> list[Holding]:
    """What is where of each lot; nothing for a product of which no lot is known."""
    rows = _OF_PRODUCT.run(connection, product_id=product_id).fetchall()
    return [Holding(location, Lot(lot, expiry), quantity) for location, lot, expiry, quantity in rows]


def ending(connection: sqlite3.Connection, until: str, limit: int) -> list[tuple[str, Holding]]:
    """(product, holding) of what is good no longer than that day, the first to expire first."""
    rows = _ENDING.run(connection, until=until, most=limit).fetchall()
    return [
        (product, Holding(location, Lot(lot, expiry), quantity)) for product, location, lot, expiry, quantity in rows
    ]


def load(connection: sqlite3.Connection, rows: Iterable[tuple[str, Holding]]) -> None:
    """Take over lots of a bootstrap, in place of those here; then `settle`."""
    _CLEAR.run(connection)
    for product_id, (location, lot, quantity) in rows:
        _SAVE.run(
            connection, product_id=product_id, location=location, lot=lot.lot, expiry=lot.expiry, quantity=quantity
        )


def settle(connection: sqlite3.Connection, product_ids: Iterable[str] | None = None) -> None:
    """Make the lots sum up to the levels again, after levels were replaced or mended."""
    known = [product_id for (product_id,) in _PRODUCTS.run(connection).fetchall()]
    wanted = set(known if product_ids is None else product_ids)
    for product_id in wanted.intersection(known):
        rows = _OF_PRODUCT.run(connection, product_id=product_id).fetchall()
        places = _places(rows)
        for location, quantity in _own_levels(connection, product_id).items():
            parts = places.setdefault(location, {})
            missing = quantity - sum(parts.values())
            if missing > 0:
                rules.put(parts, UNKNOWN, missing)
            elif missing < 0:
                rules.take(parts, UNKNOWN, -missing)
        _write(connection, product_id, rows, places)


def wrong(connection: sqlite3.Connection) -> list[str]:
    """Where lots do not sum up to their level, in words."""
    problems = []
    for (product_id,) in _PRODUCTS.run(connection).fetchall():
        places = _places(_OF_PRODUCT.run(connection, product_id=product_id).fetchall())
        for location, quantity in _own_levels(connection, product_id).items():
            of_lots = sum(places.get(location, {}).values())
            if of_lots != quantity:
                problems.append(f"lots of {product_id} at {location}: expected {quantity} together, got {of_lots}")
    return problems


def _follow(
    connection: sqlite3.Connection, product_id: str, rows: list[tuple[str, str, str, int]], moves: Sequence[Move]
) -> None:
    places = _places(rows)
    if not rows:
        held = _own_levels(connection, product_id)
        places = {location: {UNKNOWN: quantity} for location, quantity in held.items() if quantity}
    for move in moves:
        asked = rules.named(move.lot, move.expiry)
        rules.move(places, move.quantity, move.from_location, move.to_location, asked)
    _write(connection, product_id, rows, places)


def _write(
    connection: sqlite3.Connection, product_id: str, rows: list[tuple[str, str, str, int]], places: Places
) -> None:
    """The rows that changed. Of a product whose last known lot went nothing is kept: its level says it all."""
    before = {(location, lot, expiry): quantity for location, lot, expiry, quantity in rows}
    after = {(location, *lot): quantity for location, parts in places.items() for lot, quantity in parts.items()}
    if all((lot, expiry) == UNKNOWN for _, lot, expiry in after):
        after = {}
    for location, lot, expiry in before.keys() - after.keys():
        _DROP.run(connection, product_id=product_id, location=location, lot=lot, expiry=expiry)
    for (location, lot, expiry), quantity in after.items():
        if before.get((location, lot, expiry)) != quantity:
            _SAVE.run(connection, product_id=product_id, location=location, lot=lot, expiry=expiry, quantity=quantity)


def _places(rows: Iterable[tuple[str, str, str, int]]) -> Places:
    places: Places = {}
    for location, lot, expiry, quantity in rows:
        places.setdefault(location, {})[Lot(lot, expiry)] = quantity
    return places


def _own_levels(connection: sqlite3.Connection, product_id: str) -> dict[str, int]:
    held = levels.of_product(connection, product_id)
    return {location: held.get(location, 0) for location in OWN}
