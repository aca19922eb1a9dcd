"""F21: days, weeks and months of a site's calendar, and a stretch of days as months with days added and taken off."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest

from cloud_hub.domain.periods import Days, Period, begin, by_days, month_after, newest_whole, pieces, span


def each(days: Days) -> list[date]:
    return [days.first + timedelta(i) for i in range(days.length)]


@pytest.mark.parametrize("split", [pieces, by_days])
def test_the_pieces_of_a_stretch_are_its_days_each_once(split: object, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(300):
        first = date(2024, 1, 1) + timedelta(draw.randrange(800))
        days = Days(first, first + timedelta(draw.randrange(1, 500)))
        made = (pieces if split is pieces else by_days)(days)
        assert made.months.length == 0 or (made.months.first.day, made.months.until.day) == (1, 1)
        count = Counter(day for part in (made.months, *made.more) for day in each(part))
        count.subtract(day for part in made.less for day in each(part))
        assert {day for day, times in count.items() if times} == set(each(days))
        assert max(count.values()) == 1


def test_a_year_up_to_today_takes_no_day_that_has_been() -> None:
    made = pieces(Days(date(2025, 12, 1), date(2026, 11, 22)))
    assert made.months == Days(date(2025, 12, 1), date(2026, 12, 1))
    assert [part.length for part in (*made.more, *made.less)] == [0, 0, 0, 9]


def test_periods_begin_where_people_say_they_do() -> None:
    sunday = date(2026, 3, 1)
    assert [begin(period, sunday) for period in (Period.DAY, Period.WEEK, Period.MONTH)] == [
        sunday, date(2026, 2, 23), sunday,
    ]  # fmt: skip
    assert newest_whole(Period.MONTH, sunday) == Days(date(2026, 2, 1), sunday)
    assert newest_whole(Period.WEEK, sunday) == Days(date(2026, 2, 16), date(2026, 2, 23))
    assert newest_whole(Period.DAY, sunday) == Days(date(2026, 2, 28), sunday)


def test_the_ends_of_the_calendar_are_no_error() -> None:
    assert month_after(date(2026, 12, 31)) == date(2027, 1, 1)
    assert month_after(date.max) == date.max
    assert span(None, date.min, date.max).first == date.min
    assert span(date.max, None, date.max).length == 0
    assert begin(Period.WEEK, date.min) == date.min
