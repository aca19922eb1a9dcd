"""A snapshot of the catalogue, written beside the old one and swapped in at once.

`begin_staging`, `stage_products` as chunks come, then what `sealing` lists, each in a
transaction of its own while the old catalogue keeps serving and sales go on; then `swap`
renames the tables in the transaction that also sets the feed cursor. A crash before it
leaves the old catalogue, a crash after it the new one.

Rows are appended to tables without an index, and each index is built once all are there: a
sort. 50,000 products one by one into their indexes were twice the work, and wrote each page
of the indexes with nearly every commit: 196 MB, where now it is 30.

Renaming takes the same time for any number of products, but SQLite reads its whole schema
for it and prepares every statement again; the rows of a small shop are copied instead, and
the empty staging tables stay for the next time, so that its schema never changes. The
old tables are renamed too and dropped afterwards, as `clearing` says, bit by bit: SQLite
visits every page that it gives back, 80 ms for 50,000 products.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import Index, bindparam, insert

from edge_agent.crashpoints import crashpoint
from edge_agent.errors import Unavailable
from edge_agent.storage.catalogue import Product
from edge_agent.storage.ddl import FTS, FTS_TRIGGERS, staging_index, staging_statements
from edge_agent.storage.schema import (
    CATALOGUE_INDEXES,
    staging_barcodes,
    staging_products,
)
from edge_agent.storage.statement import RowStatement

Staged = tuple[tuple[Any, ...], list[tuple[str, int]]]
"""A product (a Product, or a plain tuple of its fields) and its (code, pack quantity) pairs."""
Step = Callable[[sqlite3.Connection], None]

_ADD_PRODUCT = RowStatement(insert(staging_products).values({name: bindparam(name) for name in Product._fields}))
_ADD_BARCODE = RowStatement(
    insert(staging_barcodes).values({c.name: bindparam(c.name) for c in staging_barcodes.columns})
)
assert _ADD_PRODUCT.names == Product._fields
assert Product._fields[0] == "product_id"
_TABLES = ("products_fts", "barcodes", "products")
COPIED_MAX = 500
"""Up to so many products, copying rows is faster than renaming their tables."""
WORDS_AT_ONCE = 6_000
"""Products made searchable in one transaction: a sale waits some 10 ms; fewer would be merged more often."""


def begin_staging(connection: sqlite3.Connection) -> None:
    """Empty staging tables, whatever an earlier try left."""
    for step in clearing(connection):
        step(connection)


def clearing(connection: sqlite3.Connection) -> list[Step]:
    """What gives the room back of a catalogue that was replaced, or of a snapshot that was broken off."""
    indexes = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        "AND tbl_name IN ('retired_products', 'retired_barcodes', 'staging_products', 'staging_barcodes')"
    )
    return [
        *(partial(_run, statement=f"DROP INDEX {name}") for (name,) in indexes.fetchall()),
        *(partial(_run, statement=f"DROP TABLE IF EXISTS retired_{name}") for name in _TABLES),
        partial(_run, statement="DROP TABLE IF EXISTS staging_products_fts"),
        partial(_run, statement="DELETE FROM staging_barcodes"),
        partial(_run, statement="DELETE FROM staging_products"),
    ]


def stage_products(connection: sqlite3.Connection, rows: Sequence[Staged]) -> None:
    """Some more products of the snapshot."""
    _ADD_PRODUCT.run_many(connection, [product for product, _ in rows])
    _ADD_BARCODE.run_many(connection, [(code, product[0], pack) for product, codes in rows for code, pack in codes])


def sealing(connection: sqlite3.Connection) -> list[Step]:
    """What is to be done before the swap: indexes and search, unless it is so little that `swap` will copy it."""
    if all(_is_small(connection, name) for name in ("products", "staging_products")):
        return []
    last = connection.execute("SELECT coalesce(max(number), 0) FROM staging_products").fetchone()[0]
    connection.execute(FTS.format(name="staging_products_fts"))
    return [
        *(partial(_build_index, index=index) for index in CATALOGUE_INDEXES),
        *(partial(_index_words, after=after) for after in range(0, last, WORDS_AT_ONCE)),
    ]


def swap(connection: sqlite3.Connection) -> None:
    """The staged catalogue is the catalogue. Call it in the transaction that saves the feed cursor; then `clearing`."""
    crashpoint("edge.swap.before_rename")
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'staging_products_fts'").fetchone():
        _rename(connection)
    else:
        _copy(connection)
    crashpoint("edge.swap.after_rename")


def _is_small(connection: sqlite3.Connection, table: str) -> bool:
    rows: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return rows <= COPIED_MAX


def _build_index(connection: sqlite3.Connection, index: Index) -> None:
    # Not by the schema's version, which begins at 1 in a copy that SQLite's backup made.
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    number = next(each for each in count(1) if f"{index.name}_{each}" not in names)
    try:
        connection.execute(staging_index(index, number))
    except sqlite3.IntegrityError as error:
        raise _repeats_itself(error) from error


def _index_words(connection: sqlite3.Connection, after: int) -> None:
    connection.execute(
        "INSERT INTO staging_products_fts(rowid, name, sku, category) "
        "SELECT number, name, sku, category FROM staging_products WHERE number > ? AND number <= ?",
        (after, after + WORDS_AT_ONCE),
    )


def _run(connection: sqlite3.Connection, statement: str) -> None:
    connection.execute(statement)


def _rename(connection: sqlite3.Connection) -> None:
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'products'"
    for (name,) in connection.execute(triggers).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for name in _TABLES:
        connection.execute(f"ALTER TABLE {name} RENAME TO retired_{name}")
    for name in reversed(_TABLES):
        connection.execute(f"ALTER TABLE staging_{name} RENAME TO {name}")
    for statement in (*FTS_TRIGGERS, *staging_statements()):
        connection.execute(statement)


def _copy(connection: sqlite3.Connection) -> None:
    """Triggers keep the search index."""
    for name in ("products", "barcodes"):
        connection.execute(f"DELETE FROM {name}")
        try:
            connection.execute(f"INSERT INTO {name} SELECT * FROM staging_{name}")
        except sqlite3.IntegrityError as error:
            raise _repeats_itself(error) from error
        connection.execute(f"DELETE FROM staging_{name}")


def _repeats_itself(error: sqlite3.IntegrityError) -> Unavailable:
    """One database snapshot has no product and no code twice, so this is none."""
    return Unavailable("bad_snapshot", f"expected each product and each code once: {error}")
