"""A real broker, a box with a real database, and a scripted hub between which records travel."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from edge_agent.services.hub_clock import HubClock
from edge_agent.services.link import Link
from edge_agent.services.link_context import LinkContext
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage import identity, ledger
from edge_agent.storage.database import Database
from edge_agent.transport.broker import BrokerDial
from sync_protocol import chain
from sync_protocol.messages import FeedCursor
from sync_protocol.transport.mqtt import BrokerAddress
from tests.integration.edge_sync.scripted_hub import ScriptedHub
from tests.unit.edge_agent_sync.builders import (
    DEVICE,
    FEED,
    HUB_KEY,
    ORIGIN,
    RECORD_KEY,
    SITE,
    a_sale,
    an_identity,
)  # fmt: skip


@dataclass
class MosquittoBroker:
    """A private broker that can be killed and come back on its port."""

    folder: Path
    port: int
    settings: str = "allow_anonymous true"
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress(host="127.0.0.1", port=self.port)

    def start(self) -> None:
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(f"listener {self.port} 127.0.0.1\n{self.settings}\nset_tcp_nodelay true\nuser root\n")
        self.process = subprocess.Popen(
            ["mosquitto", "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
        raise AssertionError("mosquitto did not come up")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoBroker]:
    if shutil.which("mosquitto") is None:
        pytest.skip("MISSING: mosquitto is not installed, the edge's link is not tested on a real broker")
    broker = MosquittoBroker(tmp_path, free_port())
    broker.start()
    yield broker
    broker.kill()


@dataclass
class Box:
    """A store's database and its link; `start` may be called again after `stop`."""

    database: Database
    address: BrokerAddress
    instance: str = "00000000000000aa"
    fetched: list[str] = field(default_factory=list)
    became: list[str] = field(default_factory=list)
    snapshot: Callable[[str], FeedCursor] | None = None
    status: LinkStatus = field(default_factory=LinkStatus)
    link: Link | None = None

    @asynccontextmanager
    async def linked(self) -> AsyncIterator["Box"]:
        """The link runs inside the block."""
        self.link = Link(self._context())
        task = asyncio.create_task(self.link.run())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def sell(self, count: int = 1) -> int:
        """So many sales in one transaction; returns the head."""
        appended = await self.database.write(ledger.append, [a_sale() for _ in range(count)])
        return appended.last

    async def until(self, is_so: Callable[[], bool], what: str, timeout_s: float = 15.0) -> None:
        """Wait on the link's status."""
        changed = asyncio.Event()
        self.status.listeners.append(changed.set)
        try:
            async with asyncio.timeout(timeout_s):
                while not is_so():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            raise AssertionError(f"expected within {timeout_s} s: {what}; {self.status}") from None
        finally:
            self.status.listeners.remove(changed.set)

    def _context(self) -> LinkContext:
        async def fetch_snapshot(feed_origin: str) -> FeedCursor:
            self.fetched.append(feed_origin)
            assert self.snapshot is not None
            cursor = self.snapshot(feed_origin)
            await self.database.write(identity.save_feed, cursor.origin_id, cursor.position, bytes.fromhex(cursor.hash))
            return cursor

        async def become(certificate: str, _told_head: int) -> None:
            self.became.append(certificate)

        dial = BrokerDial(self.address, device_id=DEVICE, instance=self.instance, version="test")
        return LinkContext(
            database=self.database, dial=dial, sign=RECORD_KEY.sign,
            hub_key=HUB_KEY.public_key().public_bytes_raw(), instance=self.instance,
            fetch_snapshot=fetch_snapshot, become=become, clock=HubClock(self.database), status=self.status,
        )  # fmt: skip


def at_genesis(feed_origin: str) -> FeedCursor:
    """A snapshot of an empty catalogue."""
    return FeedCursor(origin_id=feed_origin, position=0, hash=chain.genesis(SITE, feed_origin).hex())


@pytest.fixture
async def box(tmp_path: Path, mosquitto: MosquittoBroker) -> AsyncIterator[Box]:
    database = Database.open(tmp_path / "store.db")
    await database.write(identity.create, an_identity())
    await database.write(identity.next_boot)
    yield Box(database, mosquitto.address, snapshot=at_genesis)
    await database.close()


@pytest.fixture
async def hub(mosquitto: MosquittoBroker) -> AsyncIterator[ScriptedHub]:
    scripted = ScriptedHub(SITE, DEVICE, ORIGIN, RECORD_KEY.public_key().public_bytes_raw(), FEED, key=HUB_KEY)
    async with serving(scripted, mosquitto.address):
        yield scripted


@asynccontextmanager
async def serving(hub: ScriptedHub, address: BrokerAddress) -> AsyncIterator[ScriptedHub]:
    """The hub listens inside the block."""
    task = asyncio.create_task(hub.serve(address))
    await hub.until(lambda: hub._connection is not None, "the hub subscribed")
    try:
        yield hub
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def eventually(is_so: Callable[[], Awaitable[bool]], what: str, timeout_s: float = 10.0) -> None:
    """Wait until a question of ours is answered with yes; for what nobody tells us about."""
    deadline = time.monotonic() + timeout_s
    while True:
        if await is_so():
            return
        assert time.monotonic() < deadline, f"expected within {timeout_s} s: {what}"
        await asyncio.sleep(0.02)
