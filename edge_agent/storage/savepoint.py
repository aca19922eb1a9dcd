"""All or nothing inside a transaction: an error undoes what was written since, and only that."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

UNFIT = (sqlite3.IntegrityError, sqlite3.DataError, ArithmeticError, AssertionError, LookupError, TypeError, ValueError)
"""What a value that does not fit raises, whoever notices; a failing disk raises something else."""


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """Keep what is written inside if it ends well. What a failing disk raises ends the whole transaction."""
    connection.execute("SAVEPOINT part")
    try:
        yield
    except sqlite3.OperationalError:
        raise
    except Exception:
        connection.execute("ROLLBACK TO part")
        connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")
