"""A socket on the event loop: says when it can be read or written, and stops for good.

It knows nothing of MQTT. Not reading is how a slow reader holds its broker back, so reading
can be switched off and on. Invariant: after `stop`, or once the socket was closed by whoever
owns it, nothing is called any more and no file number is left on the loop.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable


class SocketPump:
    """Calls `read` while bytes wait and reading is on, `write` while writing is on and there is room."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        *,
        read: Callable[[], object],
        write: Callable[[], object],
    ) -> None:
        self._loop = loop
        self._socket: socket.socket | None = sock
        self._read, self._write = read, write
        self.is_reading = False
        self.last_received = loop.time()
        """Monotonic seconds of the last byte, or of when reading was switched on."""

    def read_on(self) -> None:
        if self._socket is not None:
            self.is_reading = True
            self.last_received = self._loop.time()
            self._loop.add_reader(self._socket.fileno(), self._readable)
            if _buffered(self._socket):
                self._loop.call_soon(self._readable)

    def read_off(self) -> None:
        if self.is_reading and self._socket is not None:
            self.is_reading = False
            self._loop.remove_reader(self._socket.fileno())

    def write_on(self) -> None:
        if self._socket is not None and self._socket.fileno() >= 0:
            self._loop.add_writer(self._socket.fileno(), self._write)

    def write_off(self) -> None:
        if self._socket is not None and self._socket.fileno() >= 0:
            self._loop.remove_writer(self._socket.fileno())

    def stop(self) -> None:
        """Take the socket off the loop; it is not closed."""
        sock, self._socket = self._socket, None
        if sock is not None and sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())
            self._loop.remove_writer(sock.fileno())

    def _readable(self) -> None:
        """Read what is there; TLS may hold decrypted packets that no selector ever tells of."""
        self.last_received = self._loop.time()
        self._read()
        while self.is_reading and self._socket is not None and _buffered(self._socket):
            self._read()


def _buffered(sock: socket.socket) -> bool:
    return isinstance(sock, ssl.SSLSocket) and sock.fileno() >= 0 and sock.pending() > 0
