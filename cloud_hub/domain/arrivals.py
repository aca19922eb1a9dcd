"""Which of a stretch of movements are goods that came under an order's number, purely.

A receipt names its order as its document, at a store's box and at a hub-run site alike.
This runs over every accepted movement, so it looks at two columns and stops.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from cloud_hub.domain.intake import MOVEMENT_COLUMNS
from cloud_hub.domain.purchasing import NUMBER_PREFIX, Line
from sync_protocol.vocabulary import Location, Reason

_PRODUCT, _QUANTITY, _TARGET, _REASON, _DOCUMENT, _AT = (
    MOVEMENT_COLUMNS.index(name)
    for name in ("product_id", "quantity", "to_location", "reason", "document", "corrected_at")
)


class Arrived(NamedTuple):
    """What came of one product."""

    received: int
    damaged: int
    """Went to hold."""
    first_at: datetime


def arrivals(movements: Iterable[tuple[Any, ...]]) -> dict[str, dict[str, Arrived]]:
    """By order number and product; movements are rows of MOVEMENT_COLUMNS."""
    found: dict[str, dict[str, Arrived]] = {}
    for row in [row for row in movements if row[_DOCUMENT] is not None and row[_REASON] == Reason.RECEIPT]:
        if row[_DOCUMENT].startswith(NUMBER_PREFIX):
            came = found.setdefault(row[_DOCUMENT], {})
            product, at, quantity = str(row[_PRODUCT]), row[_AT], row[_QUANTITY]
            before = came.get(product, Arrived(0, 0, at))
            good, bad = (0, quantity) if row[_TARGET] == Location.HOLD else (quantity, 0)
            came[product] = Arrived(before.received + good, before.damaged + bad, min(before.first_at, at))
    return found


def beyond(lines: Iterable[Line], came: Mapping[str, Arrived]) -> dict[str, int]:
    """How much more came than the lines lacked before it, by product; what was not ordered is all too much."""
    lacking = {line.product_id: line.outstanding for line in lines}
    more = {product: each.received - lacking.get(product, 0) for product, each in came.items()}
    return {product: quantity for product, quantity in more.items() if quantity > 0}
