"""What a transfer between two sites goes through, and who may take each step.

The source's writer ships, and takes goods back only when they were refused; after the
dispatch only the destination's writer receives, refuses or closes short. Either side may be
a store that works offline, so a later step may be heard of first: it stays. Pure.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from cloud_hub.domain.intake import MOVEMENT_COLUMNS
from cloud_hub.errors import Conflict
from sync_protocol.vocabulary import Location, Reason, transit


class Step(StrEnum):
    DRAFT = "draft"
    CANCELLED = "cancelled"
    DISPATCHED = "dispatched"
    RECEIVED = "received"
    REFUSED = "refused"
    CLOSED_SHORT = "closed_short"
    TAKEN_BACK = "taken_back"


RANK = {
    Step.DRAFT: 0, Step.CANCELLED: 1, Step.DISPATCHED: 2, Step.RECEIVED: 3, Step.REFUSED: 3, Step.CLOSED_SHORT: 4,
    Step.TAKEN_BACK: 5,
}  # fmt: skip
"""Whichever ledger is heard of first, a transfer never goes back to a lower rank."""


class Rule(NamedTuple):
    """After which steps one may be taken, and by whose writer."""

    after: tuple[Step, ...]
    by_source: bool


RULES: dict[Step, Rule] = {
    Step.CANCELLED: Rule((Step.DRAFT,), by_source=True),
    Step.DISPATCHED: Rule((Step.DRAFT,), by_source=True),
    Step.RECEIVED: Rule((Step.DISPATCHED, Step.RECEIVED), by_source=False),
    Step.REFUSED: Rule((Step.DISPATCHED,), by_source=False),
    Step.CLOSED_SHORT: Rule((Step.DISPATCHED, Step.RECEIVED), by_source=False),
    Step.TAKEN_BACK: Rule((Step.REFUSED,), by_source=True),
}


def require(now: str, step: Step) -> None:
    """Raises Conflict when the step cannot follow."""
    allowed = RULES[step].after
    if now not in allowed:
        raise Conflict("transfer_state", f"expected a transfer that is {' or '.join(allowed)}, got {now}")


class Line(NamedTuple):
    """One product of a transfer, in thousandths, as the two ledgers together say."""

    product_id: str
    requested: int = 0
    dispatched: int = 0
    taken_back: int = 0
    received: int = 0
    short: int = 0

    @property
    def in_transit(self) -> int:
        """Below zero while a receipt is seen before its dispatch."""
        return self.dispatched - self.taken_back - self.received - self.short


class Move(NamedTuple):
    """What one step moves of one product."""

    product_id: str
    quantity: int
    from_location: str
    to_location: str
    reason: str


def moves(step: Step, transfer_id: str, goods: Iterable[tuple[str, int]], location: str) -> list[Move]:
    """What a step moves of some goods (product, quantity) at the site that takes it."""
    on_the_way, here, lost = transit(transfer_id), location, str(Location.SHRINKAGE)
    routes = {
        Step.DISPATCHED: (here, on_the_way, Reason.TRANSFER_OUT),
        Step.RECEIVED: (on_the_way, here, Reason.TRANSFER_IN),
        Step.CLOSED_SHORT: (on_the_way, lost, Reason.TRANSFER_IN),
        Step.TAKEN_BACK: (on_the_way, here, Reason.TRANSFER_IN),
    }
    if step not in routes:  # refused goods stay in transit until the source takes them back
        return []
    source, target, reason = routes[step]
    return [Move(product, quantity, source, target, str(reason)) for product, quantity in goods if quantity > 0]


class Goods(NamedTuple):
    """What one ledger moved of a transfer's product: into transit, out to a place of its own, to shrinkage."""

    entered: int = 0
    taken: int = 0
    lost: int = 0


_PREFIX = transit("")
_PLACE = re.compile(_PREFIX + "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REASONS = frozenset((str(Reason.TRANSFER_OUT), str(Reason.TRANSFER_IN)))
_PRODUCT, _QUANTITY, _SOURCE, _TARGET, _REASON = (
    MOVEMENT_COLUMNS.index(name) for name in ("product_id", "quantity", "from_location", "to_location", "reason")
)


def goods_of(movements: Iterable[tuple[Any, ...]]) -> dict[tuple[str, str], Goods]:
    """By transfer and product; movements are rows of MOVEMENT_COLUMNS, and few of them are of transfers."""
    found: dict[tuple[str, str], Goods] = {}
    for row in [row for row in movements if row[_REASON] in _REASONS]:
        source, target, quantity = row[_SOURCE], row[_TARGET], row[_QUANTITY]
        if target.startswith(_PREFIX):
            place, more = target, Goods(entered=quantity)
        elif target == Location.SHRINKAGE:
            place, more = source, Goods(lost=quantity)
        else:
            place, more = source, Goods(taken=quantity)
        if _PLACE.fullmatch(place):
            key = (place.removeprefix(_PREFIX), str(row[_PRODUCT]))
            before = found.get(key, Goods())
            found[key] = Goods(*(a + b for a, b in zip(before, more, strict=True)))
    return found
