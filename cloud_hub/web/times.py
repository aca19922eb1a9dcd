"""Times at the REST border: RFC 3339 text in UTC outside, milliseconds inside."""

from datetime import UTC, datetime, timedelta
from typing import overload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MS = 253_402_300_799_000
"""The last second of the year 9999: what a box's wild clock may claim and we can still print."""


@overload
def rfc3339(ms: int) -> str: ...
@overload
def rfc3339(ms: None) -> None: ...
def rfc3339(ms: int | None) -> str | None:
    """Text of a moment, with milliseconds."""
    if ms is None:
        return None
    moment = _EPOCH + timedelta(milliseconds=_within(ms))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_ms(moment: datetime) -> int:
    """Milliseconds of an aware moment; before 1970 and beyond 9999 (in UTC) counts as the nearest that is not."""
    return _within((moment - _EPOCH) // timedelta(milliseconds=1))


def _within(ms: int) -> int:
    return max(0, min(ms, _MAX_MS))
