"""Stocktakes, their lines, and events that handhelds handed in late."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, select, update

from edge_agent.storage.schema import count_events, count_lines, stocktakes
from edge_agent.storage.statement import Statement, adding


class Stocktake(NamedTuple):
    stocktake_id: str
    name: str
    state: str
    is_blind: int
    opened_at: int
    closed_at: int | None = None
    actor: str | None = None
    kind: str = "full"


class Line(NamedTuple):
    """A count line; [begins, ends] are the ledger instants between which the counting happened."""

    line_id: str
    stocktake_id: str
    product_id: str
    location: str
    counted: int
    expected: int
    variance: int
    after: int
    until: int
    begins: int
    ends: int
    status: str
    position: int
    device: str | None
    counter: int | None
    occurred_at: int
    actor: str | None = None


class Event(NamedTuple):
    """A stock change that a handheld handed in after the fact."""

    device: str
    counter: int
    product_id: str
    location: str
    delta: int
    begins: int
    ends: int
    position: int
    occurred_at: int


_ADD = adding(stocktakes)
_FIND = Statement(
    select(*[stocktakes.c[f] for f in Stocktake._fields]).where(stocktakes.c.stocktake_id == bindparam("stocktake_id"))
)
_LIST = Statement(
    select(*[stocktakes.c[f] for f in Stocktake._fields]).order_by(stocktakes.c.opened_at.desc()).limit(100)
)
_SET_STATE = Statement(
    update(stocktakes)
    .where(stocktakes.c.stocktake_id == bindparam("of"))
    .values(state=bindparam("new_state"), closed_at=bindparam("now_ms"))
)
_LINE = [count_lines.c[f] for f in Line._fields]
_ADD_LINE = adding(count_lines)
_LINES_OF = Statement(
    select(*_LINE).where(count_lines.c.stocktake_id == bindparam("stocktake_id")).order_by(count_lines.c.position)
)
_POSTED_AT = Statement(
    select(*_LINE)
    .where(
        count_lines.c.product_id == bindparam("product_id"),
        count_lines.c.location == bindparam("location"),
        count_lines.c.status == "posted",
    )
    .order_by(count_lines.c.begins, count_lines.c.position)
)
_STANDING_IN = Statement(
    select(*_LINE).where(
        count_lines.c.product_id == bindparam("product_id"),
        count_lines.c.location == bindparam("location"),
        count_lines.c.stocktake_id == bindparam("stocktake_id"),
        count_lines.c.status != "withdrawn",
    )
)
_LINE_BY_ID = Statement(select(*_LINE).where(count_lines.c.line_id == bindparam("line_id")))
_LINE_OF_DEVICE = Statement(
    select(*_LINE).where(count_lines.c.device == bindparam("device"), count_lines.c.counter == bindparam("counter"))
)
_REVISE = Statement(
    update(count_lines).where(count_lines.c.line_id == bindparam("of")).values(variance=bindparam("new_variance"))
)
_SET_STATUS = Statement(
    update(count_lines).where(count_lines.c.line_id == bindparam("of")).values(status=bindparam("new_status"))
)
_EVENT = [count_events.c[f] for f in Event._fields]
_ADD_EVENT = adding(count_events)
_EVENTS_AT = Statement(
    select(*_EVENT).where(
        count_events.c.product_id == bindparam("product_id"),
        count_events.c.location == bindparam("location"),
        count_events.c.position > bindparam("position"),
    )
)
_FIND_EVENT = Statement(
    select(*_EVENT).where(count_events.c.device == bindparam("device"), count_events.c.counter == bindparam("counter"))
)


def add_stocktake(connection: sqlite3.Connection, stocktake: Stocktake) -> None:
    _ADD.run(connection, **stocktake._asdict())


def find_stocktake(connection: sqlite3.Connection, stocktake_id: str) -> Stocktake | None:
    found = _FIND.row(connection, stocktake_id=stocktake_id)
    return None if found is None else Stocktake(*found)


def list_stocktakes(connection: sqlite3.Connection) -> list[Stocktake]:
    """The newest first."""
    return [Stocktake(*row) for row in _LIST.run(connection)]


def set_state(connection: sqlite3.Connection, stocktake_id: str, state: str, closed_at: int | None) -> None:
    """open, closing, closed."""
    _SET_STATE.run(connection, of=stocktake_id, new_state=state, now_ms=closed_at)


def add_line(connection: sqlite3.Connection, line: Line) -> None:
    _ADD_LINE.run(connection, **line._asdict())


def find_line(connection: sqlite3.Connection, line_id: str) -> Line | None:
    found = _LINE_BY_ID.row(connection, line_id=line_id)
    return None if found is None else Line(*found)


def find_line_of(connection: sqlite3.Connection, device: str, counter: int) -> Line | None:
    """The line that a handheld numbered so, if it came before."""
    found = _LINE_OF_DEVICE.row(connection, device=device, counter=counter)
    return None if found is None else Line(*found)


def lines_of(connection: sqlite3.Connection, stocktake_id: str) -> list[Line]:
    """A stocktake's lines in the order they were decided."""
    return [Line(*row) for row in _LINES_OF.run(connection, stocktake_id=stocktake_id)]


def posted_at(connection: sqlite3.Connection, product_id: str, location: str) -> list[Line]:
    """Posted lines of one product at one place, in the order in which they were counted."""
    return [Line(*row) for row in _POSTED_AT.run(connection, product_id=product_id, location=location)]


def standing_in(connection: sqlite3.Connection, stocktake_id: str, product_id: str, location: str) -> list[Line]:
    """Lines of one product at one place in one stocktake that were not taken back."""
    rows = _STANDING_IN.run(connection, stocktake_id=stocktake_id, product_id=product_id, location=location)
    return [Line(*row) for row in rows]


def save_variance(connection: sqlite3.Connection, line_id: str, variance: int) -> None:
    """A revision: the variance changed, the counted quantity never does."""
    _REVISE.run(connection, of=line_id, new_variance=variance)


def set_status(connection: sqlite3.Connection, line_id: str, status: str) -> None:
    """posted, ambiguous, withdrawn."""
    _SET_STATUS.run(connection, of=line_id, new_status=status)


def add_event(connection: sqlite3.Connection, event: Event) -> None:
    _ADD_EVENT.run(connection, **event._asdict())


def events_recorded_after(connection: sqlite3.Connection, product_id: str, location: str, position: int) -> list[Event]:
    """Late events that entered the ledger above a position."""
    rows = _EVENTS_AT.run(connection, product_id=product_id, location=location, position=position)
    return [Event(*row) for row in rows]


def find_event(connection: sqlite3.Connection, device: str, counter: int) -> Event | None:
    """The event that a handheld numbered so, if it came before."""
    found = _FIND_EVENT.row(connection, device=device, counter=counter)
    return None if found is None else Event(*found)
