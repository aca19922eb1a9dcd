"""Statements written with SQLAlchemy Core, compiled once, run on the driver.

Core says what is asked and knows the schema; compiling it for each call would cost more
than the statement itself, so the text is made at import and sqlite3 keeps it prepared.
Parameters are passed by the names of their `bindparam`s.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ClauseElement

_DIALECT = sqlite.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


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
        found: tuple[Any, ...] | None = self.run(connection, **values).fetchone()
        return found

    def value(self, connection: sqlite3.Connection, **values: Any) -> Any:
        """The first column of its first row, or None."""
        found = self.row(connection, **values)
        return None if found is None else found[0]
