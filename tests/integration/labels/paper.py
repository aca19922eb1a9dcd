"""A label printer on a TCP port, and a store whose queue goes there.

The printer keeps what it was sent, and can be away, hang up in the middle, or take nothing.
"""

import asyncio
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from edge_agent.config import PrinterConfig
from edge_agent.domain.label_design import Template
from edge_agent.domain.print_job import PrintJob
from edge_agent.services import printing
from edge_agent.services.drawing import Drawing
from edge_agent.services.label_desk import LabelDesk, RequestKey
from edge_agent.services.labelling import Wanted
from edge_agent.storage import identity, upgrade
from edge_agent.storage.database import Database, connect, transact
from edge_agent.storage.identity import Identity
from edge_agent.transport.printers import Printers
from tests.unit.edge_agent.a_store import DEVICE, ORIGIN, SITE, a_product, add

DEADLINE_S = 30.0


def a_store_file(path: Path) -> Path:
    """A store's database with two products."""
    upgrade.to_head(path)
    connection = connect(path)
    transact(connection, identity.create, Identity(SITE, "Store 1", DEVICE, ORIGIN, clock_offset=0))
    for number in (1, 2):
        transact(connection, add, a_product(number, name=f"Butter {number}", price=249))
    connection.close()
    return path


class Paper:
    """What came out; `cut_after` bytes it drops the connection, once."""

    def __init__(self) -> None:
        self.documents: list[bytes] = []
        self.cut_after: int | None = None
        self.port = 0
        self._server: asyncio.Server | None = None

    async def switch_on(self) -> None:
        self._server = await asyncio.start_server(self._print, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def switch_off(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def labels(self) -> int:
        """How many labels were asked for, over all documents."""
        return sum(int(count) for each in self.documents for count in re.findall(rb"\^PQ(\d+),", each))

    async def _print(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut, self.cut_after = self.cut_after, None
        with suppress(ConnectionError):
            if cut is not None:
                self.documents.append(await reader.readexactly(cut))
                # As a printer does that loses power: what it has not read is refused, not just closed.
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return
            self.documents.append(await reader.read(-1))
            writer.close()


@asynccontextmanager
async def switched_on() -> AsyncIterator[Paper]:
    """A printer that is on."""
    printer = Paper()
    await printer.switch_on()
    yield printer
    await printer.switch_off()


class Shop:
    """A store with one or more printers, at work."""

    def __init__(self, database: Database, desk: LabelDesk) -> None:
        self.database, self.desk = database, desk

    async def ask(self, *wanted: Wanted, printer: str = "shelf") -> str:
        """Queue price labels; the job's id."""
        kept = await self.desk.ask(
            Template.PRICE, lambda _: list(wanted), self.desk.printer(printer, Template.PRICE), "till-1",
            RequestKey(None, b""), now_ms(),
        )  # fmt: skip
        return str(kept.answer["job"])

    async def job(self, job_id: str) -> PrintJob:
        return await self.database.read(printing.get, job_id)

    async def until(self, job_id: str, is_so: Callable[[PrintJob], bool]) -> PrintJob:
        """The job, once it is so."""

        async def look() -> PrintJob | None:
            job = await self.job(job_id)
            return job if is_so(job) else None

        return await eventually(look, f"job {job_id}")

    async def over(self, job_id: str) -> PrintJob:
        return await self.until(job_id, lambda job: job.state in ("printed", "failed", "cancelled"))


async def eventually(look: Callable[[], Awaitable[PrintJob | None]], what: str) -> PrintJob:
    async with asyncio.timeout(DEADLINE_S):
        while (found := await look()) is None:  # noqa: ASYNC110 - the queue tells nobody but the database
            await asyncio.sleep(0.01)
    return found


@asynccontextmanager
async def at_work(path: Path, printers: Sequence[PrinterConfig]) -> AsyncIterator[Shop]:
    """The queue of this database, with its workers."""
    database = Database.open(path)
    desk = LabelDesk(database, printers, Drawing())
    working = asyncio.create_task(Printers(database, desk).run())
    try:
        yield Shop(database, desk)
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await database.close()


def now_ms() -> int:
    return time.time_ns() // 1_000_000
