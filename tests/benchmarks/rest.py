"""The hub's REST API under load: reads, searches, stock changes, batches, an import, ten thousand connections.

Each cell is one closed loop with log-in, permission and database, beside FastAPI + ORM
without any of it. What a cell cannot do without an error fails it.
"""

import csv
import io
import json
import os
import random
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.local.calls import wait_until
from deploy.local.stack import Stack
from sync_protocol.gtin import check_digit
from tests.benchmarks import closed_loop
from tests.benchmarks.closed_loop import Load, Sent
from tests.benchmarks.harness import Figures, rss_mb
from tests.benchmarks.peers.processes import uvicorn
from tests.benchmarks.product import Memory
from tests.benchmarks.shop import PRODUCTS, STOCKED, Shop, opening, searches

SECONDS = 4.0
MANY = 10_000
PAGE = 20
_V1 = "/api/v1"


def product(shop: Shop, connections: int) -> Figures:
    """GET one product with the stock of a site, any of 100,000."""
    return _load(shop, _reads(shop), connections)


def peer_product(shop: Shop, connections: int) -> Figures:
    """The same product without stock, and nobody logs in."""
    return _peer_load(shop, _peer_reads(), connections)


def search(shop: Shop, connections: int) -> Figures:
    """GET /products?q=, a page of twenty with their stock."""
    return _load(shop, [("GET", f"{_V1}/products?q={quote(q)}&limit={PAGE}", "") for q in searches()], connections)


def peer_search(shop: Shop, connections: int) -> Figures:
    """The same words by ILIKE."""
    return _peer_load(shop, [("GET", f"/products?q={quote(q)}&limit={PAGE}", "") for q in searches()], connections)


def decrement(shop: Shop, products: int, connections: int) -> Figures:
    """Take one unit away, of so many products."""
    return _load(shop, _writes(shop, products), connections)


def peer_decrement(shop: Shop, products: int, connections: int) -> Figures:
    """SELECT … FOR UPDATE, then UPDATE."""
    return _peer_load(shop, _peer_writes(products), connections)


def batches(shop: Shop, size: int, seconds: float = SECONDS) -> Figures:
    """Movements per second, posted so many at a time, one request after the other."""
    bodies = []
    for number in range(40):
        rng = random.Random(number)
        rows = [opening(rng.choice(shop.stocked_ids), "1") for _ in range(size)]
        bodies.append(json.dumps({"site_id": shop.site_id, "movements": rows}))
    calls = [("POST", f"{_V1}/inventory/movements", body) for body in bodies]
    figures = _load(shop, calls, 1, seconds)
    return {**figures, "movements_rate": figures["rate"] * size}


def mixed(shop: Shop, connections: int) -> Figures:
    """Four reads to each write; two processes of clients hold the connections."""
    reads, writes = _reads(shop), _writes(shop, STOCKED)
    return _load(shop, _four_to_one(reads, writes), connections, seconds=10, processes=2, may_fail=True)


def peer_mixed(shop: Shop, connections: int) -> Figures:
    """The same of the peer."""
    calls = _four_to_one(_peer_reads(), _peer_writes(STOCKED))
    return _peer_load(shop, calls, connections, seconds=10, processes=2, may_fail=True)


def import_products(stack: Stack) -> Figures:
    """Seconds from the upload of a CSV of 100,000 new products to its job's end, and what memory that took."""
    prefix = f"IMP-{time.time_ns() % 10**9}"
    data = _csv(prefix)
    assert stack.hub.pid is not None
    seen: set[int] = set()

    def is_over() -> bool:
        told = stack.expect("GET", f"{_V1}/jobs/{job['id']}")
        seen.add(told["done"])
        return told["state"] not in ("queued", "running")

    with Memory({"rss_mb": stack.hub.pid}) as memory:
        time.sleep(0.2)
        before = memory.peaks["rss_mb"]
        started = time.perf_counter()
        job = _upload(stack, data)
        wait_until(is_over, "the import is over", 300, every_s=0.2)
        seconds = time.perf_counter() - started
    told = stack.expect("GET", f"{_V1}/jobs/{job['id']}")
    assert told["state"] == "done" and told["errors"] == 0 and told["done"] == PRODUCTS, told
    return {"seconds": seconds, "growth_mb": memory.peaks["rss_mb"] - before, "steps_seen": float(len(seen))}


