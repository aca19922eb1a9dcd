"""The orders whose goods this store expects, as head office tells of them."""

import sqlite3
from typing import NamedTuple

import orjson
from sqlalchemy import bindparam, delete, select

from edge_agent.storage.schema import purchase_orders
from edge_agent.storage.statement import Statement, saving


class Order(NamedTuple):
    order_id: str
    number: str
    state: str
    vendor: str
    expected_on: str | None
    lines: str
    """JSON of [product, ordered, received]."""
    epoch: int
    version: int

    @property
    def wanted(self) -> list[tuple[str, int, int]]:
        """By product: ordered, and received as far as head office has heard."""
        return [tuple(line) for line in orjson.loads(self.lines)]


_C = purchase_orders.c
_SAVE = saving(purchase_orders, "order_id")
_COLUMNS = [_C[name] for name in Order._fields]
_FIND = Statement(select(*_COLUMNS).where(_C.order_id == bindparam("order_id")))
_BY_NUMBER = Statement(select(*_COLUMNS).where(_C.number == bindparam("number")))
_LIST = Statement(select(*_COLUMNS).order_by(_C.number.desc()).limit(500))
_DROP = Statement(delete(purchase_orders).where(_C.order_id == bindparam("order_id")))
_CLEAR = Statement(delete(purchase_orders))


def save(connection: sqlite3.Connection, order: Order) -> None:
    _SAVE.run(connection, **order._asdict())


def drop(connection: sqlite3.Connection, order_id: str) -> None:
    """Nothing is expected of it any more."""
    _DROP.run(connection, order_id=order_id)


def clear(connection: sqlite3.Connection) -> None:
    """A snapshot names all that are open."""
    _CLEAR.run(connection)


def find(connection: sqlite3.Connection, order_id: str) -> Order | None:
    found = _FIND.row(connection, order_id=order_id)
    return None if found is None else Order(*found)


def find_by_number(connection: sqlite3.Connection, number: str) -> Order | None:
    found = _BY_NUMBER.row(connection, number=number)
    return None if found is None else Order(*found)


def list_open(connection: sqlite3.Connection) -> list[Order]:
    """Newest number first."""
    return [Order(*row) for row in _LIST.run(connection)]
