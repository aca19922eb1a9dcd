"""Inventory reports of a day, a week or a month: which are due, what a line says, what they come to.

A report is provisional until everything of its days is known: the site's box was heard after
their end and had nothing more to send. Until then it is made again when more has come.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from cloud_hub.domain.periods import Days, Period, begin, newest_whole
from sync_protocol.quantity import format_quantity, minor_digits

COLUMNS = (
    "sku", "name", "category", "opening", "received", "sold", "returned", "lost", "counted", "transferred", "closing",
    "unit_cost", "value", "currency",
)  # fmt: skip
PROVISIONAL_DAYS = 35
"""So long a report is made again when more of its days comes; a box that is away for longer asks for a person."""
QUANTITIES = ("opening", "received", "sold", "returned", "lost", "counted", "transferred", "closing")


class Kind(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


PERIODS = {Kind.DAILY: Period.DAY, Kind.WEEKLY: Period.WEEK, Kind.MONTHLY: Period.MONTH}


def due(kind: Kind, zone: str, now_ms: int) -> Days:
    """The newest period of a site that is over where it is."""
    return newest_whole(PERIODS[kind], _local(zone, now_ms))


def days_of(kind: Kind, day: date) -> Days:
    """The period that a day is in."""
    period, first = PERIODS[kind], begin(PERIODS[kind], day)
    after = first.toordinal() + {Kind.DAILY: 1, Kind.WEEKLY: 7, Kind.MONTHLY: 31}[kind]
    return Days(first, begin(period, date.fromordinal(min(date.max.toordinal(), after))))


def is_over(days: Days, zone: str, now_ms: int) -> bool:
    """Whether its last day has ended where the site is."""
    return _local(zone, now_ms) >= days.until


def ends_at_ms(days: Days, zone: str) -> int:
    """The moment at which its last day ends."""
    end = datetime(days.until.year, days.until.month, days.until.day, tzinfo=ZoneInfo(zone))
    return round(end.astimezone(UTC).timestamp() * 1000)


def value(closing: int, cost: Decimal | None, currency: str) -> Decimal | None:
    """What the units are worth at what one costs now."""
    if cost is None:
        return None
    with localcontext(prec=60):
        return (cost * closing / 1000).quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_UP)


@dataclass(slots=True)
class Totals:
    """What a report comes to, added up line by line."""

    lines: int = 0
    quantities: dict[str, int] = field(default_factory=lambda: dict.fromkeys(QUANTITIES, 0))
    values: dict[str, Decimal] = field(default_factory=dict)
    stocked: int = 0
    """Products that the site is to have."""
    out_of_stock: int = 0
    """Those of which nothing is there at the end."""

    def add(self, quantities: Iterable[int], currency: str, worth: Decimal | None) -> None:
        """One more line, its quantities in the order of QUANTITIES."""
        self.lines += 1
        for name, quantity in zip(QUANTITIES, quantities, strict=True):
            self.quantities[name] += quantity
        if worth is not None:
            self.values[currency] = self.values.get(currency, Decimal(0)) + worth

    def look(self, closing: int) -> None:
        """One more product that the site is to have, with a line or without."""
        self.stocked += 1
        self.out_of_stock += closing <= 0

    def document(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {
            "quantities": {name: format_quantity(quantity) for name, quantity in self.quantities.items()},
            "values": {currency: f"{worth:f}" for currency, worth in sorted(self.values.items())},
            "stocked": self.stocked,
            "out_of_stock": self.out_of_stock,
        }


def _local(zone: str, now_ms: int) -> date:
    return datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone)).date()
