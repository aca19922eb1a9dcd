"""A new box gets 50,000 products: durable and indexed, beside paging a FastAPI + ORM service."""

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path

import aiohttp
import asyncpg

from deploy.local.stack import Stack
from edge_agent.app import open_box
from edge_agent.config import Config
from edge_agent.services.enrolment import load
from edge_agent.storage.files import Folder
from tests.benchmarks.harness import Figures
from tests.benchmarks.peers.processes import BENCH, run_peer_python, uvicorn
from tests.benchmarks.product import discard

PRODUCTS = 50_000
_NAMES = ("Espresso beans 1 kg", "LED lamp E27 warm white", "Garden hose 25 m", "Running socks M", "Notebook A5 ruled")
_COLUMNS = ("id", "sku", "barcode", "name", "category", "unit", "price_cents", "reorder_point")
_CATEGORIES = ("grocery", "household", "garden", "clothing", "office")
_FILL = (
    "INSERT INTO products (id, sku, name, category, price, cost, reorder_point, version_epoch, version,"
    " created_at, updated_at)"
    " SELECT gen_random_uuid(), 'ART-' || n, ($1::text[])[1 + n % 5] || ' ' || n, ($2::text[])[1 + n % 5],"
    " (99 + n % 9000) / 100.0, (49 + n % 4000) / 100.0, 1000 * (n % 40), 0, n, 0, 0 FROM generate_series(1, $3::int) n"
    " ON CONFLICT DO NOTHING"
)
_CODES = (
    "INSERT INTO barcodes (code, product_id, pack_quantity, version_epoch, version, created_at)"
    " SELECT lpad((40063000000000 + version)::text, 14, '0'), id, 1000, 0, version, 0 FROM products"
    " WHERE sku LIKE 'ART-%' ON CONFLICT DO NOTHING"
)


async def fill_hub(url: str) -> None:
    """The products at head office, each with a barcode."""
    connection = await asyncpg.connect(url)
    await connection.execute(_FILL, list(_NAMES), list(_CATEGORIES), PRODUCTS)
    await connection.execute(_CODES)
    await connection.execute("ANALYZE products, barcodes")
    await connection.close()


def product_snapshot(stack: Stack) -> Figures:
    """Seconds from asking for the manifest to the committed swap, and bytes of the chunks."""
    store = stack.add_store(f"snapshot-{time.time_ns() % 10**9}", start=False)
    try:
        before = store.to_hub.bytes_down
        seconds, cpu = asyncio.run(_fetch(store.folder, store.to_hub.port))
        with sqlite3.connect(f"file:{store.folder / 'store.db'}?mode=ro", uri=True) as connection:
            count = connection.execute("SELECT count(*) FROM barcodes").fetchone()[0]
        assert count >= PRODUCTS, f"expected {PRODUCTS} barcodes, got {count}"
        return {"seconds": seconds, "box_cpu_s": cpu, "megabytes": (store.to_hub.bytes_down - before) / 1e6}
    finally:
        discard(stack, store)


async def _fetch(path: Path, port: int) -> tuple[float, float]:
    """Seconds of the clock and of the processor."""
    folder = Folder(path)
    config = Config(hub_url=f"http://127.0.0.1:{port}", ballast_mb=1)
    async with open_box(folder, config, load(folder)) as box:
        warm = await box.snapshots._manifest("catalogue")
        started, cpu = time.perf_counter(), time.process_time()
        await box.snapshots.fetch(warm.feed.origin_id, time.time_ns() // 1_000_000)
        return time.perf_counter() - started, time.process_time() - cpu


def peer_pages(url: str, limit: int = 1_000) -> Figures:
    """The same products by pages of the FastAPI + ORM peer into an indexed SQLite table."""
    dsn = url.replace("postgresql://", "postgresql+asyncpg://")
    run_peer_python("import asyncio, rest_api; asyncio.run(rest_api.create())", BENCH_DSN=dsn)
    asyncio.run(_fill_peer(url))
    with uvicorn("rest_api", BENCH_DSN=dsn) as (port, _), tempfile.TemporaryDirectory(dir=BENCH) as folder:
        return asyncio.run(_page(port, limit, Path(folder) / "pages.db"))


async def _fill_peer(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO peer_products SELECT n, 'ART-' || n, lpad((40063000000000 + n)::text, 14, '0'),"
        " ($1::text[])[1 + n % 5] || ' ' || n, ($2::text[])[1 + n % 5], 'each', 99 + n % 9000, n % 40, '{}'::json"
        " FROM generate_series(1, $3::int) n",
        list(_NAMES), list(_CATEGORIES), PRODUCTS,
    )  # fmt: skip
    await connection.close()


async def _page(port: int, limit: int, path: Path) -> Figures:
    target = sqlite3.connect(path, isolation_level=None)
    target.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT,"
        " barcode TEXT UNIQUE, name TEXT, category TEXT, unit TEXT, price INT, reorder INT);"
        "CREATE INDEX products_name ON products (name)"
    )
    started, after, size = time.perf_counter(), 0, 0
    async with aiohttp.ClientSession() as client:
        while True:
            async with client.get(f"http://127.0.0.1:{port}/catalogue?after={after}&limit={limit}") as answer:
                size += len(await answer.read())
                rows = await answer.json()
            if not rows:
                break
            target.execute("BEGIN")
            target.executemany(
                "INSERT INTO products VALUES (?,?,?,?,?,?,?,?)",
                [tuple(row[name] for name in _COLUMNS) for row in rows],
            )
            target.execute("COMMIT")
            after = rows[-1]["id"]
    seconds = time.perf_counter() - started
    target.close()
    return {"seconds": seconds, "megabytes": size / 1e6}
