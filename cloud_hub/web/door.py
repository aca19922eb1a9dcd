"""Lets callers in as they come, many a turn of the event loop.

The loop itself accepts one connection a turn (libuv since 1.45). Behind thousands of busy
connections a turn takes long, so of ten thousand that come at once the last would wait for
minutes before it is heard at all.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

import structlog

BACKLOG = 4096
"""Callers that the system keeps for us between two turns."""
A_TURN = 256
PAUSE_S = 1.0
"""After the system had nothing left for another connection."""
log = structlog.get_logger()


class Door:
    """A listening socket; `make` gives the protocol of each connection."""

    def __init__(
        self, listening: socket.socket, make: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None
    ) -> None:
        self._listening = listening
        self._make = make
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._entering: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    def open(self) -> None:
        """Let in who knocks."""
        self._loop.add_reader(self._listening, self._let_in)

    def close(self) -> None:
        """Nobody more; who is inside stays."""
        self._loop.remove_reader(self._listening)
        if self._pause is not None:
            self._pause.cancel()
        for task in self._entering:
            task.cancel()
        self._listening.close()

    def _let_in(self) -> None:
        for _ in range(A_TURN):
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("no room for another connection", detail=str(error))
                self._loop.remove_reader(self._listening)
                self._pause = self._loop.call_later(PAUSE_S, self.open)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._enter(connection))
            self._entering.add(task)
            task.add_done_callback(self._entering.discard)

    async def _enter(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make, connection, ssl=self._tls)
        except OSError:  # It went away meanwhile, or speaks no TLS.
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise


async def doors(
    host: str, port: int, make: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None
) -> list[Door]:
    """One open door for each address of the host. Raises OSError when one is taken or not ours."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[Door] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            listening = socket.create_server(address, family=family, backlog=BACKLOG)
            listening.setblocking(False)
            opened.append(Door(listening, make, tls))
            opened[-1].open()
    except OSError:
        for door in opened:
            door.close()
        raise
    return opened
