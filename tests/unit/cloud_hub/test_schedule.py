"""FEATURES 5: when clocked work is due, also where clocks are put forward and back."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from cloud_hub.domain.schedule import Calendar, Every

BERLIN = ZoneInfo("Europe/Berlin")


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def slots(calendar: Calendar, first: datetime, hours: int) -> list[int]:
    """The slot at each quarter of an hour, each named once."""
    start = ms(first)
    seen = [calendar.slot(start + quarter * 900_000) for quarter in range(hours * 4)]
    return list(dict.fromkeys(seen))


def test_a_slot_of_seconds_changes_at_each_multiple_of_them() -> None:
    assert [Every(60).slot(at) for at in (0, 59_999, 60_000, 119_999)] == [0, 0, 1, 1]


def test_a_calendar_slot_begins_at_its_time_of_day_and_not_before() -> None:
    nightly = Calendar(at=time(2, 30), zone="Europe/Berlin")
    before = datetime(2026, 7, 1, 2, 29, 59, tzinfo=BERLIN)
    assert nightly.slot(ms(before)) + 1 == nightly.slot(ms(before.replace(minute=30, second=0)))


def test_each_day_has_one_slot_though_its_time_is_skipped_or_comes_twice() -> None:
    nightly = Calendar(at=time(2, 30), zone="Europe/Berlin")
    for month, day in ((3, 28), (10, 24)):  # the days before both changes of 2026
        found = slots(nightly, datetime(2026, month, day, 12, tzinfo=BERLIN), 96)
        assert found == list(range(found[0], found[0] + 5))


def test_a_time_that_the_clock_skips_is_the_moment_after_the_gap() -> None:
    nightly = Calendar(at=time(2, 30), zone="Europe/Berlin")
    gap = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 2:00 becomes 3:00
    slot = datetime(2026, 3, 29, tzinfo=UTC).toordinal()
    assert [nightly.slot(ms(gap) + minutes * 60_000) - slot for minutes in (-1, 29, 30)] == [-1, -1, 0]


def test_a_weekly_and_a_monthly_slot_keep_their_day() -> None:
    weekly = Calendar(at=time(2), weekday=6)
    monthly = Calendar(at=time(4), day=1)
    now = ms(datetime(2026, 11, 21, 12, tzinfo=UTC))  # a Saturday
    assert weekly.slot(now) == datetime(2026, 11, 15, tzinfo=UTC).toordinal()
    assert monthly.slot(now) == datetime(2026, 11, 1, tzinfo=UTC).toordinal()
