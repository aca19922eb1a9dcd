"""What on-hand and available mean. One definition each, used everywhere in the store.

on-hand   = what shelf, backroom and hold contain
available = on-hand - reserved - hold - pending commands
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from edge_agent.domain.movement import OWN
from sync_protocol.vocabulary import Location


class Position(NamedTuple):
    """The stock of one product, in thousandths."""

    on_hand: int
    hold: int
    reserved: int
    lowest: int = 0
    """What the emptiest of its places holds on record: below zero something was not booked."""

    @property
    def available(self) -> int:
        """What can be sold or promised. The store executes commands at once, so none is pending here."""
        return self.on_hand - self.hold - self.reserved


class Thresholds(NamedTuple):
    """At or below these the stock is low, or critical."""

    reorder_point: int
    critical_level: int


def position_of(levels: Mapping[str, int], reserved: int = 0) -> Position:
    """The position of a product from its quantities per location."""
    held = [levels.get(place, 0) for place in OWN]
    return Position(sum(held), levels.get(Location.HOLD, 0), reserved, min(held))


def fold(movements: Iterable[tuple[str, int, str, str]]) -> dict[tuple[str, str], int]:
    """Net change per (product, location) of (product, quantity, from, to) rows; sums to zero."""
    change: dict[tuple[str, str], int] = {}
    for product_id, quantity, source, target in movements:
        change[product_id, source] = change.get((product_id, source), 0) - quantity
        change[product_id, target] = change.get((product_id, target), 0) + quantity
    return change
