"""Parts of a stocktake: its zones, what was counted in each, and which products it is of."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, update

from edge_agent.storage.schema import count_zones, products, stocktake_products, zone_lines
from edge_agent.storage.statement import Statement, adding, saving


class Zone(NamedTuple):
    """A part of the store that one person counts at a time."""

    stocktake_id: str
    zone: str
    state: str
    """open, done"""
    actor: str | None
    changed_at: int


class ZoneLine(NamedTuple):
    """What was counted of a product in a zone; the names are those of a count line."""

    line_id: str
    stocktake_id: str
    zone: str
    product_id: str
    location: str
    counted: int
    after: int
    until: int
    begins: int
    ends: int
    seen: int
    device: str | None
    counter: int | None
    occurred_at: int
    actor: str | None
    state: str = "counted"
    """counted; replaced by a later one; withdrawn; posted with the others of its product."""


_Z, _L = count_zones.c, zone_lines.c
_LINE = [_L[name] for name in ZoneLine._fields]
_SAVE_ZONE = saving(count_zones, "stocktake_id", "zone")
_ZONES = Statement(
    select(*[_Z[name] for name in Zone._fields]).where(_Z.stocktake_id == bindparam("stocktake_id")).order_by(_Z.zone)
)
_ADD_LINE = adding(zone_lines)
_LINES = Statement(select(*_LINE).where(_L.stocktake_id == bindparam("stocktake_id")).order_by(_L.line_id))
_OF_PRODUCT = Statement(
    select(*_LINE)
    .where(
        _L.stocktake_id == bindparam("stocktake_id"), _L.product_id == bindparam("product_id"),
        _L.location == bindparam("location"), _L.state == "counted",
    )
    .order_by(_L.line_id)
)  # fmt: skip
_FIND_LINE = Statement(select(*_LINE).where(_L.line_id == bindparam("line_id")))
_LINE_OF_DEVICE = Statement(
    select(*_LINE).where(_L.device == bindparam("device"), _L.counter == bindparam("counter")).limit(1)
)
_SET_STATE = Statement(update(zone_lines).where(_L.line_id == bindparam("of")).values(state=bindparam("new_state")))
_WAITING = Statement(
    select(_L.product_id, _L.location)
    .where(_L.stocktake_id == bindparam("stocktake_id"), _L.state == "counted")
    .group_by(_L.product_id, _L.location)
    .order_by(func.min(_L.line_id))
    .limit(bindparam("most"))
)
_ADD_PRODUCT = adding(stocktake_products)
_PRODUCTS = Statement(
    select(products.c.product_id, products.c.sku, products.c.name)
    .join_from(stocktake_products, products, products.c.product_id == stocktake_products.c.product_id)
    .where(stocktake_products.c.stocktake_id == bindparam("stocktake_id"))
    .order_by(products.c.category, products.c.name)
)


def save_zone(connection: sqlite3.Connection, zone: Zone) -> None:
    _SAVE_ZONE.run(connection, **zone._asdict())


def zones_of(connection: sqlite3.Connection, stocktake_id: str) -> list[Zone]:
    """By name; none: the stocktake is not counted in zones."""
    return [Zone(*row) for row in _ZONES.run(connection, stocktake_id=stocktake_id)]


def add_line(connection: sqlite3.Connection, line: ZoneLine) -> None:
    _ADD_LINE.run(connection, **line._asdict())


def find_line(connection: sqlite3.Connection, line_id: str) -> ZoneLine | None:
    found = _FIND_LINE.row(connection, line_id=line_id)
    return None if found is None else ZoneLine(*found)


def find_line_of(connection: sqlite3.Connection, device: str, counter: int) -> ZoneLine | None:
    """The line that a handheld numbered so, if it came before."""
    found = _LINE_OF_DEVICE.row(connection, device=device, counter=counter)
    return None if found is None else ZoneLine(*found)


def lines_of(connection: sqlite3.Connection, stocktake_id: str) -> list[ZoneLine]:
    """All that were ever counted, in their order."""
    return [ZoneLine(*row) for row in _LINES.run(connection, stocktake_id=stocktake_id)]


def counted_of(connection: sqlite3.Connection, stocktake_id: str, product_id: str, location: str) -> list[ZoneLine]:
    """What stands of a product at a place and is not posted: one line of each zone."""
    rows = _OF_PRODUCT.run(connection, stocktake_id=stocktake_id, product_id=product_id, location=location)
    return [ZoneLine(*row) for row in rows]


def set_state(connection: sqlite3.Connection, line_id: str, state: str) -> None:
    _SET_STATE.run(connection, of=line_id, new_state=state)


def waiting(connection: sqlite3.Connection, stocktake_id: str, limit: int) -> list[tuple[str, str]]:
    """(product, location) of which something is counted and not posted, in the order of counting."""
    return _WAITING.run(connection, stocktake_id=stocktake_id, most=limit).fetchall()


def add_products(connection: sqlite3.Connection, stocktake_id: str, product_ids: Iterable[str]) -> None:
    """The stocktake is of these."""
    for product_id in dict.fromkeys(product_ids):
        _ADD_PRODUCT.run(connection, stocktake_id=stocktake_id, product_id=product_id)


def products_of(connection: sqlite3.Connection, stocktake_id: str) -> list[tuple[str, str, str]]:
    """(id, SKU, name) of what the stocktake is of, as it lies; none: of everything."""
    return _PRODUCTS.run(connection, stocktake_id=stocktake_id).fetchall()
