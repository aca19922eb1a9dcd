"""Scan to durable: through the edge's HTTP API, and inside the agent, each beside its reference."""

import json
import shutil
import sqlite3
import tempfile
import time
import uuid
from pathlib import Path

from deploy.local.calls import wait_until
from deploy.local.stack import Store
from edge_agent.services.applying import apply_change
from edge_agent.services.scanning import Mode, ScanCommand, record_scan
from edge_agent.storage import identity, levels
from edge_agent.storage.database import Database
from scanner_drivers import RawScan, StoreProfile, decode
from sync_protocol.changes import Barcode, Product, change
from sync_protocol.gtin import check_digit
from sync_protocol.transport import fast_loop
from tests.benchmarks import closed_loop
from tests.benchmarks.harness import Figures, latencies
from tests.benchmarks.material import product_ids
from tests.benchmarks.peers.processes import BENCH, run_peer_python, uvicorn


def _code(number: int) -> str:
    body = f"4006{number:08d}"
    return f"0{body}{check_digit(body)}"


CODES = [_code(number) for number in range(2_000)]
SECONDS = 4.0


def product_offline(store: Store, codes: list[str], clients: int) -> Figures:
    """The same as the reference, which has no head office either: the WAN is cut meanwhile."""
    wait_until(store.is_caught_up, "the store has sent everything", 60)
    store.cut()
    try:
        return product_http(store, codes, clients)
    finally:
        store.mend()
        wait_until(store.is_caught_up, "the store has sent everything", 60)


def product_http(store: Store, codes: list[str], clients: int) -> Figures:
    """POST /api/v1/scans, sell, each request under a key of its own, everything on."""
    calls = [("POST", "/api/v1/scans", json.dumps({"code": code, "mode": "sell"})) for code in codes]
    port = int(store.api.rsplit(":", 1)[1])
    headers = {"Authorization": f"Bearer {store.key}"}
    load = closed_loop.Load(port, calls, clients, SECONDS, headers, unique_key=True)
    return closed_loop.run(load)


def peer_http(clients: int) -> Figures:
    """POST /scan of FastAPI + ORM on SQLite, WAL and FULL."""
    folder = Path(tempfile.mkdtemp(dir=BENCH))
    try:
        path = folder / "peer.db"
        run_peer_python(
            "import edge_api, json, sys, pathlib, os; edge_api.create(pathlib.Path(os.environ['PEER_DB']),"
            " json.loads(os.environ['PEER_CODES']))",
            PEER_DB=str(path), PEER_CODES=json.dumps(CODES),
        )  # fmt: skip
        with uvicorn("edge_api", BENCH_SQLITE=str(path)) as (port, _):
            calls = [("POST", "/scan", json.dumps({"code": code})) for code in CODES]
            return closed_loop.run(closed_loop.Load(port, calls, clients, SECONDS))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def plain_sqlite(count: int = 3_000) -> Figures:
    """The floor: the same rows (record, two levels, raw scan) by plain sqlite3, WAL and FULL, one commit each."""
    with tempfile.TemporaryDirectory(dir=BENCH) as folder:
        connection = sqlite3.connect(Path(folder) / "plain.db", isolation_level=None)
        connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE ledger (sequence INTEGER PRIMARY KEY, kind TEXT, encoded BLOB, chain_hash BLOB, item_ref INT,"
            " product_id TEXT, quantity INT, from_location TEXT, to_location TEXT, reason TEXT, occurred_at INT);"
            "CREATE INDEX ledger_product ON ledger (product_id, sequence);"
            "CREATE TABLE levels (product_id TEXT, location TEXT, quantity INT,"
            " PRIMARY KEY (product_id, location)) WITHOUT ROWID;"
            "CREATE TABLE scans (id INTEGER PRIMARY KEY, raw BLOB, at INT);"
        )
        ids = product_ids()
        seconds = []
        for number in range(count):
            product = ids[number % len(ids)]
            started = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO scans (raw, at) VALUES (?, ?)", (CODES[number % 2000].encode(), number))
            connection.execute(
                "INSERT INTO ledger VALUES (?, 'm', ?, ?, ?, ?, 1000, 'shelf', 'customer', 'sale', ?)",
                (number + 1, b"x" * 90, b"h" * 32, 1, product, number),
            )
            for place, change in (("shelf", -1000), ("customer", 1000)):
                connection.execute(
                    "INSERT INTO levels VALUES (?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity",
                    (product, place, change),
                )
            connection.execute("COMMIT")
            seconds.append(time.perf_counter() - started)
        connection.close()
    return latencies(seconds)


def product_inside(count: int = 3_000) -> Figures:
    """Decode, resolve, movement, level, raw scan, commit: one scan after another inside the agent."""
    return fast_loop.run(_inside(count))


async def _inside(count: int) -> Figures:
    folder = Path(tempfile.mkdtemp(dir=BENCH))
    database = Database.open(folder / "store.db")
    try:
        await database.write(_furnish)
        profile = StoreProfile()
        seconds = []
        for number in range(count):
            code = CODES[number % len(CODES)].encode()
            started = time.perf_counter()
            raw = RawScan(raw=code, device="bench", session=1, sequence=number, received_ns=time.monotonic_ns())
            command = ScanCommand(scan=decode(raw, profile), mode=Mode.SELL, actor="bench")
            done = await database.write(record_scan, command, time.time_ns() // 1_000_000)
            seconds.append(time.perf_counter() - started)
            assert done.movement_id is not None, done
        return latencies(seconds)
    finally:
        await database.close()
        shutil.rmtree(folder, ignore_errors=True)


def _furnish(connection: sqlite3.Connection) -> None:
    """An identity and the products behind CODES, all in stock: a sale then writes the rows of the floor, no alerts."""
    identity.create(
        connection, identity.Identity(*(str(uuid.uuid4()) if n != 1 else "Store" for n in range(4)), clock_offset=0)
    )
    for number, (product, code) in enumerate(zip(product_ids(), CODES, strict=True)):
        told = Product(
            product_id=product, version=(1, number + 1), sku=f"ART-{number}", name=f"Product {number}",
            price=199, barcodes=[Barcode(code=code)],
        )  # fmt: skip
        apply_change(connection, change(told), 0)
    levels.load(connection, [(product, "shelf", 10**9) for product in product_ids()])
