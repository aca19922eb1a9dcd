"""A TCP proxy with faults: a store's WAN, which a demo or a test can cut and mend.

Runs on its own event loop in a thread, so that tests and the demo may use it from
synchronous code. A cut drops what is open and refuses what comes; `stall` accepts and
passes nothing on, which is how a half-open link looks; `delay_ms` is added to each chunk.
"""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

_CHUNK = 65_536


@dataclass
class Faults:
    """What the line does to traffic; may be changed at any time."""

    is_cut: bool = False
    is_stalled_up: bool = False
    is_stalled_down: bool = False
    delay_ms: int = 0


class Proxy:
    """One listener in front of one server."""

    def __init__(self, target_host: str, target_port: int) -> None:
        self.target = (target_host, target_port)
        self.faults = Faults()
        self.port = 0
        self.bytes_up = 0
        self.bytes_down = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self, port: int = 0) -> "Proxy":
        """Listen on loopback; `port` says where afterwards."""
        self._thread.start()
        self._call(self._listen(port))
        return self

    def cut(self) -> None:
        """The WAN is gone: open connections drop, new ones are refused at once."""
        self.faults.is_cut = True
        self._call(self._drop_all())

    def mend(self) -> None:
        """Everything passes again."""
        self.faults = Faults()

    def drop(self) -> None:
        """Drop what is open once; the line itself stays up."""
        self._call(self._drop_all())

    def stop(self) -> None:
        """Close the listener and what is open, and end the thread."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.faults.is_cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        for pump in (self._pump(reader, back, is_up=True), self._pump(there, writer, is_up=False)):
            task = self._loop.create_task(pump)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_up: bool) -> None:
        try:
            while chunk := await source.read(_CHUNK):
                while self._is_stalled(is_up=is_up):  # noqa: ASYNC110 - set from another thread
                    await asyncio.sleep(0.05)
                if self.faults.delay_ms:
                    await asyncio.sleep(self.faults.delay_ms / 1000)
                self._count(len(chunk), is_up=is_up)
                target.write(chunk)
                await target.drain()
        except OSError:
            pass
        finally:
            self._open.discard(target)
            target.close()

    def _is_stalled(self, *, is_up: bool) -> bool:
        return self.faults.is_stalled_up if is_up else self.faults.is_stalled_down

    def _count(self, length: int, *, is_up: bool) -> None:
        if is_up:
            self.bytes_up += length
        else:
            self.bytes_down += length

    async def _drop_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()
        self._open.clear()

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._drop_all()
        for task in list(self._tasks):
            task.cancel()
