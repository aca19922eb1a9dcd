"""A small shop to look at: what head office would have told the box before the line was cut."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from edge_agent.services.applying import apply_change
from edge_agent.storage import catalogue, database, elsewhere
from sync_protocol.changes import Barcode, Order, Product, Site, TransferNotice, change
from sync_protocol.gtin import check_digit
from tests.unit.edge_agent_sync.builders import SITE, an_id

NOW = 1_790_000_000_000


def _ean(number: int) -> str:
    body = f"40000001{number:04d}"
    return body + check_digit(body)


def _product(
    number: int, sku: str, name: str, category: str, price: int, unit: str = "each", pack: int = 1000
) -> Product:
    codes = [Barcode(code=_ean(number).zfill(14))]
    if pack != 1000:
        codes.append(Barcode(code=_ean(number + 500).zfill(14), pack_quantity=pack))
    return Product(
        product_id=an_id(number), version=(1, number), sku=sku, name=name, category=category, unit=unit, price=price,
        barcodes=codes, reorder_point=5000, critical_level=2000,
    )  # fmt: skip


OATS = _product(1, "OAT-1L", "Oat drink Barista 1 l", "Dairy & plant", 219)
BUTTER = _product(2, "BUT-250", "Farm butter 250 g", "Dairy & plant", 289)
COFFEE = _product(3, "COF-500", "Espresso beans 500 g", "Coffee & tea", 899)
WATER = _product(4, "WAT-1L", "Sparkling water 1 l", "Drinks", 79, pack=6000)
CHEESE = _product(5, "CHE-KG", "Mountain cheese, loose", "Dairy & plant", 2190, unit="kg")
CHOCOLATE = _product(6, "CHO-85", "Dark chocolate 85 %", "Sweets", 249)
PASTA = _product(7, "PAS-500", "Spelt spaghetti 500 g", "Pantry", 179)
APPLES = _product(8, "APP-KG", "Apples Topaz, loose", "Fruit", 349, unit="kg")
PRODUCTS = (OATS, BUTTER, COFFEE, WATER, CHEESE, CHOCOLATE, PASTA, APPLES)

NORTH = Site(site_id=an_id(901), code="NORTH", name="North Gate", version=(1, 901))
SOUTH = Site(site_id=an_id(902), code="SOUTH", name="South Bridge", version=(1, 902))
ORDER = Order(
    order_id=an_id(801), version=(1, 801), number="PO-2041", state="sent", vendor="Alpine Dairy",
    expected_on="2026-11-23",
    lines=[(OATS.product_id, 24_000, 0), (BUTTER.product_id, 12_000, 0)],
)  # fmt: skip
OATS_ELSEWHERE = {
    "told_at": "2026-11-20T17:42:00Z",
    "items": [
        {"site_id": SOUTH.site_id, "on_hand": "26", "available": "24",
         "as_of": {"position": 311, "last_heard": "2026-11-20T17:41:58Z", "is_live": True}},
        {"site_id": NORTH.site_id, "on_hand": "6", "available": "6",
         "as_of": {"position": 97, "last_heard": "2026-11-19T09:05:00Z", "is_live": False}},
    ],
}  # fmt: skip
"""What head office said of other stores before the line was cut."""
COMING = TransferNotice(
    transfer_id=an_id(811), from_site=NORTH.site_id, to_site=SITE, step="dispatched",
    lines=[(CHOCOLATE.product_id, 10_000), (PASTA.product_id, 4_000)],
)  # fmt: skip
STOCK = {
    "OAT-1L": "18", "BUT-250": "7", "COF-500": "12", "WAT-1L": "48", "CHE-KG": "6.25", "CHO-85": "31", "PAS-500": "3",
}  # fmt: skip


def code_of(product: Product, pack: int = 0) -> str:
    """What a scanner reads of it: its EAN-13, or that of a pack."""
    return product.barcodes[pack].code.removeprefix("0")


def fill(
    path: Path, rows: Iterable[Product | Site | Order | TransferNotice] = (*PRODUCTS, NORTH, SOUTH, ORDER, COMING)
) -> None:
    """Products, sites and an order, as the feed brings them."""
    connection = database.prepare(sqlite3.connect(path))
    for told in rows:
        database.transact(connection, apply_change, change(told), NOW)
    database.transact(connection, elsewhere.keep, OATS.product_id, orjson.dumps(OATS_ELSEWHERE).decode(), NOW)
    connection.close()


def rule(path: Path, settings: dict[str, Any]) -> None:
    """The settings of head office's policy, as the feed brings them to a box that is not running."""
    connection = database.prepare(sqlite3.connect(path))
    database.transact(connection, catalogue.set_settings, settings)
    connection.close()


def opening() -> list[dict[str, str]]:
    """The first stock, as movements."""
    return [
        {"product_id": product.product_id, "quantity": STOCK[product.sku], "reason": "opening"}
        for product in PRODUCTS
        if product.sku in STOCK
    ]


def many(number: int) -> list[Product]:
    """So many more products, for who counts a whole aisle."""
    return [_product(2_000 + each, f"AISLE-{each:03}", f"Aisle item {each:03}", "Aisle", 100) for each in range(number)]
