"""Moments: milliseconds of UTC inside, RFC 3339 text in UTC wherever they leave us."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
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
    seconds, rest = divmod(printable(ms), 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    """Kept, as rows of a list were mostly written in the same few seconds."""
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()


def printable(ms: int) -> int:
    """The moment, or the nearest that can be printed."""
    return max(0, min(ms, _MAX_MS))
