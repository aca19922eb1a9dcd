"""F42, scenario 13: 100,000 products in a store, and 10,000 connections at head office."""

import asyncio
import http.client
import json
import random
import statistics
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local.calls import wait_until
from deploy.local.programs import run_to_end
from deploy.local.stack import Stack, Store
from tests.system.chain import a_chain

pytestmark = [pytest.mark.system, pytest.mark.timeout(0)]
PRODUCTS = 100_000
CONNECTIONS = 10_000
SCANS = 400


def test_scenario_13_a_scan_among_100_000_products_resolves_in_50_ms(tmp_path: Path, seed: int) -> None:
    with a_chain(tmp_path, products=0) as stack:
        codes = asyncio.run(add_products(stack, PRODUCTS))
        store = stack.add_store("north")
        wait_until(lambda: _knows(store, codes[0]) and _knows(store, codes[-1]), "the snapshot is swapped in", 120)

        choose = random.Random(seed)
        rounds = [p99_ms(store, choose.choices(codes, k=SCANS)) for _ in range(3)]

        assert min(rounds) < 50, f"p99 of {SCANS} scans, three times: {rounds} ms"


def test_scenario_13_ten_thousand_connections_meet_no_5xx(tmp_path: Path) -> None:
    with a_chain(tmp_path, products=20) as stack:
        command = [sys.executable, "-m", "tests.system.crowd", "127.0.0.1", str(stack.hub_port), stack.token]
        told = json.loads(run_to_end([*command, "/api/v1/products?limit=5", str(CONNECTIONS), "2"], {}))
        assert told["errors"] == {}, told
        assert told["connected"] == CONNECTIONS
        assert sum(told["statuses"].values()) == 2 * CONNECTIONS
        assert not [status for status in told["statuses"] if status.startswith("5")], told
        assert told["statuses"].get("200", 0) > 0


async def add_products(stack: Stack, count: int) -> list[str]:
    """Products as a catalogue import would leave them; their codes."""
    connection = await asyncpg.connect(stack.postgres.url("backstock"))
    ids = [uuid.uuid4() for _ in range(count)]
    codes = [_gtin(number) for number in range(count)]
    now_ms = time.time_ns() // 1_000_000
    await connection.copy_records_to_table(
        "products", columns=["id", "sku", "name", "category", "version_epoch", "version", "created_at", "updated_at"],
        records=[
            (ids[n], f"BULK-{n:06d}", f"Article {n}", f"aisle {n % 40}", 1, n + 1, now_ms, now_ms) for n in range(count)
        ],
    )  # fmt: skip
    await connection.copy_records_to_table(
        "barcodes", columns=["code", "product_id", "pack_quantity", "version_epoch", "version", "created_at"],
        records=[(codes[n], ids[n], 1000, 1, n + 1, now_ms) for n in range(count)],
    )  # fmt: skip
    await connection.close()
    return codes


def p99_ms(store: Store, codes: list[str]) -> float:
    """Look-ups one after another over one connection, HTTP included: the 99th percentile."""
    connection = http.client.HTTPConnection(str(urlsplit(store.api).netloc), timeout=10)
    headers = {"Authorization": f"Bearer {store.key}", "Content-Type": "application/json"}
    took = []
    for code in codes:
        began = time.perf_counter()
        connection.request("POST", "/api/v1/scans", json.dumps({"code": code, "mode": "lookup"}), headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        took.append((time.perf_counter() - began) * 1000)
    connection.close()
    return statistics.quantiles(took, n=100)[98]


def _knows(store: Store, code: str) -> bool:
    return store.get(f"/api/v1/barcode/lookup/{code}").status == 200


def _gtin(number: int) -> str:
    body = f"20{number:010d}"
    return "0" + body + str(-sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(body)) % 10)
