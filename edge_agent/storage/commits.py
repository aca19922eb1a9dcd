"""One commit for all functions that wait: one that fails undoes only itself.

Run on the writer thread. What SQLite says when the disk is full or fails becomes an error of
ours; then nobody's changes are kept, and everybody is told.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from edge_agent.crashpoints import crashpoint
from edge_agent.errors import EdgeError, Unavailable
from edge_agent.storage import ledger


class Job(NamedTuple):
    """A function that waits for its turn, and who waits for it."""

    function: Callable[[sqlite3.Connection], object]
    future: asyncio.Future[object]


class Done(NamedTuple):
    """What became of a job, once it is committed or undone."""

    job: Job
    result: object
    error: BaseException | None


def commit_together(connection: sqlite3.Connection, jobs: list[Job]) -> tuple[list[Done], int | None]:
    """Run the functions in one transaction; when the transaction itself fails, all of them fail.

    Also returns the ledger's last position, None when nothing was changed.
    """
    before = connection.total_changes
    try:
        done = _run_all(connection, jobs)
        head = ledger.last_position(connection) if connection.total_changes != before else None
        crashpoint("edge.write.before_commit")
        connection.execute("COMMIT")
        crashpoint("edge.write.after_commit")
    except BaseException as error:  # noqa: BLE001 - handed to those who wait
        roll_back(connection)
        failure = as_unavailable(error)
        return [Done(job, None, failure) for job in jobs], None
    return done, head


def _run_all(connection: sqlite3.Connection, jobs: list[Job]) -> list[Done]:
    """The functions in a new transaction.

    A savepoint keeps a copy of each page that is touched, so there is none before one of several functions has failed.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        return [Done(job, job.function(connection), None) for job in jobs]
    except Exception:
        if len(jobs) == 1:
            raise
    roll_back(connection)
    connection.execute("BEGIN IMMEDIATE")
    return [_run_one(connection, job) for job in jobs]


def _run_one(connection: sqlite3.Connection, job: Job) -> Done:
    connection.execute("SAVEPOINT one")
    try:
        result = job.function(connection)
    except (sqlite3.OperationalError, MemoryError) as error:
        if not connection.in_transaction or _is_full(error):
            # SQLite has undone the whole transaction already, or no later statement can work.
            raise
        return _undone(connection, job, error)
    except Exception as error:  # noqa: BLE001 - the caller gets it
        return _undone(connection, job, error)
    connection.execute("RELEASE one")
    return Done(job, result, None)


def _undone(connection: sqlite3.Connection, job: Job, error: Exception) -> Done:
    connection.execute("ROLLBACK TO one")
    connection.execute("RELEASE one")
    return Done(job, None, error if isinstance(error, EdgeError) else as_unavailable(error))


def roll_back(connection: sqlite3.Connection) -> None:
    """Undo what is open, if anything is."""
    # After SQLITE_FULL SQLite has rolled back by itself and ROLLBACK would raise.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _is_full(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", "").startswith(
        ("SQLITE_FULL", "SQLITE_IOERR")
    )


def as_unavailable(error: BaseException) -> BaseException:
    """A driver error as one of ours; any other error as it is."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return Unavailable("storage_full", "the disk is full; nothing was written",
                           remedy="free space on the box; sales continue from the reserve")  # fmt: skip
    if isinstance(error, sqlite3.OperationalError) and name.startswith(("SQLITE_IOERR", "SQLITE_READONLY",
                                                                       "SQLITE_CANTOPEN")):  # fmt: skip
        return Unavailable("storage_failed", f"the disk failed: {error}", remedy="check the disk, then restart")
    return error
