"""The door: callers are let in many a turn, and a process without room for more lets them in later."""

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import cast

import pytest
import uvloop

from cloud_hub.web.door import Door, doors

CALLERS = 200


class Greeter(asyncio.Protocol):
    """Says hello to whoever comes in."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        caller = cast("asyncio.Transport", transport)
        caller.write(b"hello")
        caller.close()


def counted(entered: list[Greeter]) -> Greeter:
    """One more who came in."""
    entered.append(Greeter())
    return entered[-1]


@contextmanager
def callers(door: Door, count: int) -> Iterator[list[socket.socket]]:
    """So many connections, known to the system and not yet let in."""
    with ExitStack() as opened:
        yield [opened.enter_context(socket.create_connection(("127.0.0.1", door.port), 5)) for _ in range(count)]


async def heard(caller: socket.socket) -> bytes:
    caller.setblocking(False)
    async with asyncio.timeout(10):
        return await asyncio.get_running_loop().sock_recv(caller, 100)


async def a_few_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_all_who_wait_are_let_in_within_a_few_turns() -> None:
    async def run() -> None:
        entered: list[Greeter] = []
        (door,) = await doors("127.0.0.1", 0, lambda: counted(entered))
        with callers(door, CALLERS):
            await a_few_turns()
            assert len(entered) == CALLERS
        door.close()

    uvloop.run(run())


def test_who_finds_no_file_left_is_let_in_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_hub.web.door.PAUSE_S", 0.05)

    async def run() -> None:
        entered: list[Greeter] = []
        (door,) = await doors("127.0.0.1", 0, lambda: counted(entered))
        with callers(door, 3) as waiting:
            before = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
            try:
                await a_few_turns()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
            assert entered == []
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
