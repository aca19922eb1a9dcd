"""The door: callers are let in many a turn, and a process without room for more lets them in later."""

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import cast

import pytest
import uvloop
from structlog.testing import capture_logs

from cloud_hub.web.door import Door, doors

CALLERS = 200


class Greeter(asyncio.Protocol):
    """Says hello to whoever comes in."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        caller = cast("asyncio.Transport", transport)
        caller.write(b"hello")
        caller.close()


@contextmanager
def callers(door: Door, count: int) -> Iterator[list[socket.socket]]:
    """So many connections, known to the system and not yet let in."""
    with ExitStack() as opened:
        yield [opened.enter_context(socket.create_connection(("127.0.0.1", door.port), 5)) for _ in range(count)]


async def heard(caller: socket.socket) -> bytes:
    caller.setblocking(False)
    async with asyncio.timeout(10):
        return await asyncio.get_running_loop().sock_recv(caller, 100)


def test_all_who_wait_are_let_in_within_a_few_turns() -> None:
    entered = []

    def make() -> asyncio.Protocol:
        entered.append(1)
        return Greeter()

    async def run() -> None:
        (door,) = await doors("127.0.0.1", 0, make)
        with callers(door, CALLERS):
            for _ in range(5):
                await asyncio.sleep(0)
            assert len(entered) == CALLERS
        door.close()

    uvloop.run(run())


def test_who_finds_no_file_left_is_let_in_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_hub.web.door.PAUSE_S", 0.05)

    async def run() -> None:
        (door,) = await doors("127.0.0.1", 0, Greeter)
        with callers(door, 3) as waiting:
            before = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
            try:
                with capture_logs() as said:
                    for _ in range(5):
                        await asyncio.sleep(0)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
            assert [line["event"] for line in said] == ["no room for another connection"]
            assert [await heard(caller) for caller in waiting] == [b"hello"] * 3
        door.close()

    uvloop.run(run())


def test_a_closed_door_lets_nobody_in() -> None:
    async def run() -> None:
        (door,) = await doors("127.0.0.1", 0, Greeter)
        port = door.port
        door.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)

    uvloop.run(run())


def test_a_port_that_is_taken_is_an_error() -> None:
    async def run() -> None:
        (door,) = await doors("127.0.0.1", 0, Greeter)
        with pytest.raises(OSError, match="in use"):
            await doors("127.0.0.1", door.port, Greeter)
        door.close()

    uvloop.run(run())
