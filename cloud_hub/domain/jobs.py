"""The life of a job: long work that somebody asked for and a worker does later.

    queued -> running -> done | failed | cancelled
    queued -> cancelled
    running -> queued      the worker stopped, or the work failed in a way that may pass

Pure; who holds a job is a lease in the database (storage/jobs.py).
"""

from enum import StrEnum


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = frozenset({JobState.QUEUED, JobState.RUNNING})
ATTEMPTS_MAX = 5
"""So often a job is begun; whatever kills its worker each time is not tried for ever."""
OPEN_MAX = 20
"""Jobs that one caller may have waiting or running."""
ERRORS_KEPT = 1_000
"""Row errors that are kept of one job; the others are only counted."""
ROWS_AT_ONCE = 500
"""Rows of a batch that a request writes itself; more are a job."""
ROWS_MAX = 10_000
"""Rows of a batch; for more than that there are sheets to import."""


def backoff_ms(attempts: int) -> int:
    """How long to wait before an attempt after so many failed ones: 1 s, doubling, at most 5 minutes."""
    return min(1_000 << max(0, attempts - 1), 300_000)
