"""Where each of the store's days begins in the ledger.

A day is noted when it begins, at the position that the ledger has then; so what belongs to it
is found without a look at any clock, and a clock that was wrong for an hour made days of its
own, which end when it is right again.
"""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from edge_agent.storage.schema import store_days
from edge_agent.storage.statement import Statement, saving

_D = store_days.c
_SAVE = saving(store_days, "position")
_LAST = Statement(select(_D.day).order_by(_D.position.desc()).limit(1))
_ALL = Statement(select(_D.position, _D.day).order_by(_D.position))
_BEGAN = Statement(select(func.min(_D.noted_at)))
_BEFORE = Statement(select(func.max(_D.position)).where(_D.noted_at <= bindparam("before")))
_FORGET = Statement(store_days.delete().where(_D.noted_at < bindparam("before")))
_CLEAR = Statement(store_days.delete())


class Stretch(NamedTuple):
    """Positions above `after` and up to `until`."""

    after: int
    until: int


def note(connection: sqlite3.Connection, day: str, position: int, now_ms: int) -> bool:
    """The store's day is this now; whether that is news."""
    if _LAST.value(connection) == day:
        return False
    _SAVE.run(connection, position=position, day=day, noted_at=now_ms)
    return True


def stretches(connection: sqlite3.Connection, day: str, head: int) -> list[Stretch]:
    """The positions of a day; none when nothing was written on it, or nobody remembers."""
    rows = _ALL.run(connection).fetchall()
    ends = [position for position, _ in rows[1:]] + [head]
    return [Stretch(position, end) for (position, name), end in zip(rows, ends, strict=True) if name == day]


def began_at(connection: sqlite3.Connection) -> int | None:
    """When the first day that is remembered was noted."""
    found: int | None = _BEGAN.value(connection)
    return found


def position_before(connection: sqlite3.Connection, at_ms: int) -> int:
    """A position at which a day began before that time; 0 when none is remembered."""
    return _BEFORE.value(connection, before=at_ms) or 0


def forget(connection: sqlite3.Connection, before_ms: int) -> None:
    _FORGET.run(connection, before=before_ms)


def clear(connection: sqlite3.Connection) -> None:
    """Their positions are of another ledger than this one."""
    _CLEAR.run(connection)
