"""A store box's disk: an SQLite database in memory that outlives the agent.

Backup, restore and cloning copy its pages; a full disk is SQLite's own `max_page_count`, so
the errors are the real ones. The schema is made once per process and copied.

Disks are used again by later runs, rewritten page by page: the box's connection then still
has its statements prepared, and preparing them was a tenth of a run.
"""

import sqlite3
from collections.abc import Iterator
from functools import cache
from itertools import count

from edge_agent.storage import ddl
from edge_agent.storage.database import prepare

_PAGES_MAX = 1_000_000


class Disk:
    """One file."""

    def __init__(self, pages: bytes | None = None) -> None:
        self._medium = _spare.pop() if _spare else _Medium()
        self.connection = self._medium.connection
        self.replace(_empty() if pages is None else pages)

    def image(self) -> bytes:
        """A consistent copy, as SQLite's backup interface makes one."""
        return self.connection.serialize()

    def replace(self, pages: bytes) -> None:
        """Put an earlier image back."""
        self.free()
        self._medium.rewrite(pages)

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

    def scrap(self) -> None:
        """The run is over: a later one may have the medium."""
        self.settle()
        _spare.append(self._medium)


class _Medium:
    """Memory under a name of its own, the connection of the box, and one that rewrites it as a whole."""

    def __init__(self) -> None:
        name = f"file:/simulated-disk-{next(_numbers)}?vfs=memdb"
        self._writer = sqlite3.connect(name, uri=True, isolation_level=None, timeout=0)
        self._writer.execute("PRAGMA journal_mode=OFF")  # nobody goes back to what it writes over
        self._image = sqlite3.connect(":memory:")
        self.connection = prepare(sqlite3.connect(name, uri=True, isolation_level=None, cached_statements=512))

    def rewrite(self, pages: bytes) -> None:
        """Make the memory equal to an image, page by page."""
        self._image.deserialize(pages)
        # Raises when the box still reads: `backup` would wait for it without an end.
        self._writer.execute("BEGIN EXCLUSIVE")
        self._writer.execute("ROLLBACK")
        self._image.backup(self._writer)
        if _schema_version(pages) == _schema_version(_empty()):
            # The backup counted the version up, and every statement would be prepared again. All
            # schemas come from the empty one and only count up: equal version, equal schema.
            self._writer.execute(f"PRAGMA schema_version={_schema_version(pages)}")


_numbers: Iterator[int] = count()
_spare: list[_Medium] = []


@cache
def _empty() -> bytes:
    connection = prepare(sqlite3.connect(":memory:", isolation_level=None))
    connection.execute("BEGIN")
    ddl.create(connection)
    connection.execute("COMMIT")
    pages = connection.serialize()
    connection.close()
    return pages


def _schema_version(pages: bytes) -> int:
    """The schema cookie of SQLite's file format."""
    return int.from_bytes(pages[40:44], "big")
