"""Stretches of a site's days, and the hours, days, weeks and months that a report shows them in.

Days are calendar days where the site is; a week begins on Monday. Pure: today is an argument.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple


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
    def whole_months(self) -> "Days":
        """The whole calendar months in it, as days; none: an empty stretch at its end."""
        first = self.first if self.first.day == 1 else month_after(self.first)
        until = self.until.replace(day=1)
        return Days(first, until) if first < until else Days(self.until, self.until)


def span(first: date | None, last: date | None, today: date, usual: int = 30) -> Days:
    """Both days and all between; left out: up to today, as many days as usual."""
    end = today if last is None else last
    start = first if first is not None else date.fromordinal(max(1, end.toordinal() - usual + 1))
    return Days(start, date.fromordinal(min(end.toordinal(), date.max.toordinal() - 1) + 1))


def begin(period: Period, day: date) -> date:
    """The first day of the period that this day is in."""
    if period is Period.WEEK:
        return date.fromordinal(max(1, day.toordinal() - day.weekday()))
    return day.replace(day=1) if period is Period.MONTH else day


def newest_whole(period: Period, today: date) -> Days:
    """The newest period that is over."""
    until = begin(period, today)
    return Days(begin(period, until - timedelta(1)), until)


def month_after(day: date) -> date:
    """The first of the next month; the last month there is has none and stays."""
    if (day.year, day.month) == (date.max.year, 12):
        return date.max
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
