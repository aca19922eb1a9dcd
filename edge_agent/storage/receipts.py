"""Deliveries that were taken in here, line by line, with what their orders still lacked then."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, select

from edge_agent.domain.receiving import Line
from edge_agent.storage.schema import receipt_lines, receipts
from edge_agent.storage.statement import Statement, adding


class Receipt(NamedTuple):
    """A delivery; its id grows with time."""

    receipt_id: str
    order_number: str | None
    document: str | None
    note: str | None
    actor: str | None
    occurred_at: int
    position: int


_LINE = receipt_lines.c
_COLUMNS = [receipts.c[name] for name in Receipt._fields]
_ADD, _ADD_LINE = adding(receipts), adding(receipt_lines)
_FIND = Statement(select(*_COLUMNS).where(receipts.c.receipt_id == bindparam("receipt_id")))
_LIST = Statement(
    select(*_COLUMNS)
    .where(receipts.c.receipt_id < bindparam("before"))
    .order_by(receipts.c.receipt_id.desc())
    .limit(bindparam("most"))
)
_LINES = Statement(
    select(*[_LINE[name] for name in Line._fields])
    .where(_LINE.receipt_id == bindparam("receipt_id"))
    .order_by(_LINE.line)
)


def add(connection: sqlite3.Connection, receipt: Receipt, lines: list[Line]) -> None:
    """Keep a receipt with its lines."""
    _ADD.run(connection, **receipt._asdict())
    for number, line in enumerate(lines):
        _ADD_LINE.run(connection, receipt_id=receipt.receipt_id, line=number, **line._asdict())


def find(connection: sqlite3.Connection, receipt_id: str) -> Receipt | None:
    found = _FIND.row(connection, receipt_id=receipt_id)
    return None if found is None else Receipt(*found)


def lines_of(connection: sqlite3.Connection, receipt_id: str) -> list[Line]:
    """In the order in which they were counted."""
    return [Line(*row) for row in _LINES.run(connection, receipt_id=receipt_id)]


def list_newest(connection: sqlite3.Connection, *, before: str | None, limit: int) -> list[Receipt]:
    """Receipts below an id, newest first."""
    return [Receipt(*row) for row in _LIST.run(connection, before=before or "~", most=limit)]
