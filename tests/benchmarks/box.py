"""A box with 100,000 products: search as you type, what a scan is, and the agent's memory."""

import os
import time

from tests.benchmarks.big_store import BigStore, a_code, in_big_store, typed
from tests.benchmarks.harness import Figures, latencies, rss_mb

TYPED = 2_000
SCANS = 500


def search() -> Figures:
    """Every key press over HTTP, a list of 50 each; the agent has one core."""
    return in_big_store(_search)


def resolve() -> Figures:
    """A code over HTTP: what it is and what is here of it (scenario 13)."""
    return in_big_store(_resolve)


def weight() -> Figures:
    """Resident memory while 10 screens hear of 500 scans, after searches and a page of levels."""
    return in_big_store(_weight)


async def _search(store: BigStore) -> Figures:
    for task in os.listdir(f"/proc/{store.pid}/task"):  # noqa: PTH208 - names, no paths
        os.sched_setaffinity(int(task), {0})
    pressed, seconds, before = typed(TYPED), [], store.cpu_s()
    for text in pressed:
        started = time.perf_counter()
        await store.ask("GET", f"/products?limit=50&q={text}")
        seconds.append(time.perf_counter() - started)
    return {**latencies(seconds), "cpu_ms": (store.cpu_s() - before) / len(pressed) * 1e3}


async def _resolve(store: BigStore) -> Figures:
    seconds = []
    for number in range(TYPED):
        started = time.perf_counter()
        await store.ask("POST", "/scans", {"code": a_code(number), "mode": "lookup"})
        seconds.append(time.perf_counter() - started)
    return latencies(seconds)


async def _weight(store: BigStore) -> Figures:
    async with store.screens():
        for text in typed(200):
            await store.ask("GET", f"/products?limit=50&q={text}")
        await store.ask("GET", "/inventory?limit=500")
        for number in range(SCANS):
            await store.ask("POST", "/scans", {"code": a_code(number), "mode": "receive"})
        return {"rss_mb": rss_mb(store.pid)}
