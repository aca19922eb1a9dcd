"""What a dashboard shows of stock over time: how much lay there at the end of each period, and how well it sells.

What lay there is what lies there now, less what has moved since. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from cloud_hub.domain.periods import Days, Period, begin

_PLACES = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What moved on a day, or in a period; quantities in thousandths."""

    added: int = 0
    taken: int = 0
    sold: int = 0
    returned: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A period: what moved in it, and what lay there at its end."""

    first: date
    moved: Day
    on_hand: int


def trend(now: int, moved: Mapping[date, Day], days: Days, period: Period) -> list[Point]:
    """The periods of some days, oldest first. `moved` has every day since the first one on which anything did."""
    on_hand = now - sum(_net(each) for day, each in moved.items() if day >= days.until)
    found: dict[date, Point] = {}
    for ordinal in range(days.last.toordinal(), days.first.toordinal() - 1, -1):
        day = date.fromordinal(ordinal)
        first, today = max(begin(period, day), days.first), moved.get(day, Day())
        known = found.get(first) or Point(first=first, moved=Day(), on_hand=on_hand)
        found[first] = replace(known, moved=_sum(known.moved, today))
        on_hand -= _net(today)
    return list(found.values())[::-1]


def turnover(sold: int, opening: int, closing: int) -> Decimal | None:
    """How often the stock was sold in that time: units sold by the mean of what lay there; None without any."""
    return _ratio(2 * sold, opening + closing)


def sell_through(sold: int, opening: int, received: int) -> Decimal | None:
    """The share of what could be sold that was."""
    return _ratio(sold, opening + received)


def days_of_cover(closing: int, sold: int, days: int) -> Decimal | None:
    """How many days what is there lasts if it goes on selling like that."""
    return _ratio(closing * days, sold)


def share(part: int, whole: int) -> Decimal | None:
    """A share of one; None of nothing."""
    return _ratio(part, whole)


def change(now: tuple[int, int], before: tuple[int, int]) -> Decimal | None:
    """By how much of it a share (part, whole) grew since: -0.2 is a fifth less; None where there was none."""
    (part, whole), (part_before, whole_before) = now, before
    ratio = None if whole <= 0 else _ratio(part * whole_before, whole * part_before)
    return None if ratio is None else ratio - 1


def is_dead(closing: int, sold: int) -> bool:
    """Something lies there, and none of it was sold."""
    return closing > 0 and sold <= 0


def _ratio(part: int, whole: int) -> Decimal | None:
    return None if whole <= 0 else (Decimal(part) / whole).quantize(_PLACES, ROUND_HALF_UP)


def _net(day: Day) -> int:
    return day.added - day.taken


def _sum(one: Day, other: Day) -> Day:
    return Day(
        added=one.added + other.added, taken=one.taken + other.taken, sold=one.sold + other.sold,
        returned=one.returned + other.returned, lost=one.lost + other.lost,
    )  # fmt: skip
