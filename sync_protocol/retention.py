"""What a store may forget: never by the record's own clock, never above a verified backup.

`SafeAt(position, at_ms)` says: at this (hub-corrected) time the safe mark already covered
`position`. Records that were safe for RETENTION_MS may go. Times of records play no part,
so a box whose clock stood at 1970 or ran ten years ahead prunes neither early nor never.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sync_protocol.limits import RETENTION_MS


class SafeAt(NamedTuple):
    """The safe mark as it was seen at a time."""

    position: int
    at_ms: int


def prune_below(
    *, safe_mark: int, acked: int, seen: Iterable[SafeAt], now_ms: int, is_trusted: bool,
    retention_ms: int = RETENTION_MS,
) -> int:  # fmt: skip
    """The first position to keep; records below it may be pruned. 1 means: nothing yet.

    `seen` is what was noted at safe marks, in any order; `now_ms` is corrected time, and
    with a clock that is not trusted nothing is forgotten. A safe mark that has gone back
    (a hub restored from an older backup) takes its promise back with it.
    """
    if not is_trusted:
        return 1
    old_enough = (mark.position for mark in seen if mark.at_ms <= now_ms - retention_ms)
    return min(max(old_enough, default=0), safe_mark, acked) + 1


def should_note(last: SafeAt | None, safe_mark: int, now_ms: int, *, every_ms: int = 24 * 3_600_000) -> bool:
    """Whether to note the safe mark again: one note a day is enough to prune by."""
    if last is None:
        return safe_mark > 0
    return safe_mark > last.position and now_ms - last.at_ms >= every_ms
