"""Which ledger position belonged to which moment of the box's monotonic clock.

`note` is called every few seconds while the ledger grows; `note_exchange` each time a
handheld talks to the box. Together they turn "40 s after we last spoke" into an interval
of positions, whatever the wall clock did meanwhile. Ticks are comparable within one boot.
"""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, select

from edge_agent.storage import ledger
from edge_agent.storage.schema import exchanges, timeline
from edge_agent.storage.statement import Statement, saving


class Exchange(NamedTuple):
    """When a handheld was told a position."""

    boot: int
    ticks_ms: int


class Seen(NamedTuple):
    """A look at the head."""

    ticks_ms: int
    position: int


_NOTE = saving(timeline, "boot", "ticks_ms")
_EXCHANGE = saving(exchanges, "device", "position")
_FIND = Statement(
    select(exchanges.c.boot, exchanges.c.ticks_ms).where(
        exchanges.c.device == bindparam("device"), exchanges.c.position == bindparam("position")
    )
)
_BEFORE = Statement(
    select(timeline.c.position)
    .where(timeline.c.boot == bindparam("boot"), timeline.c.ticks_ms <= bindparam("ticks_ms"))
    .order_by(timeline.c.ticks_ms.desc())
    .limit(1)
)
_AFTER = Statement(
    select(timeline.c.position)
    .where(timeline.c.boot == bindparam("boot"), timeline.c.ticks_ms >= bindparam("ticks_ms"))
    .order_by(timeline.c.ticks_ms)
    .limit(1)
)
_FORGET = Statement(delete(timeline).where(timeline.c.clock_ms < bindparam("before")))
_FORGET_EXCHANGES = Statement(
    delete(exchanges).where(exchanges.c.position < select(func.min(timeline.c.position)).scalar_subquery())
)


def note(connection: sqlite3.Connection, boot: int, ticks_ms: int, clock_ms: int, before: Seen | None = None) -> Seen:
    """The ledger's head at this moment; `before` is what the last look returned.

    Nothing is written while the head stands still. When it has moved, both the last moment of
    the old head and this one are kept, so that a quiet hour bounds an event from both sides.
    """
    head, _ = ledger.head(connection)
    if before is None or before.position != head:
        if before is not None:
            _NOTE.run(connection, boot=boot, ticks_ms=before.ticks_ms, position=before.position, clock_ms=clock_ms)
        _NOTE.run(connection, boot=boot, ticks_ms=ticks_ms, position=head, clock_ms=clock_ms)
    return Seen(ticks_ms, head)


def note_exchange(connection: sqlite3.Connection, device: str, boot: int, ticks_ms: int, clock_ms: int) -> int:
    """A handheld talks to us now; returns the position it is told."""
    head, _ = ledger.head(connection)
    _EXCHANGE.run(connection, device=device, position=head, boot=boot, ticks_ms=ticks_ms)
    _NOTE.run(connection, boot=boot, ticks_ms=ticks_ms, position=head, clock_ms=clock_ms)
    return head


def find_exchange(connection: sqlite3.Connection, device: str, position: int) -> Exchange | None:
    """When this handheld was last told this position."""
    found = _FIND.row(connection, device=device, position=position)
    return None if found is None else Exchange(*found)


def position_before(connection: sqlite3.Connection, boot: int, ticks_ms: int) -> int | None:
    """A position that the ledger had certainly reached by then."""
    found: int | None = _BEFORE.value(connection, boot=boot, ticks_ms=ticks_ms)
    return found


def position_after(connection: sqlite3.Connection, boot: int, ticks_ms: int) -> int | None:
    """A position that the ledger had certainly not passed by then."""
    found: int | None = _AFTER.value(connection, boot=boot, ticks_ms=ticks_ms)
    return found


def forget(connection: sqlite3.Connection, before_ms: int) -> None:
    """Drop notes that no handheld will come back to."""
    _FORGET.run(connection, before=before_ms)
    _FORGET_EXCHANGES.run(connection)
