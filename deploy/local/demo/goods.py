"""What the demo's stores sell: the sample shop, or the items of somebody's real sales file.

Owns the catalogue at head office and what each store opens with. Everything carries a key
of its own, so that a demo which was killed half-way through its set-up simply goes on.
"""

import csv
import gzip
import math
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from cloud_hub.services.sample_data import SampleProduct, in_store_gtins
from deploy.local.programs import StackError
from deploy.local.stack import Stack, Store

BATCH = 500


class Goods(NamedTuple):
    """A product as head office knows it, and how it is scanned."""

    product_id: str
    sku: str
    name: str
    gtin: str
    case_gtin: str
    case_size: int
    opening: int
    daily: int


class Sale(NamedTuple):
    """One row of a sales file: so many of an item, on a day, in one of the stores."""

    row: int
    day: str
    sku: str
    quantity: str
    store: int


class BadSalesFile(Exception):
    """The file is not `date,item,qty`; the message names the row."""


def read_sales(path: Path, stores: int) -> list[Sale]:
    """Every row of a `date,item,qty` file, plain or gzipped, spread over the stores. Raises BadSalesFile."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames is None or not {"date", "item", "qty"} <= set(rows.fieldnames):
            raise BadSalesFile(f"{path}: expected columns date,item,qty, got {rows.fieldnames}")
        return [_sale(path, number, row, stores) for number, row in enumerate(rows, 1)]


def _sale(path: Path, number: int, row: dict[str, str], stores: int) -> Sale:
    try:
        quantity = Decimal(row["qty"])
    except (InvalidOperation, TypeError):
        quantity = Decimal(0)
    if not quantity > 0 or not row["item"] or not row["date"]:
        raise BadSalesFile(f"{path}, row {number}: expected a date, an item and a quantity above 0, got {dict(row)}")
    return Sale(number, row["date"], row["item"], str(quantity), crc32(f"{row['date']}{row['item']}".encode()) % stores)


def of_sales(sales: list[Sale]) -> list[SampleProduct]:
    """A catalogue for a file's items, with in-store numbers; each store opens with all it is going to sell."""
    gtins = in_store_gtins([sale.sku for sale in sales])
    total: Counter[str] = Counter()
    for sale in sales:
        total[sale.sku] += math.ceil(Decimal(sale.quantity))
    return [
        SampleProduct(
            sku=sku, name=f"Item {sku}", category="Imported", gtin=gtin, case_gtin="", case_size=int(total[sku]),
            price=100 + crc32(sku.encode()) % 900, cost=80, daily=14_000, peak=6, swing=0,
        )
        for sku, gtin in gtins.items()
    ]  # fmt: skip


def publish(stack: Stack, shop: list[SampleProduct]) -> list[Goods]:
    """Make every product at head office, or find the one that an earlier run made."""
    known = {product["sku"]: product for product in _all_products(stack)}
    missing = [item for item in shop if item.sku not in known]
    with ThreadPoolExecutor(4) as threads:
        made = threads.map(lambda item: _create(stack, item), missing)
        known |= {product["sku"]: product for product in made}
    return [_goods(item, known[item.sku]["id"]) for item in shop]


def open_with_stock(store: Store, goods: list[Goods]) -> None:
    """Post the opening stock; once, however often it is called."""
    for first in range(0, len(goods), BATCH):
        rows = [
            {"product_id": item.product_id, "quantity": str(item.opening), "reason": "opening"}
            for item in goods[first : first + BATCH]
        ]
        post_batch(store, rows, key=f"demo-opening-{first}")


def post_batch(store: Store, rows: list[dict[str, str]], *, key: str) -> Any:
    """Movements in one transaction, under a key that makes a retry safe."""
    answer = store.post(
        "/api/v1/inventory/movements", {"movements": rows}, headers={"Idempotency-Key": key}, timeout_s=60
    )
    if answer.status >= 300:
        raise StackError(f"{store.name}: movements answered {answer.status}: {answer.body}")
    return answer.body


def post_sales(store: Store, sales: list[Sale], goods: dict[str, Goods]) -> None:
    """Rows of a file, one movement per row, each with its own key."""
    for first in range(0, len(sales), BATCH):
        batch = sales[first : first + BATCH]
        rows = [
            {
                "product_id": goods[sale.sku].product_id, "quantity": sale.quantity, "reason": "sale",
                "document": sale.day, "key": f"sales-row-{sale.row}",
            }
            for sale in batch
        ]  # fmt: skip
        post_batch(store, rows, key=f"sales-{batch[0].row}-{batch[-1].row}")


def _all_products(stack: Stack) -> Iterator[dict[str, Any]]:
    path = "/api/v1/products?limit=500"
    cursor = ""
    while True:
        page = stack.expect("GET", path + cursor)
        yield from page["items"]
        if not page["next_cursor"]:
            return
        cursor = f"&cursor={page['next_cursor']}"


def _create(stack: Stack, item: SampleProduct) -> dict[str, Any]:
    barcodes = [{"code": item.gtin, "pack_quantity": "1"}]
    if item.case_gtin:
        barcodes.append({"code": item.case_gtin, "pack_quantity": str(item.case_size)})
    body = {
        "sku": item.sku, "name": item.name, "category": item.category, "barcodes": barcodes,
        "price": f"{item.price / 100:.2f}", "unit_cost": f"{item.cost / 100:.2f}", "currency": "EUR",
        "reorder_point": str(item.reorder_point),
    }  # fmt: skip
    headers = {"Idempotency-Key": f"demo-product-{item.sku}"}
    return dict(stack.expect("POST", "/api/v1/products", body, headers=headers))


def _goods(item: SampleProduct, product_id: str) -> Goods:
    return Goods(
        product_id, item.sku, item.name, item.gtin, item.case_gtin, item.case_size, item.opening, item.daily
    )  # fmt: skip
