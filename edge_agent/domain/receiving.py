"""What came against what was ordered, line by line: the differences that a claim is made of."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple


class Difference(StrEnum):
    """Of a line from its order."""

    AS_EXPECTED = "as_expected"
    SHORT = "short"
    OVER = "over"
    UNORDERED = "unordered"


class Why(StrEnum):
    """What a person says of a line that is not as it should be."""

    SHORT_DELIVERED = "short_delivered"
    OVER_DELIVERED = "over_delivered"
    WRONG_ITEM = "wrong_item"
    DAMAGED = "damaged"
    EXPIRED = "expired"
    SHORT_DATED = "short_dated"
    POOR_QUALITY = "poor_quality"
    OTHER = "other"


class Line(NamedTuple):
    """Counted units of one product (and lot); damaged ones are no good to the order."""

    product_id: str
    good: int
    damaged: int
    location: str
    lot: str | None = None
    expiry: str | None = None
    reason: str | None = None
    note: str | None = None
    expected: int | None = None
    """What the order still lacked of it; None: there is no order."""

    @property
    def difference(self) -> Difference | None:
        """Of the good units from what was expected."""
        if self.expected is None:
            return None
        if self.good == self.expected:
            return Difference.AS_EXPECTED
        if self.good < self.expected:
            return Difference.SHORT
        return Difference.OVER if self.expected else Difference.UNORDERED

    @property
    def is_odd(self) -> bool:
        """Whether somebody should hear of it."""
        return bool(self.damaged or self.reason or self.difference not in (None, Difference.AS_EXPECTED))


def against(outstanding: Mapping[str, int], counted: Iterable[Line], *, is_all: bool) -> list[Line]:
    """The counted lines with what was expected of each; `is_all`: what nobody counted has not come.

    Several lines of a product share what was expected of it, in their order; the last has the rest.
    """
    lines = list(counted)
    left, last = dict(outstanding), {line.product_id: number for number, line in enumerate(lines)}
    found = []
    for number, line in enumerate(lines):
        lacked = left.get(line.product_id, 0)
        part = lacked if last[line.product_id] == number else min(lacked, line.good)
        left[line.product_id] = lacked - part
        found.append(line._replace(expected=part))
    if is_all:
        found += [
            Line(product_id, 0, 0, "shelf", expected=lacked)
            for product_id, lacked in outstanding.items()
            if lacked and product_id not in last
        ]
    return found
