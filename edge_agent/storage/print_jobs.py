"""Labels that wait for their printer, first in first out per printer, and what became of them."""

import sqlite3

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from edge_agent.domain.print_job import OPEN, PrintJob
from edge_agent.storage.schema import print_jobs
from edge_agent.storage.statement import Statement

_C = print_jobs.c
_COLUMNS = [_C[name] for name in PrintJob._fields]
_IS_OPEN = or_(*(_C.state == state for state in OPEN))
_ADD = Statement(insert(print_jobs).values({name: bindparam(name) for name in PrintJob._fields}))
_FIND = Statement(select(*_COLUMNS).where(_C.job_id == bindparam("job_id")))
_LIST = Statement(select(*_COLUMNS).order_by(_C.number.desc()).limit(bindparam("most")))
_NEXT = Statement(select(*_COLUMNS).where(_C.printer == bindparam("printer"), _IS_OPEN).order_by(_C.number).limit(1))
_CHANGED = ("state", "sent", "sending", "is_repeat", "doubled", "attempts", "problem", "detail", "changed_at")
_SAVE = Statement(
    update(print_jobs)
    .where(_C.job_id == bindparam("of_job"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGED})
)
_WAITING = Statement(
    select(_C.printer, func.count(), func.sum(_C.total - _C.sent)).where(_IS_OPEN).group_by(_C.printer)
)
_FORGET = Statement(delete(print_jobs).where(_C.changed_at < bindparam("before")))


def add(connection: sqlite3.Connection, job: PrintJob) -> None:
    """Behind all others."""
    _ADD.run(connection, **job._asdict())


def find(connection: sqlite3.Connection, job_id: str) -> PrintJob | None:
    found = _FIND.row(connection, job_id=job_id)
    return None if found is None else PrintJob(*found)


def list_jobs(connection: sqlite3.Connection, most: int) -> list[PrintJob]:
    """Newest first."""
    return [PrintJob(*row) for row in _LIST.run(connection, most=most)]


def next_open(connection: sqlite3.Connection, printer: str) -> PrintJob | None:
    """The first that waits for this printer, or is under way there."""
    found = _NEXT.row(connection, printer=printer)
    return None if found is None else PrintJob(*found)


def save(connection: sqlite3.Connection, job: PrintJob, now_ms: int) -> None:
    """What became of it."""
    changed = job._replace(changed_at=now_ms)._asdict()
    _SAVE.run(connection, of_job=job.job_id, **{f"new_{name}": changed[name] for name in _CHANGED})


def waiting(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """By printer: jobs and labels that are not out yet."""
    return {printer: (jobs, labels) for printer, jobs, labels in _WAITING.run(connection)}


def forget(connection: sqlite3.Connection, before_ms: int) -> None:
    """Drop what nothing has happened to since then: what is over, and what waits for a printer that is no more."""
    _FORGET.run(connection, before=before_ms)
