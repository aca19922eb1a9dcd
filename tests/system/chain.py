"""A running chain for the system tests: head office's catalogue, stores that trade, oracles.

The oracle is independent of the product: it keeps what was acknowledged to the caller and
compares that with what both databases hold.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.calls import wait_until
from deploy.local.stack import Stack, Store

FAST_POSTGRES = {"fsync": "off", "full_page_writes": "off"}
"""Only where no power cut is played: process kills lose nothing that was written, and commits are."""


class Chain(Stack):
    """A stack that knows its products."""

    products: list[dict[str, Any]]


@contextmanager
def a_chain(
    folder: Path, *stores: str, broker: str = "auto", products: int = 20, durable: bool = False
) -> Iterator[Chain]:
    """A head office with `products` products and running, caught-up stores of these names."""
    with Chain(folder, broker=broker, postgres_options={} if durable else FAST_POSTGRES) as stack:
        stack.products = [a_product(stack, number) for number in range(products)]
        for name in stores:
            stack.add_store(name)
        for store in stack.stores.values():
            wait_until(lambda s=store: knows_products(s, products), f"{store.name} has the catalogue")
        yield stack


def a_product(stack: Stack, number: int) -> dict[str, Any]:
    """One product with a GTIN, made at head office."""
    body = f"20000{number:07d}"
    code = "0" + body + str(-sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(body)) % 10)
    return dict(stack.expect("POST", "/api/v1/products", {
        "sku": f"SKU-{number:04d}", "name": f"Product {number}", "category": "grocery", "price": "1.99",
        "currency": "EUR", "reorder_point": "5", "barcodes": [{"code": code}],
    }))  # fmt: skip


def code_of(product: dict[str, Any]) -> str:
    return str(product["barcodes"][0]["code"])


def knows_products(store: Store, count: int) -> bool:
    return len(store.get(f"/api/v1/products?limit={count}").body["items"]) >= count


def sell(store: Store, product: dict[str, Any], *, key: str | None = None, timeout_s: float = 20, **more: Any) -> Any:
    """One scan in sell mode; the answer that the till saw."""
    headers = {"Idempotency-Key": key} if key else {}
    body = {"code": code_of(product), "mode": "sell", **more}
    return store.post("/api/v1/scans", body, headers=headers, timeout_s=timeout_s)


def receive(store: Store, product: dict[str, Any], quantity: str) -> Any:
    return store.post("/api/v1/scans", {"code": code_of(product), "mode": "receive", "quantity": quantity})


def stock_up(store: Store, products: list[dict[str, Any]], quantity: str) -> None:
    """A delivery of so many of each product."""
    rows = [{"product_id": product["id"], "reason": "receipt", "quantity": quantity} for product in products]
    answer = store.post("/api/v1/inventory/movements", {"movements": rows})
    assert answer.status == 201, answer


def sales(store: Store, products: list[dict[str, Any]], count: int, prefix: str) -> Counter[str]:
    """`count` sales through the batch call; what was acknowledged, per product."""
    sold: Counter[str] = Counter()
    for first in range(0, count, 500):
        numbers = range(first, min(first + 500, count))
        rows = [
            {"product_id": products[n % len(products)]["id"], "reason": "sale", "quantity": "1", "key": f"{prefix}-{n}"}
            for n in numbers
        ]
        answer = store.post("/api/v1/inventory/movements", {"movements": rows}, timeout_s=60)
        assert answer.status in (200, 201), answer
        sold.update(products[n % len(products)]["id"] for n in numbers)
    return sold


def on_hand(store: Store, product: dict[str, Any]) -> Decimal:
    """What the store's own screen says there is."""
    body = store.get(f"/api/v1/inventory?product_id={product['id']}").body
    return Decimal(body["items"][0]["on_hand"]) if body["items"] else Decimal(0)


def hub_on_hand(stack: Stack, store: Store, product: dict[str, Any]) -> Decimal:
    """What head office says that store has."""
    body = stack.expect("GET", f"/api/v1/inventory?site_id={store.site_id}&product_id={product['id']}")
    return Decimal(body["items"][0]["on_hand"]) if body["items"] else Decimal(0)


def edge_levels(store: Store) -> dict[tuple[str, str], int]:
    """Every level in the store's database, read behind the agent's back."""
    with sqlite3.connect(f"file:{store.folder / 'store.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT product_id, location, quantity FROM levels WHERE quantity <> 0")
        return {(product, location): quantity for product, location, quantity in rows}


def edge_ledger(store: Store) -> list[tuple[int, bytes]]:
    """(sequence, chain hash) of every record that the store retains."""
    with sqlite3.connect(f"file:{store.folder / 'store.db'}?mode=ro", uri=True) as connection:
        return list(connection.execute("SELECT sequence, chain_hash FROM ledger ORDER BY sequence"))


async def hub_rows(stack: Stack, query: str, *arguments: Any) -> list[Any]:
    """Rows of the hub's database, read behind its back."""
    connection = await asyncpg.connect(stack.postgres.url(stack.database))
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()


async def assert_equal_to_the_unit(stack: Stack, store: Store) -> None:
    """Hub and edge hold the same levels, the same chain head, no gap and no duplicate."""
    rows = await hub_rows(
        stack,
        "SELECT product_id::text, location, quantity FROM levels WHERE site_id = $1::uuid AND quantity <> 0",
        store.site_id,
    )
    assert {(r["product_id"], r["location"]): r["quantity"] for r in rows} == edge_levels(store)
    sums = await hub_rows(stack, "SELECT sum(quantity) AS total FROM levels WHERE site_id = $1::uuid", store.site_id)
    assert sums[0]["total"] in (None, 0), "every unit that leaves one place arrives in another"
    ledger = edge_ledger(store)
    origin = store.sync()["origin_id"]
    [known] = await hub_rows(stack, "SELECT mark, chain_hash FROM origins WHERE origin_id = $1::uuid", origin)
    assert (known["mark"], bytes(known["chain_hash"])) == (ledger[-1][0], ledger[-1][1])
    [count] = await hub_rows(
        stack,
        "SELECT count(*) AS n, count(DISTINCT sequence) AS distinct_n, count(DISTINCT movement_id) AS ids"
        " FROM movements WHERE site_id = $1::uuid AND origin_id = $2::uuid", store.site_id, origin,
    )  # fmt: skip
    assert count["n"] == count["distinct_n"] == count["ids"], "a movement is at the hub once"


def wait_equal(stack: Stack, store: Store, timeout_s: float = 60) -> None:
    """Until the store is connected, has nothing pending, and has applied all of its feed."""
    wait_until(lambda: caught_up(stack, store), f"{store.name} and the hub agree", timeout_s)


def caught_up(stack: Stack, store: Store) -> bool:
    """Both directions: the ledger is acknowledged and head office's newest changes are applied."""
    sync = store.sync()
    return bool(sync["state"] == "streaming" and sync["pending"] == 0 and not sync.get("feed_lag"))
