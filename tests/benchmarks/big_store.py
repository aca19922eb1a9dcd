"""A box with 100,000 products and 10 screens, its line cut: search as you type, memory, a scan until a screen has it.

The real agent program on a file that was told its catalogue; the screens are event streams that are read all the time.
"""

import asyncio
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from deploy.local.ports import free_port
from edge_agent.storage import catalogue, database
from edge_agent.storage.catalogue import Product
from edge_agent.storage.files import Folder
from tests.benchmarks.harness import Figures, latencies, rss_mb
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.edge_sync.enrolling_hub import EnrollingHub
from tests.unit.edge_agent.a_store import a_product, code_of

PRODUCTS = 100_000
SCREENS = 10
TYPED = 2_000
SCANS = 500
_SYLLABLES = ["ba", "ko", "mi", "tu", "ra", "se", "lo", "ni", "cha", "pre", "gro", "sta", "fe", "du", "wi", "ya"]


def search() -> Figures:
    """What each key press costs the box, by its CPU time: a list of 50 for every beginning of a name."""
    return asyncio.run(_with_store(_search))


def weight() -> Figures:
    """Resident memory while 10 screens hear of 500 scans, after searches and a page of levels."""
    return asyncio.run(_with_store(_weight))


def scan_to_screen() -> Figures:
    """From the request of a scan to the last of 10 screens that has its event."""
    return asyncio.run(_with_store(_scan_to_screen))


class BigStore:
    """The running box."""

    def __init__(self, agent: AgentProcess, session: ClientSession, pid: int) -> None:
        self.agent, self.session, self.pid = agent, session, pid
        self.headers = {"Authorization": f"Bearer {agent.folder.api_key.read_text().split()[1]}"}

    async def ask(self, method: str, path: str, body: object = None) -> None:
        async with self.session.request(
            method, f"{self.agent.api}/api/v1{path}", json=body, headers=self.headers
        ) as found:
            assert found.status in (200, 201), await found.text()
            await found.read()

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @asynccontextmanager
    async def screens(self) -> AsyncIterator[list["asyncio.Queue[float]"]]:
        """Ten of them; each tells when it heard of a scan."""
        heard: list[asyncio.Queue[float]] = [asyncio.Queue() for _ in range(SCREENS)]
        ready = [asyncio.Event() for _ in heard]
        tasks = [asyncio.create_task(self._listen(*each)) for each in zip(heard, ready, strict=True)]
        for each in ready:
            await each.wait()
        yield heard
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, heard: "asyncio.Queue[float]", ready: asyncio.Event) -> None:
        url = f"{self.agent.api}/api/v1/events"
        async with self.session.get(url, headers=self.headers, timeout=None) as stream:
            async for line in stream.content:
                if line.startswith(b": hello"):
                    ready.set()
                elif line.startswith(b"event: scan"):
                    heard.put_nowait(time.perf_counter())


async def _with_store(measure: Callable[[BigStore], Awaitable[Figures]]) -> Figures:
    with tempfile.TemporaryDirectory(prefix="big-store-") as folder:
        environment = {"EDGE_API_PORT": str(free_port()), "EDGE_BALLAST_MB": "1", "PYTHONUNBUFFERED": "1"}
        agent = AgentProcess(Folder(Path(folder) / "box"), environment)
        enrolling = EnrollingHub(free_port())
        async with TestServer(enrolling.application()) as server:
            enrolling.url = str(server.make_url("")).rstrip("/")
            code, out, err = await agent.command("enrol", enrolling.url, enrolling.codes[0], "--name", "box")
            assert code == 0, out + err
        _fill(agent.folder.database)
        await agent.start()
        assert agent.process is not None
        try:
            async with ClientSession() as session:
                return await measure(BigStore(agent, session, agent.process.pid))
        finally:
            await agent.stop()


async def _search(store: BigStore) -> Figures:
    typed = _typed()
    seconds, before = [], store.cpu_s()
    for text in typed:
        started = time.perf_counter()
        await store.ask("GET", f"/products?limit=50&q={text}")
        seconds.append(time.perf_counter() - started)
    return {**latencies(seconds), "cpu_ms": (store.cpu_s() - before) / len(typed) * 1e3}


async def _weight(store: BigStore) -> Figures:
    async with store.screens():
        for text in _typed()[:200]:
            await store.ask("GET", f"/products?limit=50&q={text}")
        await store.ask("GET", "/inventory?limit=500")
        await _scan(store, SCANS)
        return {"rss_mb": rss_mb(store.pid)}


async def _scan_to_screen(store: BigStore) -> Figures:
    seconds = []
    async with store.screens() as heard:
        for number in range(SCANS):
            started = time.perf_counter()
            await _scan(store, 1, number)
            seconds.append(max([await each.get() for each in heard]) - started)
    return {**latencies(seconds), "p95_ms": sorted(seconds)[int(len(seconds) * 0.95)] * 1e3}


async def _scan(store: BigStore, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        code = code_of(a_product(1 + number * 197 % PRODUCTS))
        await store.ask("POST", "/scans", {"code": code, "mode": "receive"})


def _names() -> list[str]:
    dice = random.Random(4)
    words = ["".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))) for _ in range(8_000)]
    return [" ".join(dice.choices(words, k=4)) for _ in range(PRODUCTS)]


def _typed() -> list[str]:
    """Key press by key press: the first word of a name, then the second."""
    dice, pressed = random.Random(5), []
    for name in dice.sample(_names(), TYPED):
        first, second = name.split()[:2]
        pressed += [first[:end] for end in range(1, len(first) + 1)]
        pressed += [f"{first} {second[:end]}" for end in range(1, len(second) + 1)]
    return pressed[:TYPED]


def _fill(path: Path) -> None:
    connection = database.prepare(sqlite3.connect(path))
    found = [a_product(number)._replace(name=name) for number, name in enumerate(_names(), 1)]
    database.transact(connection, _save, found)
    connection.close()


def _save(connection: sqlite3.Connection, products: list[Product]) -> None:
    for product in products:
        catalogue.save_product(connection, product)
        catalogue.link(connection, code_of(product).zfill(14), product.product_id, 1000)
