"""Clocks, as values: the offset to the hub, hybrid logical time, trust, and waiting.

No order and no loss ever depends on what is computed here (positions do that); corrected
time serves reports, expiry of commands and ties between concurrent edits. Nothing here
reads a clock or draws a random number: both are arguments.
"""

from collections.abc import Callable
from typing import NamedTuple

CLOCK_FLOOR_MS = 1_735_689_600_000
"""2025-01-01: no clock of a running box can honestly be before this protocol."""

CLOCK_CEILING_MS = 4_102_444_800_000
"""2100-01-01."""

JUMP_MS = 5_000
"""Wall and monotonic time may drift apart by this between two looks before it is a jump."""

SKEW_ALERT_MS = 5 * 60_000
FUTURE_MAX_MS = 60_000
"""A hybrid time further ahead than this is of a clock that was wrong."""

_SAMPLES = 8


class Sample(NamedTuple):
    """One look at the hub's clock: offset to add to ours, and the round trip it cost."""

    offset_ms: int
    round_trip_ms: int


class OffsetEstimator:
    """How far this clock is from the hub's: the sample with the shortest round trip of the last few."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []

    def observe(self, *, hub_time_ms: int, sent_ms: int, received_ms: int) -> None:
        """The hub said its time in answer to something sent at `sent_ms` (both ours: wall clock)."""
        round_trip = received_ms - sent_ms
        if round_trip < 0:
            return
        self._samples.append(Sample(hub_time_ms + round_trip // 2 - received_ms, round_trip))
        del self._samples[:-_SAMPLES]

    def jumped(self) -> None:
        """Our clock was set: what was learnt about it is void."""
        self._samples.clear()

    @property
    def offset_ms(self) -> int | None:
        """Milliseconds to add to our clock; None when unknown."""
        best = min(self._samples, key=lambda sample: sample.round_trip_ms, default=None)
        return None if best is None else best.offset_ms


class JumpDetector:
    """Compares wall with monotonic time, both in milliseconds."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def look(self, wall_ms: int, monotonic_ms: int) -> int:
        """By how much the wall clock was set since the last look; 0 for mere drift."""
        last, self._last = self._last, (wall_ms, monotonic_ms)
        if last is None:
            return 0
        moved = (wall_ms - last[0]) - (monotonic_ms - last[1])
        return moved if abs(moved) > JUMP_MS else 0


def is_trusted(wall_ms: int, offset_ms: int | None) -> bool:
    """Whether corrected time may decide that something has expired: the hub has set it right."""
    return offset_ms is not None and CLOCK_FLOOR_MS <= wall_ms + offset_ms < CLOCK_CEILING_MS


def corrected(wall_ms: int, offset_ms: int | None) -> int:
    """Our time as the hub would tell it."""
    return wall_ms + (offset_ms or 0)


def next_hybrid(last: tuple[int, int], now_ms: int) -> tuple[int, int]:
    """The hybrid logical time after `last`: ms and a counter. It does not go back, but it does not follow either a
    clock that was once far ahead: that one would win against everybody until the time it believed in."""
    if last[0] > now_ms + FUTURE_MAX_MS:
        return now_ms, 0
    return (now_ms, 0) if now_ms > last[0] else (last[0], last[1] + 1)


def full_jitter(attempt: int, base_ms: int, cap_ms: int, random: Callable[[], float]) -> int:
    """How long to wait before try `attempt` (0, 1, ...): anything up to a doubling bound."""
    bound = min(cap_ms, base_ms << min(max(attempt, 0), 32))
    return int(random() * bound)
