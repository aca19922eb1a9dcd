"""F24: what lay there at the end of each period is what lies there now, less what moved since."""

import random
from datetime import date, timedelta
from decimal import Decimal

from cloud_hub.domain.periods import Days, Period
from cloud_hub.domain.trends import Day, change, days_of_cover, is_dead, sell_through, share, trend, turnover

FIRST = date(2026, 1, 1)


def test_the_trend_is_the_running_sum_of_what_moved(seed: int) -> None:
    draw = random.Random(seed)
    for period in (Period.DAY, Period.WEEK, Period.MONTH):
        moved = {
            FIRST + timedelta(draw.randrange(200)): Day(added=draw.randrange(9_000), taken=draw.randrange(9_000))
            for _ in range(60)
        }
        opening = draw.randrange(100_000)
        days = Days(FIRST + timedelta(draw.randrange(50)), FIRST + timedelta(draw.randrange(60, 190)))
        since = {day: each for day, each in moved.items() if day >= days.first}
        now = opening + sum(each.added - each.taken for each in moved.values())
        points = trend(now, since, days, period)
        assert [point.first for point in points] == sorted({max(point.first, days.first) for point in points})
        assert points[0].first == days.first
        ends = [following.first for following in points[1:]] + [days.until]
        for point, end in zip(points, ends, strict=True):
            assert point.on_hand == opening + sum(each.added - each.taken for day, each in moved.items() if day < end)
            inside = [each for day, each in moved.items() if point.first <= day < end]
            assert point.moved.added == sum(each.added for each in inside)


def test_the_first_days_there_are_have_a_trend_too() -> None:
    days = Days(date.min, date.min + timedelta(5))
    assert [point.on_hand for point in trend(7, {}, days, Period.DAY)] == [7] * 5


def test_how_well_it_sells_is_said_only_where_there_is_something_to_divide_by() -> None:
    assert turnover(30, 20, 10) == Decimal("2.000")
    assert turnover(5, 0, 0) is None
    assert sell_through(30, 20, 40) == Decimal("0.500")
    assert sell_through(1, 0, 0) is None
    assert days_of_cover(10, 30, 30) == Decimal("10.000")
    assert days_of_cover(10, 0, 30) is None
    assert share(1, 3) == Decimal("0.333")
    assert share(0, 0) is None
    assert [is_dead(*each) for each in ((1, 0), (0, 0), (1, 1), (1, -1))] == [True, False, False, True]


def test_a_share_is_compared_with_the_one_before_it() -> None:
    assert change((8, 100), (20, 200)) == Decimal("-0.200")
    assert change((3, 10), (1, 10)) == 2
    assert change((0, 10), (1, 10)) == -1
    assert (change((1, 10), (0, 10)), change((0, 0), (1, 10)), change((1, 10), (0, 0))) == (None, None, None)
