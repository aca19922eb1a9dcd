"""The reference many would build: an outbox in SQLite, one POST a movement, FastAPI + ORM behind it."""

import asyncio
import json
import sqlite3
import tempfile
import time
from pathlib import Path

import aiohttp

from tests.benchmarks.harness import Figures
from tests.benchmarks.material import sales
from tests.benchmarks.peers.processes import BENCH, run_peer_python, uvicorn


def one_post_each(url: str, count: int) -> Figures:
    """Movements per second, each posted when the one before it is answered, then deleted from the outbox."""
    dsn = url.replace("postgresql://", "postgresql+asyncpg://")
    run_peer_python("import asyncio, rest_api; asyncio.run(rest_api.create())", BENCH_DSN=dsn)
    with tempfile.TemporaryDirectory(dir=BENCH) as folder, uvicorn("rest_api", BENCH_DSN=dsn) as (port, _):
        outbox = _filled(Path(folder) / "outbox.db", count)
        seconds = asyncio.run(_post_all(outbox, port))
        outbox.close()
    return {"rate": count / seconds}


def _filled(path: Path, count: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE outbox (id INTEGER PRIMARY KEY, body TEXT)"
    )
    rows = (
        json.dumps({
            "origin_id": 1, "sequence": n, "product_id": index + 1, "quantity": quantity, "reason": "sale",
            "occurred_at": at, "details": {"code": f"{2_000_000 + index:013d}", "price": 199, "document": f"R{n:08d}"},
        })
        for n, (index, quantity, at) in enumerate(sales(count), 1)
    )  # fmt: skip
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO outbox (body) VALUES (?)", ((row,) for row in rows))
    connection.execute("COMMIT")
    return connection


async def _post_all(outbox: sqlite3.Connection, port: int) -> float:
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession() as client:
        started = time.perf_counter()
        while rows := outbox.execute("SELECT id, body FROM outbox ORDER BY id LIMIT 100").fetchall():
            for number, body in rows:
                url = f"http://127.0.0.1:{port}/movements"
                async with client.post(url, data=body, headers=headers) as answer:
                    answer.raise_for_status()
                    await answer.read()
                outbox.execute("DELETE FROM outbox WHERE id = ?", (number,))
        return time.perf_counter() - started
