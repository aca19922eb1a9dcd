"""Goods on their way between sites, as this store knows them, and its reservations."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from edge_agent.storage.schema import reservations, transfer_lines, transfers
from edge_agent.storage.statement import Statement, adding, saving


class Transfer(NamedTuple):
    transfer_id: str
    from_site: str
    to_site: str
    state: str
    opened_at: int
    changed_at: int


class Line(NamedTuple):
    product_id: str
    dispatched: int
    received: int


class Reservation(NamedTuple):
    reservation_id: str
    product_id: str
    quantity: int
    document: str | None
    command_id: str


_SAVE = saving(transfers, "transfer_id")
_FIND = Statement(
    select(*[transfers.c[f] for f in Transfer._fields]).where(transfers.c.transfer_id == bindparam("transfer_id"))
)
_LIST = Statement(select(*[transfers.c[f] for f in Transfer._fields]).order_by(transfers.c.opened_at.desc()).limit(200))
_LINES = Statement(
    select(transfer_lines.c.product_id, transfer_lines.c.dispatched, transfer_lines.c.received)
    .where(transfer_lines.c.transfer_id == bindparam("transfer_id"))
    .order_by(transfer_lines.c.product_id)
)
_LINE = insert(transfer_lines).values({c.name: bindparam(c.name) for c in transfer_lines.columns})
_ADD_TO_LINE = Statement(
    _LINE.on_conflict_do_update(
        index_elements=["transfer_id", "product_id"],
        set_={
            "dispatched": transfer_lines.c.dispatched + _LINE.excluded.dispatched,
            "received": transfer_lines.c.received + _LINE.excluded.received,
        },
    )
)
_TELL_LINE = Statement(
    _LINE.on_conflict_do_update(
        index_elements=["transfer_id", "product_id"], set_={"dispatched": _LINE.excluded.dispatched}
    )
)
_RESERVE = adding(reservations)
_RELEASE = Statement(delete(reservations).where(reservations.c.reservation_id == bindparam("of")))


def save(connection: sqlite3.Connection, transfer: Transfer) -> None:
    _SAVE.run(connection, **transfer._asdict())


def find(connection: sqlite3.Connection, transfer_id: str) -> Transfer | None:
    found = _FIND.row(connection, transfer_id=transfer_id)
    return None if found is None else Transfer(*found)


def list_transfers(connection: sqlite3.Connection) -> list[Transfer]:
    """Newest first."""
    return [Transfer(*row) for row in _LIST.run(connection)]


def lines_of(connection: sqlite3.Connection, transfer_id: str) -> list[Line]:
    return [Line(*row) for row in _LINES.run(connection, transfer_id=transfer_id)]


def add_to_line(
    connection: sqlite3.Connection, transfer_id: str, product_id: str, *, dispatched: int = 0, received: int = 0
) -> None:
    """Count units of a line up."""
    _ADD_TO_LINE.run(
        connection, transfer_id=transfer_id, product_id=product_id, dispatched=dispatched, received=received
    )


def tell_line(connection: sqlite3.Connection, transfer_id: str, product_id: str, dispatched: int) -> None:
    """The sender's figure, whatever was received before it arrived."""
    _TELL_LINE.run(connection, transfer_id=transfer_id, product_id=product_id, dispatched=dispatched, received=0)


def reserve(connection: sqlite3.Connection, reservation: Reservation) -> None:
    _RESERVE.run(connection, **reservation._asdict())


def release(connection: sqlite3.Connection, reservation_id: str) -> bool:
    """Whether there was such a reservation."""
    return _RELEASE.run(connection, of=reservation_id).rowcount > 0
