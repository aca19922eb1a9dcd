"""Builders for tests of the store: a database in memory, products, scans, stock."""

import sqlite3
from typing import Any

from edge_agent.domain.movement import Draft
from edge_agent.services import reading
from edge_agent.services.counting import LineCommand, Recorded, record_line
from edge_agent.services.handhelds import Handheld
from edge_agent.services.posting import Move, Posted, goods_of, post
from edge_agent.services.scanning import Mode, Outcome, ScanCommand, record_scan
from edge_agent.services.stocktaking import Opening, open_stocktake
from edge_agent.storage import catalogue, ddl, identity, ledger, levels, retention
from edge_agent.storage.catalogue import Product
from edge_agent.storage.database import prepare
from edge_agent.storage.identity import Identity
from sync_protocol.gtin import check_digit
from sync_protocol.records import Fact, decode

SITE = "00000000-0000-4000-8000-000000000001"
OTHER_SITE = "00000000-0000-4000-8000-000000000002"
DEVICE = "00000000-0000-4000-8000-0000000000d1"
ORIGIN = "00000000-0000-4000-8000-0000000000a1"
NOW = 1_790_000_000_000


def a_connection() -> sqlite3.Connection:
    """An empty database in memory."""
    connection = prepare(sqlite3.connect(":memory:"))
    ddl.create(connection)
    return connection


def a_store(*products: Product) -> sqlite3.Connection:
    """An enrolled box with these products."""
    connection = a_connection()
    identity.create(connection, Identity(SITE, "Store 1", DEVICE, ORIGIN, clock_offset=0))
    for product in products or (a_product(),):
        add(connection, product)
    return connection


def a_product(number: int = 1, **fields: Any) -> Product:
    return Product(**{
        "product_id": f"00000000-0000-4000-8000-1{number:011d}", "sku": f"SKU-{number}", "name": f"Product {number}",
        "price": 199, "reorder_point": 0, "critical_level": 0, "version_epoch": 1, "version_number": 1, **fields,
    })  # fmt: skip


def add(connection: sqlite3.Connection, product: Product, pack_quantity: int = 1000) -> None:
    """Make a product known under its own code."""
    catalogue.save_product(connection, product)
    catalogue.link(connection, code_of(product).zfill(14), product.product_id, pack_quantity)


def code_of(product: Product) -> str:
    """Its EAN-13."""
    body = f"400000{int(product.product_id[-6:]):06d}"
    return body + check_digit(body)


def scan(
    connection: sqlite3.Connection, code: str | bytes, mode: Mode = Mode.SELL, *, now_ms: int = NOW, **fields: Any
) -> Outcome:
    """A beep."""
    raw = reading.raw_of(code.encode() if isinstance(code, str) else code, "till-1", now_ms)
    command = ScanCommand(scan=reading.read(connection, raw, now_ms), mode=mode, **fields)
    return record_scan(connection, command, now_ms)


def move(
    connection: sqlite3.Connection, product: Product, quantity: int, reason: str = "receipt",
    source: str = "supplier", target: str = "shelf", **fields: Any,
) -> Posted:  # fmt: skip
    """Post one movement."""
    draft = Draft(goods_of(product), quantity, source, target, reason, NOW, **fields)
    return post(connection, [Move(draft, product)], NOW, on_negative="block")


def count(
    connection: sqlite3.Connection, product: Product, counted: int, *, handheld: Handheld | None = None,
    stocktake_id: str | None = None, now_ms: int = NOW, location: str = "shelf",
) -> Recorded:  # fmt: skip
    """One line of a stocktake of its own."""
    stocktake_id = stocktake_id or open_stocktake(connection, Opening(), now_ms).stocktake_id
    command = LineCommand(
        stocktake_id=stocktake_id, product=product, counted=counted, handheld=handheld, location=location
    )
    return record_line(connection, command, now_ms)


def on_shelf(connection: sqlite3.Connection, product: Product) -> int:
    return levels.at(connection, product.product_id, "shelf")


def facts_in(connection: sqlite3.Connection, kind: str) -> list[dict[str, Any]]:
    """The bodies of all facts of a kind on the ledger, in order."""
    head, _ = ledger.head(connection)
    records = [decode(text) for text in ledger.read_encoded(connection, 1, head)]
    return [record.body for record in records if isinstance(record, Fact) and record.kind == kind]


def assert_sound(connection: sqlite3.Connection) -> None:
    """Chain whole, levels = fold(ledger), every product sums to zero."""
    assert retention.verify(connection) == []
