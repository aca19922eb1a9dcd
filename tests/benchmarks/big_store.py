"""A running box with 100,000 products, its line cut: the real agent program on a file that was told its catalogue.

The file is made once; each box is a copy of it. A screen is an event stream that is read all the time.
"""

import asyncio
import json
import os
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from deploy.local.ports import free_port
from edge_agent.storage import catalogue, database
from edge_agent.storage.catalogue import Product
from edge_agent.storage.files import Folder
from tests.benchmarks.harness import Figures
from tests.benchmarks.peers.processes import BENCH
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.edge_sync.enrolling_hub import EnrollingHub
from tests.unit.edge_agent.a_store import a_product, code_of

PRODUCTS = 100_000
SCREENS = 10
_SYLLABLES = ["ba", "ko", "mi", "tu", "ra", "se", "lo", "ni", "cha", "pre", "gro", "sta", "fe", "du", "wi", "ya"]


class BigStore:
    """The running box."""

    def __init__(self, agent: AgentProcess, session: ClientSession, pid: int) -> None:
        self.agent, self.session, self.pid = agent, session, pid
        self.headers = {"Authorization": f"Bearer {agent.folder.api_key.read_text().split()[1]}"}

    async def ask(self, method: str, path: str, body: object = None) -> None:
        """A call that must succeed."""
        async with self.session.request(
            method, f"{self.agent.api}/api/v1{path}", json=body, headers=self.headers
        ) as found:
            assert found.status in (200, 201), await found.text()
            await found.read()

    def cpu_s(self) -> float:
        """What the agent has used of processors."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @asynccontextmanager
    async def screens(self, count: int = SCREENS) -> AsyncIterator[list["asyncio.Queue[float]"]]:
        """Each tells when it heard of a scan."""
        heard: list[asyncio.Queue[float]] = [asyncio.Queue() for _ in range(count)]
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
                    heard.put_nowait(time.time())


def in_big_store(measure: Callable[[BigStore], Awaitable[Figures]], till: str = "") -> Figures:
    """What is measured at a box of its own; `till` is the path of a scanner that sells."""
    return asyncio.run(_in_big_store(measure, till))


def a_code(number: int) -> str:
    """Of the number-th product that is asked for; they lie far from each other."""
    return code_of(a_product(1 + number * 197 % PRODUCTS))


def typed(count: int) -> list[str]:
    """Key press by key press: the first word of a name, then the second."""
    dice, pressed = random.Random(5), []
    for name in dice.sample(_names(), count):
        first, second = name.split()[:2]
        pressed += [first[:end] for end in range(1, len(first) + 1)]
        pressed += [f"{first} {second[:end]}" for end in range(1, len(second) + 1)]
    return pressed[:count]


async def _in_big_store(measure: Callable[[BigStore], Awaitable[Figures]], till: str) -> Figures:
    made = await asyncio.to_thread(_made)
    with tempfile.TemporaryDirectory(prefix="big-store-", dir=BENCH) as folder:
        shutil.copytree(made.name, folder, dirs_exist_ok=True)
        agent = _agent(Path(folder), till)
        await agent.start()
        assert agent.process is not None
        try:
            async with ClientSession() as session:
                return await measure(BigStore(agent, session, agent.process.pid))
        finally:
            await agent.stop()


def _agent(folder: Path, till: str = "") -> AgentProcess:
    scanners = [{"url": f"serial://{till}", "device": "till-1", "mode": "sell"}] if till else []
    environment = {
        "EDGE_API_PORT": str(free_port()), "EDGE_BALLAST_MB": "1", "PYTHONUNBUFFERED": "1",
        "EDGE_SCANNERS": json.dumps(scanners),
    }  # fmt: skip
    return AgentProcess(Folder(folder / "box"), environment)


@lru_cache(maxsize=1)
def _made() -> tempfile.TemporaryDirectory[str]:
    """Enrolled and filled, once for the whole run."""
    folder = tempfile.TemporaryDirectory(prefix="big-store-", dir=BENCH)
    agent = _agent(Path(folder.name))
    asyncio.run(_enrol(agent))
    connection = database.prepare(sqlite3.connect(agent.folder.database))
    found = [a_product(number)._replace(name=name) for number, name in enumerate(_names(), 1)]
    database.transact(connection, _save, found)
    connection.close()
    return folder


async def _enrol(agent: AgentProcess) -> None:
    enrolling = EnrollingHub(free_port())
    async with TestServer(enrolling.application()) as server:
        enrolling.url = str(server.make_url("")).rstrip("/")
        code, out, err = await agent.command("enrol", enrolling.url, enrolling.codes[0], "--name", "box")
        assert code == 0, out + err


def _names() -> list[str]:
    dice = random.Random(4)
    words = ["".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))) for _ in range(8_000)]
    return [" ".join(dice.choices(words, k=4)) for _ in range(PRODUCTS)]


def _save(connection: sqlite3.Connection, products: list[Product]) -> None:
    for product in products:
        catalogue.save_product(connection, product)
        catalogue.link(connection, code_of(product).zfill(14), product.product_id, 1000)
