"""A snapshot of the catalogue, written beside the old one and swapped in at once.

`begin_staging`, `stage_products` as chunks come, `seal_staging` (the search index), all in
transactions of their own while the old catalogue keeps serving; then `swap` renames the
tables in the transaction that also sets the feed cursor. A crash before it leaves the old
catalogue, a crash after it the new one.

Renaming takes the same time for any number of products, but SQLite reads its whole schema
for it and prepares every statement again; the rows of a small shop are copied instead.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, insert

from edge_agent.crashpoints import crashpoint
from edge_agent.storage.catalogue import Product
from edge_agent.storage.schema import (
    FTS,
    FTS_TRIGGERS,
    staging_barcodes,
    staging_products,
    staging_statements,
)
from edge_agent.storage.statement import RowStatement

Staged = tuple[tuple[Any, ...], list[tuple[str, int]]]
"""A product (a Product, or a plain tuple of its fields) and its (code, pack quantity) pairs."""

_ADD_PRODUCT = RowStatement(
    insert(staging_products).values({name: bindparam(name) for name in Product._fields}).prefix_with("OR REPLACE")
)
_ADD_BARCODE = RowStatement(
    insert(staging_barcodes)
    .values({c.name: bindparam(c.name) for c in staging_barcodes.columns})
    .prefix_with("OR REPLACE")
)
assert _ADD_PRODUCT.names == Product._fields
assert Product._fields[0] == "product_id"
_TABLES = ("products_fts", "barcodes", "products")
COPIED_MAX = 500
"""Up to so many products, copying rows is faster than renaming their tables."""


def begin_staging(connection: sqlite3.Connection) -> None:
    """Empty staging tables; what an earlier try left is dropped."""
    drop_staging(connection)
    for statement in staging_statements():
        connection.execute(statement)


def drop_staging(connection: sqlite3.Connection) -> None:
    """Give the room back."""
    for name in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS staging_{name}")


def stage_products(connection: sqlite3.Connection, rows: Iterable[Staged]) -> None:
    """Some more products of the snapshot; the same one twice is the later one."""
    staged = list(rows)
    _ADD_PRODUCT.run_many(connection, [product for product, _ in staged])
    _ADD_BARCODE.run_many(connection, [(code, product[0], pack) for product, codes in staged for code, pack in codes])


def seal_staging(connection: sqlite3.Connection) -> None:
    """Index what is staged for search, unless it is so little that `swap` will copy it."""
    if all(_is_small(connection, name) for name in ("products", "staging_products")):
        return
    connection.execute(FTS.format(name="staging_products_fts"))
    connection.execute(
        "INSERT INTO staging_products_fts(rowid, name, sku, category) "
        "SELECT number, name, sku, category FROM staging_products"
    )


def swap(connection: sqlite3.Connection) -> None:
    """The staged catalogue is the catalogue. Call it in the transaction that saves the feed cursor."""
    crashpoint("edge.swap.before_rename")
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'staging_products_fts'").fetchone():
        _rename(connection)
    else:
        _copy(connection)
    crashpoint("edge.swap.after_rename")


def _is_small(connection: sqlite3.Connection, table: str) -> bool:
    rows: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return rows <= COPIED_MAX


def _rename(connection: sqlite3.Connection) -> None:
    for name in _TABLES:
        connection.execute(f"DROP TABLE {name}")
    for name in reversed(_TABLES):
        connection.execute(f"ALTER TABLE staging_{name} RENAME TO {name}")
    for trigger in FTS_TRIGGERS:
        connection.execute(trigger)


def _copy(connection: sqlite3.Connection) -> None:
    """Triggers keep the search index."""
    for name in ("products", "barcodes"):
        connection.execute(f"DELETE FROM {name}")
        connection.execute(f"INSERT INTO {name} SELECT * FROM staging_{name}")
        connection.execute(f"DROP TABLE staging_{name}")
