"""TCP scanners on real loopback sockets, as client and as listener."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.integration.scanners.running import Running, running, until

CODE = b"]E04006381333931"


class Server:
    """A scanner that waits to be connected to."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[Server]:
    scanner = Server()
    server = await asyncio.start_server(scanner.accept, "127.0.0.1", port)
    scanner.port = server.sockets[0].getsockname()[1]
    try:
        yield scanner
    finally:
        server.close()
        for writer in scanner.writers:
            writer.close()


async def dial(till: Running) -> asyncio.StreamWriter:
    host, port = till.health.where.split(":")
    return (await asyncio.open_connection(host, int(port)))[1]


async def test_a_client_reads_and_reconnects_after_the_peer_closed() -> None:
    async with serving() as scanner, running(f"tcp://127.0.0.1:{scanner.port}") as till:
        await until(lambda: len(scanner.writers) == 1)
        scanner.writers[0].write(CODE + b"\r\n" + b"half")
        await till.count(1)
        scanner.writers[0].close()
        await until(lambda: len(scanner.writers) == 2)
        scanner.writers[1].write(b"96385074\r\n")
        await till.count(2)
    assert till.codes == [CODE, b"96385074"]
    assert [scan.session for scan in till.scans] == [1, 2]
    assert till.health.partial_dropped == 4


async def test_one_byte_segments_give_whole_scans() -> None:
    """Nasty case 19: one byte a segment."""
    async with serving() as scanner, running(f"tcp://127.0.0.1:{scanner.port}?idle=2000") as till:
        await until(lambda: len(scanner.writers) == 1)
        for byte in CODE + b"\r" + b"96385074" + b"\r":
            scanner.writers[0].write(bytes([byte]))
            await scanner.writers[0].drain()
            await asyncio.sleep(0)
        await till.count(2)
    assert till.codes == [CODE, b"96385074"]


async def test_a_refused_connection_is_absent_and_tried_again() -> None:
    async with serving() as scanner:
        port = scanner.port
    async with running(f"tcp://127.0.0.1:{port}") as till:
        await till.state("absent")
        async with serving(port):
            await till.state("up")


async def test_a_half_open_connection_cannot_look_healthy_for_hours() -> None:
    """Nasty case 19."""
    async with serving() as scanner, running(f"tcp://127.0.0.1:{scanner.port}") as till:
        await till.state("up")
        with connected_to(scanner.port) as ours:
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 15
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 5
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


def connected_to(port: int) -> socket.socket:
    """A copy of the descriptor in this process whose peer has that port: the driver's own."""
    for name in Path("/proc/self/fd").iterdir():
        try:
            copy = socket.socket(fileno=os.dup(int(name.name)))
        except OSError:
            continue
        with suppress(OSError, IndexError, TypeError):
            if copy.family == socket.AF_INET and copy.getpeername()[1] == port:
                return copy
        copy.close()
    raise AssertionError(f"no connection to port {port}")


async def test_a_listener_keeps_two_clients_apart_and_outlives_both() -> None:
    """Nasty case 19: two clients, NoRead."""
    async with running("tcp://127.0.0.1:0?role=listen&clients=2&ignore=NoRead") as till:
        await till.state("up")
        first, second = await dial(till), await dial(till)
        first.write(b"]E0400638")
        second.write(b"NoRead\r96385074\r")
        await till.count(1)
        first.write(b"1333931\r")
        await till.count(2)
        assert till.codes == [b"96385074", CODE]
        assert {scan.session for scan in till.scans} == {1, 2}
        first.transport.abort()
        second.close()
        await until(lambda: till.health.ignored == 1)
        third = await dial(till)
        third.write(b"still here\r")
        await till.count(3)
        assert till.health.state == "up"
        third.close()


async def test_a_full_listener_refuses_strangers_but_lets_a_roamed_scanner_back_in() -> None:
    async with running("tcp://127.0.0.1:0?role=listen&clients=1") as till:
        await till.state("up")
        dead = await dial(till)
        dead.write(b"half a sc")
        await until(lambda: till.health.bytes_received == 9)
        host, port = till.health.where.split(":")
        reader, stranger = await asyncio.open_connection(host, int(port), local_addr=("127.0.0.2", 0))
        assert await asyncio.wait_for(reader.read(), 5) == b""
        back = await dial(till)
        back.write(CODE + b"\r")
        await till.count(1)
        assert (till.codes, till.health.partial_dropped) == ([CODE], 9)
        for writer in (dead, stranger, back):
            writer.close()


async def test_a_taken_port_is_busy() -> None:
    async with serving() as scanner, running(f"tcp://127.0.0.1:{scanner.port}?role=listen") as till:
        await till.state("busy")
