"""The product under measurement: whole processes, everything on (signature, chain, ledger, levels, ack)."""

import asyncio
import itertools
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import asyncpg

from deploy.local.stack import Stack, Store
from tests.benchmarks.harness import Figures, rss_mb
from tests.benchmarks.material import fill_store, head_of, product_ids

DURABLE = {"shared_buffers": "256MB"}
"""PostgreSQL as it comes: fsync, synchronous_commit and full_page_writes on, for product and floors alike."""
_names = itertools.count(1)
_INSERT_PRODUCTS = (
    "INSERT INTO products (id, sku, name, version_epoch, version, created_at, updated_at)"
    " SELECT id, 'SKU-' || n, 'Product ' || n, 0, n, 0, 0 FROM unnest($1::uuid[]) WITH ORDINALITY AS g(id, n)"
    " ON CONFLICT DO NOTHING"
)


async def add_products(url: str) -> None:
    """The shop's products, so that no sale is of an unknown one."""
    connection = await asyncpg.connect(url)
    await connection.execute(_INSERT_PRODUCTS, product_ids())
    await connection.close()


@dataclass
class Memory:
    """Peak resident memory of some processes, sampled every 50 ms."""

    pids: dict[str, int]
    peaks: dict[str, float] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(0.05):
            for name, pid in self.pids.items():
                try:
                    self.peaks[name] = max(self.peaks.get(name, 0.0), rss_mb(pid))
                except OSError:
                    continue


def backlog(stack: Stack, count: int) -> Figures:
    """Rate at which one store's backlog becomes ledger rows at the hub, and what memory it takes."""
    store = a_filled_store(stack, count)
    head = head_of(store.folder / "store.db")
    try:
        store.start()
        assert store.program is not None
        assert store.program.pid is not None
        assert stack.hub.pid is not None
        with Memory({"hub_rss_mb": stack.hub.pid, "edge_rss_mb": store.program.pid}) as memory:
            rate = asyncio.run(_drained(stack.postgres.url("backstock"), store, head))
        return {"rate": rate * count / head, **memory.peaks}
    finally:
        discard(stack, store)


def a_filled_store(stack: Stack, count: int) -> Store:
    """An enrolled, stopped store with `count` unsent sales."""
    store = stack.add_store(f"bench-{next(_names)}-{time.time_ns() % 10**6}", start=False)
    fill_store(store.folder / "store.db", product_ids(), count)
    return store


def discard(stack: Stack, store: Store) -> None:
    """End a store and remove its folder."""
    store.close()
    stack.stores.pop(store.name, None)
    shutil.rmtree(store.folder, ignore_errors=True)


async def _drained(url: str, store: Store, head: int, timeout_s: float = 300) -> float:
    """Records per second between the first and the last movement of the mark."""
    connection = await asyncpg.connect(url)
    deadline = time.perf_counter() + timeout_s
    first: tuple[float, int] | None = None
    try:
        while time.perf_counter() < deadline:
            mark = await connection.fetchval("SELECT mark FROM origins WHERE site_id = $1", store.site_id)
            now = time.perf_counter()
            if first is None and mark:
                first = (now, mark)
            if mark == head:
                assert first is not None
                await _check(connection, store, head)
                return (head - first[1]) / max(now - first[0], 1e-9)
            await asyncio.sleep(0.01)
        raise TimeoutError(f"the mark is {mark} of {head} after {timeout_s} s")
    finally:
        await connection.close()


async def _check(connection: Any, store: Store, head: int) -> None:
    """Everything is there once, and every unit that left a place arrived in another."""
    stored = await connection.fetchval(
        "SELECT (SELECT count(*) FROM movements WHERE site_id = $1) + (SELECT count(*) FROM items WHERE site_id = $1)",
        store.site_id,
    )
    total = await connection.fetchval("SELECT sum(quantity) FROM levels WHERE site_id = $1", store.site_id)
    assert stored == head, f"expected {head} records at the hub, got {stored}"
    assert total == 0, f"levels add up to {total}"


def open_stack(folder: Path) -> Stack:
    """A durable stack with the shop's products at head office."""
    stack = Stack(folder, postgres_options=DURABLE)
    stack.start()
    asyncio.run(add_products(stack.postgres.url("backstock")))
    return stack
