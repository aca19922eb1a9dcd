"""Raw bytes of the last scans, as the devices sent them: a ring, for finding out what went wrong."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select

from edge_agent.storage.schema import scans
from edge_agent.storage.statement import RowStatement, Statement

KEPT = 10_000
_SWEEP_EVERY = 500


class Seen(NamedTuple):
    """One scan and what became of it."""

    occurred_at: int
    device: str | None
    mode: str
    raw: bytes
    position: int | None
    outcome: str


_ADD = RowStatement(insert(scans).values({name: bindparam(name) for name in Seen._fields}))
assert _ADD.names == Seen._fields
_SWEEP = Statement(delete(scans).where(scans.c.number <= bindparam("number")))
_LAST = Statement(
    select(*[scans.c[name] for name in Seen._fields]).order_by(scans.c.number.desc()).limit(bindparam("most"))
)

_LAST_MOVED = Statement(
    select(scans.c.position)
    .where(scans.c.device == bindparam("device"), scans.c.position > 0, scans.c.mode != "count")
    .order_by(scans.c.number.desc())
    .limit(1)
)


def add(connection: sqlite3.Connection, seen: Seen) -> None:
    """Keep it; old ones are dropped now and then, not each time."""
    number = _ADD.run(connection, seen).lastrowid or 0
    if number % _SWEEP_EVERY == 0:
        _SWEEP.run(connection, number=number - KEPT)


def last_position_of(connection: sqlite3.Connection, device: str) -> int | None:
    """Where the last scan of a device stands that moved something."""
    found: int | None = _LAST_MOVED.value(connection, device=device)
    return found


def last(connection: sqlite3.Connection, limit: int = 100) -> list[Seen]:
    """The latest scans, newest first."""
    return [Seen(*row) for row in _LAST.run(connection, most=limit)]
