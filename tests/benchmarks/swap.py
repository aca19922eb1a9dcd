"""A snapshot of 100,000 products is swapped in while a till sells, one sale after another, over HTTP.

The box had the catalogue before; it is made to believe that it followed another feed, as after
a restore of head office, so it takes everything anew while it trades.
"""

import asyncio
import itertools
import json
import sqlite3
import time
import uuid
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from deploy.local.calls import wait_until
from deploy.local.stack import Stack, Store
from edge_agent.storage import database, identity
from tests.benchmarks.harness import Figures, latencies
from tests.benchmarks.product import discard
from tests.system.test_scenario_13 import add_products

PRODUCTS = 100_000
SOLD = 50


def furnish(stack: Stack) -> tuple[Stack, list[str]]:
    """100,000 products at head office; the codes of them."""
    return stack, asyncio.run(add_products(stack, PRODUCTS))


def while_selling(stack: Stack, codes: list[str]) -> Figures:
    """p99 of a sale until the catalogue is swapped, and how long that took."""
    store = stack.add_store(f"swap-{time.time_ns() % 10**9}")
    try:
        wait_until(lambda: _knows(store, codes[0]) and _knows(store, codes[-1]), "the first catalogue is there", 120)
        for code in codes[:SOLD]:
            store.post("/api/v1/scans", {"code": code, "mode": "receive", "quantity": "999999"})
        store.stop()
        other = _follow_another_feed(store)
        store.start()
        return _sell_while_it_follows(store, codes[:SOLD], other)
    finally:
        discard(stack, store)


def _sell_while_it_follows(store: Store, codes: list[str], feed: str) -> Figures:
    connection = HTTPConnection(str(urlsplit(store.api).netloc), timeout=10)
    seconds: list[float] = []
    began = time.perf_counter()
    for code in itertools.cycle(codes):
        started = time.perf_counter()
        status, body = _sell(connection, store.key, code)
        seconds.append(time.perf_counter() - started)
        assert status == 201, body
        if len(seconds) % 50 == 0 and store.sync()["feed"]["origin_id"] != feed:
            break
        assert time.perf_counter() - began < 120, "the snapshot is not swapped in"
    connection.close()
    return {**latencies(seconds), "max_ms": max(seconds) * 1e3, "sales": float(len(seconds)),
            "seconds": time.perf_counter() - began}  # fmt: skip


def _sell(connection: HTTPConnection, key: str, code: str) -> tuple[int, Any]:
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    connection.request("POST", "/api/v1/scans", json.dumps({"code": code, "mode": "sell"}), headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _follow_another_feed(store: Store) -> str:
    feed = str(uuid.uuid4())
    connection = database.prepare(sqlite3.connect(store.folder / "store.db"))
    database.transact(connection, identity.save_feed, feed, 0, bytes(32))
    connection.close()
    return feed


def _knows(store: Store, code: str) -> bool:
    return bool(store.get(f"/api/v1/barcode/lookup/{code}").status == 200)
