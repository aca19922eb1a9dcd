"""What a handheld that was out of Wi-Fi says about when its events happened, and what that proves.

The handheld sends its own counter, the newest position it had seen, and its monotonic time
since then. The box turns that into an interval of ledger positions by its own monotonic
notes (storage/timeline.py); wall clocks take no part in it.
"""

import sqlite3
from typing import NamedTuple

from edge_agent.domain.stocktake import Witness, positions_between, while_between
from edge_agent.storage import ledger, timeline

SLACK_MS = 2_000
DRIFT_PER_MILLE = 2
"""Two quartz clocks drift apart by far less than 0.2 %."""


class Handheld(NamedTuple):
    """When an event happened, by the device that saw it."""

    device: str
    counter: int
    seen_position: int
    elapsed_ms: int | None = None
    """Since it was told `seen_position`, by its monotonic clock; None after its restart."""
    occurred_at: int | None = None
    """By its corrected wall clock; decides only what nothing else does."""


class Placed(NamedTuple):
    """An interval of positions, and the witness made of it."""

    after: int
    until: int
    witness: Witness


def witness_of(connection: sqlite3.Connection, handheld: Handheld, now_ms: int) -> Placed:
    """Between which positions the event happened."""
    head, _ = ledger.head(connection)
    after, until = positions_between(handheld.seen_position, head, *_reached(connection, handheld))
    witness = Witness(
        while_between(after, until), handheld.occurred_at or now_ms, handheld.device, handheld.counter,
        handheld.seen_position,
    )  # fmt: skip
    return Placed(after, until, witness)


def _reached(connection: sqlite3.Connection, handheld: Handheld) -> tuple[int | None, int | None]:
    """Positions certainly reached before, and certainly not passed by, the event."""
    told = timeline.find_exchange(connection, handheld.device, handheld.seen_position)
    if told is None or handheld.elapsed_ms is None:
        return None, None
    moment = told.ticks_ms + handheld.elapsed_ms
    slack = SLACK_MS + handheld.elapsed_ms * DRIFT_PER_MILLE // 1000
    return (
        timeline.position_before(connection, told.boot, moment - slack),
        timeline.position_after(connection, told.boot, moment + slack),
    )
