"""When clocked work is due: every so many seconds, or at a time of day somewhere.

A schedule numbers its slots; a slot is run once, whoever runs it. A calendar slot is a local
date, so the day on which clocks change has its run too, once: a time that the clock skips
means the moment after the gap, one that it shows twice means the first. Pure: `now` is an
argument.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloud_hub.errors import Invalid


@dataclass(frozen=True, slots=True)
class Every:
    """Once in so many seconds."""

    seconds: int

    def slot(self, now_ms: int) -> int:
        """The number of the slot that `now` is in."""
        return now_ms // (self.seconds * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """At a time of day in a time zone; on every day, on one weekday (0 is Monday) or on one day of the month."""

    at: time
    zone: str = "UTC"
    weekday: int | None = None
    day: int | None = None
    """1 to 28, so that every month has it."""

    def slot(self, now_ms: int) -> int:
        """The ordinal of the newest local date that was due by now."""
        zone = ZoneInfo(self.zone)
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        found = now.astimezone(zone).date()
        while not self._is_on(found) or datetime.combine(found, self.at, zone).astimezone(UTC) > now:
            found -= timedelta(days=1)
        return found.toordinal()

    def _is_on(self, found: date) -> bool:
        return self.weekday in (None, found.weekday()) and self.day in (None, found.day)


Schedule = Every | Calendar


def require_zone(name: str) -> None:
    """A time zone has this name, or Invalid."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise no_zone() from None


def no_zone() -> Invalid:
    return Invalid("timezone", "expected a time zone such as Europe/Berlin", pointer="/timezone")
