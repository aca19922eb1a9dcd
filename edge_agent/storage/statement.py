"""Statements written with SQLAlchemy Core, compiled once, run on the driver.

Core says what is asked and knows the schema; compiling it for each call would cost more
than the statement itself, so the text is made at import and sqlite3 keeps it prepared.
Parameters are passed by the names of their `bindparam`s.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.sql.elements import ClauseElement

_POSITIONAL = sqlite.dialect(paramstyle="qmark")
_DIALECT = sqlite.dialect(paramstyle="named")


class Statement:
    """One statement; `text` is its SQL with `:name` placeholders."""

    __slots__ = ("_constants", "text")

    def __init__(self, clause: ClauseElement) -> None:
        compiled = clause.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.text = str(compiled)
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}

    def run(self, connection: sqlite3.Connection, **values: Any) -> sqlite3.Cursor:
        """Execute it; the cursor has the rows."""
        return connection.execute(self.text, {**self._constants, **values} if self._constants else values)

    def run_many(self, connection: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute it once per row."""
        connection.executemany(self.text, rows)

    def row(self, connection: sqlite3.Connection, **values: Any) -> tuple[Any, ...] | None:
        """Its first row, or None."""
        # As `run`, spelled out: most statements are point reads, and a call would pack their values once more.
        cursor = connection.execute(self.text, {**self._constants, **values} if self._constants else values)
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found

    def value(self, connection: sqlite3.Connection, **values: Any) -> Any:
        """The first column of its first row, or None."""
        found = self.row(connection, **values)
        return None if found is None else found[0]


class RowStatement:
    """A statement for many rows: each is a tuple in the order of the placeholders, which is faster."""

    __slots__ = ("names", "text")

    def __init__(self, clause: ClauseElement) -> None:
        compiled = clause.compile(dialect=_POSITIONAL)
        self.text = str(compiled)
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]

    def run(self, connection: sqlite3.Connection, row: tuple[Any, ...]) -> sqlite3.Cursor:
        """Execute it for one row."""
        return connection.execute(self.text, row)

    def run_many(self, connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
        """Execute it once per row."""
        connection.executemany(self.text, rows)


def adding(table: Table) -> Statement:
    """An INSERT of a whole row, parameters named as the columns."""
    return Statement(insert(table).values({c.name: bindparam(c.name) for c in table.columns}))


def saving(table: Table, *key: str) -> Statement:
    """An INSERT of a whole row that overwrites the one with the same key."""
    row = insert(table).values({c.name: bindparam(c.name) for c in table.columns})
    rest = {c.name: row.excluded[c.name] for c in table.columns if c.name not in key}
    return Statement(row.on_conflict_do_update(index_elements=list(key), set_=rest))
