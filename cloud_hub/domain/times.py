"""Moments: milliseconds of UTC inside, RFC 3339 text in UTC wherever they leave us."""

from datetime import UTC, datetime, timedelta
from typing import overload

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH = EPOCH.replace(tzinfo=None)
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
    moment = _EPOCH + timedelta(milliseconds=printable(ms))
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def printable(ms: int) -> int:
    """The moment, or the nearest that can be printed."""
    return max(0, min(ms, _MAX_MS))
