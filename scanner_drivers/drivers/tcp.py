"""Network scanners and serial-device servers, as client or as listener.

A half-open connection looks healthy for hours under the kernel's defaults, so keep-alive is
set to 15 s idle, 5 s apart, 3 times, and unacknowledged data ends a connection after 30 s.
Reads are plain chunks: `readuntil` never recovers from an over-long line.
"""

import asyncio
import errno
import socket

from scanner_drivers.drivers.base import Link, Stream
from scanner_drivers.errors import Absent, BadConfig, Busy, Denied, Lost, ScannerError
from scanner_drivers.url import TcpAddress

_CHUNK = 4096
_CONNECT_S = 5.0
_OPTIONS = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 15),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 30_000),
)


class TcpDriver:
    slowest_retry_s = 30.0

    def __init__(self, address: TcpAddress) -> None:
        self._address = address
        self._clients: dict[asyncio.Task[None], str] = {}

    def present(self) -> bool:
        return True  # nobody announces that a network peer is back; only trying tells

    async def run(self, link: Link) -> None:
        try:
            await (self._listen(link) if self._address.listen else self._connect(link))
        except OSError as error:
            raise _named(error, self._address) from error

    async def _connect(self, link: Link) -> None:
        address = self._address
        opening = asyncio.open_connection(address.host, address.port)
        reader, writer = await asyncio.wait_for(opening, _CONNECT_S)
        link.up(f"{address.host}:{address.port}")
        await _read_until_lost(reader, writer, link.open_stream())
        raise Lost(f"{address.host}:{address.port}: connection closed")

    async def _listen(self, link: Link) -> None:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            host = writer.get_extra_info("peername")[0]
            if not self._make_room(host):
                writer.close()
                return
            task = asyncio.ensure_future(_read_until_lost(reader, writer, link.open_stream()))
            self._clients[task] = host
            task.add_done_callback(self._finished)

        server = await asyncio.start_server(accept, self._address.host, self._address.port)
        try:
            host, port = server.sockets[0].getsockname()[:2]
            link.up(f"{host}:{port}")
            await asyncio.Event().wait()  # until cancelled
        finally:
            server.close()
            tasks = list(self._clients)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _make_room(self, host: str) -> bool:
        """A full house takes a newcomer only in place of its own host's oldest connection.

        A scanner that roamed comes back before its dead connection is noticed.
        """
        if len(self._clients) < self._address.clients:
            return True
        oldest = next((task for task, peer in self._clients.items() if peer == host), None)
        if oldest is None:
            return False
        del self._clients[oldest]
        oldest.cancel()
        return True

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._clients.pop(task, None)
        if not task.cancelled():
            task.exception()  # one client's end is no news to the others


async def _read_until_lost(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: Stream) -> None:
    try:
        _watch(writer.get_extra_info("socket"))
        while data := await reader.read(_CHUNK):
            stream.feed(data)
    finally:
        stream.close()
        writer.close()


def _watch(connection: socket.socket) -> None:
    for level, name, value in _OPTIONS:
        if hasattr(socket, name):  # absent on systems other than Linux
            connection.setsockopt(level, getattr(socket, name), value)


def _named(error: OSError, address: TcpAddress) -> ScannerError:
    where = f"{address.host}:{address.port}"
    if error.errno == errno.EADDRINUSE:
        return Busy(f"{where}: another process listens there")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Denied(f"{where}: no permission to listen there")
    if error.errno == errno.EADDRNOTAVAIL and address.listen:
        return BadConfig(f"{where}: this machine has no such address")
    if error.errno in (errno.ECONNRESET, errno.EPIPE):
        return Lost(f"{where}: {error}")
    return Absent(f"{where}: {error or 'no answer'}")
