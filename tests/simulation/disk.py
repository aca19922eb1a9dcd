"""A store box's disk: an SQLite database in memory that outlives the agent.

Backup, restore and cloning copy its pages; a full disk is SQLite's own `max_page_count`, so
the errors are the real ones. The schema is made once per process and copied.
"""

import sqlite3
from functools import cache

from edge_agent.storage import schema
from edge_agent.storage.database import prepare

_PAGES_MAX = 1_000_000


class Disk:
    """One file."""

    def __init__(self, pages: bytes | None = None) -> None:
        self.connection = _open(_empty() if pages is None else pages)

    def image(self) -> bytes:
        """A consistent copy, as SQLite's backup interface makes one."""
        return self.connection.serialize()

    def replace(self, pages: bytes) -> None:
        """Put an earlier image back."""
        self.connection.close()
        self.connection = _open(pages)

    def settle(self) -> None:
        """What the next opening does after a crash: roll back what was not committed."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def fill(self) -> None:
        """Not one more page fits."""
        self.connection.execute("PRAGMA max_page_count=1")  # SQLite clamps it to what is in use

    def free(self) -> None:
        """There is room again."""
        self.connection.execute(f"PRAGMA max_page_count={_PAGES_MAX}")


def _open(pages: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
    connection.deserialize(pages)
    return prepare(connection)


@cache
def _empty() -> bytes:
    connection = prepare(sqlite3.connect(":memory:", isolation_level=None))
    connection.execute("BEGIN")
    schema.create(connection)
    connection.execute("COMMIT")
    pages = connection.serialize()
    connection.close()
    return pages
