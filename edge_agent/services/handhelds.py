"""What a handheld that was out of Wi-Fi says about when its events happened, and what that proves.

The handheld sends its own counter, the newest position it had seen, and its monotonic time
since then. The box turns that into an interval of ledger positions by its own monotonic
notes (storage/timeline.py); wall clocks take no part in it.
"""

import sqlite3
from typing import NamedTuple

from edge_agent.domain.stocktake import Witness, positions_between, while_between
from edge_agent.storage import ledger, timeline

EARLY_MS = 50
LATE_MS = 1_000
"""Its clock starts when the box's answer arrives, which is after the box noted the exchange."""
DRIFT_PER_MILLE = 2
"""Two quartz clocks drift apart by far less than 0.2 %."""


class Handheld(NamedTuple):
    """When an event happened, by the device that saw it."""

    device: str
    counter: int
    seen_position: int
    elapsed_ms: int | None = None
    """Since it was told `seen_position`, by its monotonic clock; None after its restart."""
    until_position: int | None = None
    """What it was told when it next spoke to the box: the event lies before that."""
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
    reached_before, reached_after = _reached(connection, handheld)
    if handheld.until_position is not None:
        told = handheld.until_position
        reached_after = told if reached_after is None else min(told, reached_after)
    after, until = positions_between(handheld.seen_position, head, reached_before, reached_after)
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
    drift = handheld.elapsed_ms * DRIFT_PER_MILLE // 1000
    return (
        timeline.position_before(connection, told.boot, moment - drift - EARLY_MS),
        timeline.position_after(connection, told.boot, moment + drift + LATE_MS),
    )