def _reads(shop: Shop, count: int = 5_000) -> list[Sent]:
    chosen = random.Random(5).sample(shop.product_ids, count)
    return [("GET", f"{_V1}/products/{each}?site_id={shop.site_id}", "") for each in chosen]


def _peer_reads(count: int = 5_000) -> list[Sent]:
    return [("GET", f"/products/{number}", "") for number in random.Random(5).sample(range(1, PRODUCTS + 1), count)]


def _writes(shop: Shop, products: int) -> list[Sent]:
    return [
        ("POST", f"{_V1}/inventory/decrement", json.dumps({"product_id": each, "quantity": 1, "site_id": shop.site_id}))
        for each in shop.stocked_ids[:products]
    ]


def _peer_writes(products: int) -> list[Sent]:
    return [("POST", "/stock/decrement", json.dumps({"product_id": n + 1, "quantity": 1})) for n in range(products)]


def _four_to_one(reads: list[Sent], writes: list[Sent]) -> list[Sent]:
    """Every fifth call is a write."""
    return [writes[n // 5 % len(writes)] if n % 5 == 4 else reads[n % len(reads)] for n in range(len(reads))]


def _load(
    shop: Shop, calls: list[Sent], connections: int, seconds: float = SECONDS, *, processes: int = 1,
    may_fail: bool = False,
) -> Figures:  # fmt: skip
    load = Load(shop.stack.hub_port, calls, connections, seconds, shop.headers, processes=processes)
    assert shop.stack.hub.pid is not None
    return _measured(load, shop.stack.hub.pid, may_fail=may_fail)


def _peer_load(
    shop: Shop, calls: list[Sent], connections: int, seconds: float = SECONDS, *, processes: int = 1,
    may_fail: bool = False,
) -> Figures:  # fmt: skip
    with uvicorn("rest_api", BENCH_DSN=shop.peer_dsn) as (port, pid):
        load = Load(port, calls, connections, seconds, processes=processes)
        return _measured(load, pid, may_fail=may_fail)


def _measured(load: Load, pid: int, *, may_fail: bool) -> Figures:
    """After a second of the same to warm it up; server_us is the server's own CPU a request."""
    closed_loop.run(replace(load, connections=min(load.connections, 1_000), seconds=1.0, processes=1))
    before = _cpu_seconds(pid)
    figures = closed_loop.run(load)
    spent = _cpu_seconds(pid) - before
    if figures["errors"] and not may_fail:
        raise RuntimeError(f"{figures['errors']:.0f} answers were not good")
    return {**figures, "server_us": spent / figures["answers"] * 1e6, "rss_mb": rss_mb(pid)}


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _csv(prefix: str) -> bytes:
    """A sheet of new products, each with a barcode."""
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(("sku", "name", "category", "price", "unit_cost", "reorder_point", "barcodes"))
    for n in range(PRODUCTS):
        code = f"2{n:011d}"
        out.writerow(
            (f"{prefix}-{n}", f"Imported product {n}", f"Group {n % 50}", f"{99 + n % 9000}.90", "1.50", n % 40,
             f"{code}{check_digit(code)}")
        )  # fmt: skip
    return text.getvalue().encode()


def _upload(stack: Stack, data: bytes) -> dict[str, Any]:
    request = urllib.request.Request(f"{stack.api}{_V1}/imports/products", data=data, method="POST")
    request.add_header("Content-Type", "text/csv")
    request.add_header("Authorization", f"Bearer {stack.token}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return dict(json.loads(answer.read()))
