"""Scan to visible at the hub, live: from before the till's request to the hub's commit.

A trigger of the benchmark's own notifies at each commit of an origin's mark, so nothing
polls while it is measured.
"""

import asyncio
import time

import aiohttp
import asyncpg

from deploy.local.stack import Stack, Store
from tests.benchmarks.harness import Figures, latencies

_TRIGGER = """
CREATE OR REPLACE FUNCTION bench_notify() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('bench_mark', NEW.origin_id::text || ' ' || NEW.mark::text); RETURN NULL; END $$;
DROP TRIGGER IF EXISTS bench_mark ON origins;
CREATE TRIGGER bench_mark AFTER UPDATE OF mark ON origins FOR EACH ROW EXECUTE FUNCTION bench_notify();
"""


def live(stack: Stack, store: Store, codes: list[str], per_second: int, seconds: float = 6.0) -> Figures:
    """p50 and p99 of `per_second` scans a second."""
    return asyncio.run(_live(stack.postgres.url("backstock"), store, codes, per_second, seconds))


async def _live(url: str, store: Store, codes: list[str], per_second: int, seconds: float) -> Figures:
    watcher = _Watcher(str(store.sync()["origin_id"]))
    connection = await asyncpg.connect(url)
    await connection.execute(_TRIGGER)
    await connection.add_listener("bench_mark", watcher.told)
    started: dict[int, float] = {}
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {store.key}"}) as client:
        begin = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(int(per_second * seconds)):
                await asyncio.sleep(max(0.0, begin + number / per_second - time.perf_counter()))
                group.create_task(
                    _scan(client, store.api, codes[number % len(codes)], f"live-{begin}-{number}", started)
                )
    await watcher.reached(max(started))
    await connection.execute("DROP TRIGGER bench_mark ON origins")
    await connection.close()
    waits = [watcher.visible_at(position) - at for position, at in started.items()]
    return {**latencies(waits), "seen": float(len(waits))}


async def _scan(client: aiohttp.ClientSession, api: str, code: str, key: str, started: dict[int, float]) -> None:
    at = time.perf_counter()
    body = {"code": code, "mode": "sell"}
    async with client.post(f"{api}/api/v1/scans", json=body, headers={"Idempotency-Key": key}) as answer:
        said = await answer.json()
        assert answer.status == 201, said
        started[int(said["position"])] = at


class _Watcher:
    """When the hub's mark of one origin was at least some position."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._marks: list[tuple[int, float]] = []
        self._moved = asyncio.Event()

    def told(self, *notification: object) -> None:
        origin, mark = str(notification[-1]).split()
        if origin == self._origin:
            self._marks.append((int(mark), time.perf_counter()))
            self._moved.set()

    async def reached(self, position: int) -> None:
        async with asyncio.timeout(30):
            while not self._marks or self._marks[-1][0] < position:
                self._moved.clear()
                await self._moved.wait()

    def visible_at(self, position: int) -> float:
        return next(at for mark, at in self._marks if mark >= position)
