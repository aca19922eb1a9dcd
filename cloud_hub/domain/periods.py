"""Stretches of a site's days, and the hours, days, weeks and months that a report shows them in.

Days are calendar days where the site is; a week begins on Monday. Pure: today is an argument.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

_MIDDLE = 16


class Period(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Days(NamedTuple):
    """From the first day to before `until`."""

    first: date
    until: date

    @property
    def last(self) -> date:
        return self.until - timedelta(1)

    @property
    def length(self) -> int:
        return max(0, (self.until - self.first).days)

    @property
    def before(self) -> "Days":
        """As many days, up to the first of these."""
        return Days(date.fromordinal(max(1, self.first.toordinal() - self.length)), self.first)


class Pieces(NamedTuple):
    """Days as sums that are kept by month and by day: whole months, and days to add to them or to take off."""

    months: Days
    more: tuple[Days, Days]
    less: tuple[Days, Days]


def span(first: date | None, last: date | None, today: date, usual: int = 30) -> Days:
    """Both days and all between; left out: up to today, as many days as usual."""
    end = today if last is None else last
    start = first if first is not None else date.fromordinal(max(1, end.toordinal() - usual + 1))
    return Days(start, date.fromordinal(min(end.toordinal(), date.max.toordinal() - 1) + 1))


def pieces(days: Days) -> Pieces:
    """As few days as possible: a month that is mostly in it is the month less the days that are not."""
    first = _nearest(days.first)
    until = _nearest(days.until)
    if first >= until:
        return by_days(days)
    return Pieces(
        months=Days(first, until),
        more=(Days(days.first, first), Days(until, days.until)),
        less=(Days(first, days.first), Days(days.until, until)),
    )


def by_days(days: Days) -> Pieces:
    """Day by day, without any month."""
    none = Days(days.until, days.until)
    return Pieces(months=none, more=(days, none), less=(none, none))


def begin(period: Period, day: date) -> date:
    """The first day of the period that this day is in."""
    if period is Period.WEEK:
        return date.fromordinal(max(1, day.toordinal() - day.weekday()))
    return day.replace(day=1) if period is Period.MONTH else day


def newest_whole(period: Period, today: date) -> Days:
    """The newest period that is over."""
    until = begin(period, today)
    return Days(begin(period, until - timedelta(1)), until)


def _nearest(day: date) -> date:
    """The first of this month or of the next, whichever is nearer."""
    return day.replace(day=1) if day.day <= _MIDDLE else month_after(day)


def month_after(day: date) -> date:
    """The first of the next month; the last month there is has none and stays."""
    if (day.year, day.month) == (date.max.year, 12):
        return date.max
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
