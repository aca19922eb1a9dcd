"""Which of a stretch of movements are goods that came under an order's number, purely.

A receipt names its order as its document, at a store's box and at a hub-run site alike.
The filter runs over every accepted movement, so it looks at two columns and stops. What a box
took in at one moment by one person is one receipt, however its records were sent.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from cloud_hub.domain.intake import MOVEMENT_COLUMNS
from cloud_hub.domain.purchasing import NUMBER_PREFIX, Line
from sync_protocol.vocabulary import Location, Reason

_REASON, _DOCUMENT = (MOVEMENT_COLUMNS.index(name) for name in ("reason", "document"))


class Goods(NamedTuple):
    """What one movement brought; the fields are named as the movements' columns."""

    product_id: str
    quantity: int
    to_location: str
    lot: str | None
    actor: str | None
    note: str | None
    occurred_at: datetime
    corrected_at: datetime


class Arrived(NamedTuple):
    """What came of one product."""

    received: int
    damaged: int
    """Went to hold."""
    first_at: datetime


class Came(NamedTuple):
    """Counted units of one product (and lot)."""

    product_id: str
    quantity: int
    damaged: int
    location: str
    lot: str | None


_GOODS = [MOVEMENT_COLUMNS.index(name) for name in Goods._fields[1:]]
_PRODUCT = MOVEMENT_COLUMNS.index("product_id")


def arrivals(movements: Iterable[tuple[Any, ...]]) -> dict[str, list[Goods]]:
    """By order number, in their order; movements are rows of MOVEMENT_COLUMNS."""
    found: dict[str, list[Goods]] = {}
    for row in [row for row in movements if row[_DOCUMENT] is not None and row[_REASON] == Reason.RECEIPT]:
        if row[_DOCUMENT].startswith(NUMBER_PREFIX):
            found.setdefault(row[_DOCUMENT], []).append(Goods(str(row[_PRODUCT]), *(row[at] for at in _GOODS)))
    return found


def by_product(goods: Iterable[Goods]) -> dict[str, Arrived]:
    """What came of each product."""
    came: dict[str, Arrived] = {}
    for each in goods:
        before = came.get(each.product_id, Arrived(0, 0, each.corrected_at))
        good, bad = (0, each.quantity) if each.to_location == Location.HOLD else (each.quantity, 0)
        first_at = min(before.first_at, each.corrected_at)
        came[each.product_id] = Arrived(before.received + good, before.damaged + bad, first_at)
    return came


def beyond(lines: Iterable[Line], came: Mapping[str, Arrived]) -> dict[str, int]:
    """How much more came than the lines lacked before it, by product; what was not ordered is all too much."""
    lacking = {line.product_id: line.outstanding for line in lines}
    more = {product: each.received - lacking.get(product, 0) for product, each in came.items()}
    return {product: quantity for product, quantity in more.items() if quantity > 0}


def moments(goods: Iterable[Goods]) -> dict[tuple[datetime, str | None], list[Goods]]:
    """What somebody took in at one moment, by the box's clock: a receipt."""
    found: dict[tuple[datetime, str | None], list[Goods]] = {}
    for each in goods:
        found.setdefault((each.occurred_at, each.actor), []).append(each)
    return found


def counted(goods: Sequence[Goods]) -> list[Came]:
    """The lines of a receipt: damaged units stand with the good ones of their product and lot."""
    good: Counter[tuple[str, str | None, str]] = Counter()
    bad: Counter[tuple[str, str | None]] = Counter()
    for each in goods:
        if each.to_location == Location.HOLD:
            bad[each.product_id, each.lot] += each.quantity
        else:
            good[each.product_id, each.lot, each.to_location] += each.quantity
    lines = [
        Came(product, quantity, bad.pop((product, lot), 0), place, lot)
        for (product, lot, place), quantity in good.items()
    ]
    return lines + [Came(product, 0, quantity, Location.HOLD, lot) for (product, lot), quantity in bad.items()]


def lacked(ordered: Iterable[Line], came: Iterable[Came]) -> list[int]:
    """What an order still lacked of each line's product when that was counted, line after line."""
    left = {line.product_id: line.outstanding for line in ordered}
    found = []
    for each in came:
        found.append(max(0, left.get(each.product_id, 0)))
        left[each.product_id] = found[-1] - each.quantity
    return found
