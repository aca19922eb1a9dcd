"""The statements that make the tables of schema.py, the index of the catalogue's words, and what a snapshot goes into.

`create` prepares an empty database: a new box's file, tests, the simulator.
"""

import sqlite3
from functools import cache

from sqlalchemy import Index
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from edge_agent.storage.schema import metadata

FTS = (
    "CREATE VIRTUAL TABLE {name} USING fts5(name, sku, category, content='products',\n  "
    "content_rowid='number', columnsize=0, tokenize='unicode61 remove_diacritics 2')"
)
"""Without the sizes of columns, which only a ranking would ask for: they are a third of the work."""
FTS_TRIGGERS = (
    """CREATE TRIGGER products_added AFTER INSERT ON products BEGIN
  INSERT INTO products_fts(rowid, name, sku, category) VALUES (new.number, new.name, new.sku, new.category);
END""",
    """CREATE TRIGGER products_removed AFTER DELETE ON products BEGIN
  INSERT INTO products_fts(products_fts, rowid, name, sku, category)
  VALUES ('delete', old.number, old.name, old.sku, old.category);
END""",
    """CREATE TRIGGER products_changed AFTER UPDATE OF name, sku, category ON products BEGIN
  INSERT INTO products_fts(products_fts, rowid, name, sku, category)
  VALUES ('delete', old.number, old.name, old.sku, old.category);
  INSERT INTO products_fts(rowid, name, sku, category) VALUES (new.number, new.name, new.sku, new.category);
END""",
)
_STAGING = ("staging_products", "staging_barcodes")


def statements() -> list[str]:
    """The DDL of an empty database, in order."""
    dialect = sqlite.dialect()
    found = []
    for table in metadata.sorted_tables:
        found.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        found += [
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    return [*found, FTS.format(name="products_fts"), *FTS_TRIGGERS]


@cache
def staging_statements() -> tuple[str, ...]:
    """The DDL of the tables that a snapshot is written into; they are indexed when all rows are there."""
    dialect = sqlite.dialect()
    return tuple(str(CreateTable(metadata.tables[name]).compile(dialect=dialect)).strip() for name in _STAGING)


def staging_index(index: Index, number: int) -> str:
    """The DDL of a catalogue's index for its staging table. A renamed table keeps the names of its indexes, so
    `number` makes one that none here has."""
    assert index.table is not None
    unique, columns = "UNIQUE " if index.unique else "", ", ".join(column.name for column in index.columns)
    return f"CREATE {unique}INDEX {index.name}_{number} ON staging_{index.table.name} ({columns})"


def create(connection: sqlite3.Connection) -> None:
    """Make every table in an empty database."""
    for statement in statements():
        connection.execute(statement)
    connection.execute("INSERT INTO policy (one) VALUES (1)")
