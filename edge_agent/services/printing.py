"""The print queue: asking for labels, and what happens to a job run by run.

Each step is one transaction, so a job goes on after a kill where it was; a run that was under
way then may be out, and is treated so (`domain/print_job.py`).
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from edge_agent.domain import print_job
from edge_agent.domain.print_job import OPEN, PrintJob, Trouble
from edge_agent.errors import Conflict, NotFound, Unavailable
from edge_agent.services.health import Check
from edge_agent.storage import print_jobs

JOBS_WAITING_MAX = 200
KEPT_MS = 7 * 24 * 3_600_000
"""How long one can look up what became of a job."""


class PrinterSettings(Protocol):
    """One printer of the configuration."""

    @property
    def name(self) -> str: ...

    @property
    def templates(self) -> Sequence[str]: ...

    @property
    def format(self) -> Literal["zpl", "pdf"]: ...

    @property
    def output(self) -> str | tuple[str, ...]: ...

    @property
    def dpi(self) -> int: ...

    @property
    def width_mm(self) -> float: ...

    @property
    def height_mm(self) -> float: ...


class Queue(NamedTuple):
    """What waits for one printer, and what is in the way of the first job."""

    jobs: int
    labels: int
    first: PrintJob | None

    @property
    def state(self) -> str:
        if self.first is None:
            return "ready"
        if self.first.problem:
            return "trouble"
        return self.first.state


def ask(connection: sqlite3.Connection, job: PrintJob, now_ms: int) -> None:
    """Put a job behind the others. Raises Unavailable (`print_queue_full`)."""
    print_jobs.forget(connection, now_ms - KEPT_MS)
    if sum(jobs for jobs, _ in print_jobs.waiting(connection).values()) >= JOBS_WAITING_MAX:
        raise Unavailable("print_queue_full", f"expected fewer than {JOBS_WAITING_MAX} waiting jobs",
                          remedy="look after the printers, or cancel what nobody wants")  # fmt: skip
    print_jobs.add(connection, job._replace(changed_at=now_ms))


def get(connection: sqlite3.Connection, job_id: str) -> PrintJob:
    """The job. Raises NotFound."""
    job = print_jobs.find(connection, job_id)
    if job is None:
        raise NotFound("print_job", f"there is no print job {job_id[:60]!r}; they are kept for a week")
    return job


def cancel(connection: sqlite3.Connection, job_id: str, now_ms: int) -> PrintJob:
    """Print no more of it. Raises NotFound, Conflict (`print_job_over`)."""
    job = get(connection, job_id)
    if job.state == "cancelled":
        return job
    if job.state not in OPEN:
        raise Conflict("print_job_over", f"expected a job that waits or prints, this one is {job.state}")
    return _save(connection, print_job.cancelled(job), now_ms)


def next_job(connection: sqlite3.Connection, printer: str, now_ms: int) -> PrintJob | None:
    """The job whose next run is to be drawn; what a killed agent left is settled on the way."""
    while (job := print_jobs.next_open(connection, printer)) is not None:
        if job.sending:
            left = Trouble("interrupted", "the agent was ended while the printer was being told")
            _save(connection, print_job.uncertain(job, left), now_ms)
        elif print_job.is_too_old(job, now_ms):
            why = Trouble("print_too_old", f"waited for a day; the last problem: {job.detail or 'none'}")
            _save(connection, print_job.failed(job, why), now_ms)
        else:
            return job
    return None


def begin(connection: sqlite3.Connection, job_id: str, now_ms: int) -> PrintJob | None:
    """Its next run may be out from here on; None when somebody cancelled it meanwhile."""
    job = get(connection, job_id)
    return _save(connection, print_job.begun(job), now_ms) if job.state in OPEN else None


def settle(
    connection: sqlite3.Connection, job_id: str, outcome: Callable[[PrintJob], PrintJob], now_ms: int
) -> PrintJob:
    """What became of the run."""
    return _save(connection, outcome(get(connection, job_id)), now_ms)


def queues(connection: sqlite3.Connection, printers: Sequence[str]) -> dict[str, Queue]:
    """By printer, what waits."""
    waiting = print_jobs.waiting(connection)
    return {name: Queue(*waiting.get(name, (0, 0)), print_jobs.next_open(connection, name)) for name in printers}


def checks(connection: sqlite3.Connection, printers: Sequence[str]) -> list[Check]:
    """How the printers are."""
    return [_check(name, queue) for name, queue in queues(connection, printers).items()]


def _check(name: str, queue: Queue) -> Check:
    if queue.first is None or not queue.first.problem:
        return Check(f"printer {name}", "ok", f"{queue.labels} labels wait")
    detail = f"{queue.labels} labels wait: {queue.first.detail}"
    return Check(f"printer {name}", "warn", detail, "switch it on, look at paper and cable; it is tried by itself")


def _save(connection: sqlite3.Connection, job: PrintJob, now_ms: int) -> PrintJob:
    print_jobs.save(connection, job, now_ms)
    return job
