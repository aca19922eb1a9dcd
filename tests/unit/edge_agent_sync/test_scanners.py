"""Between a scanner and the store: nothing that the kernel delivered is dropped, however long the store takes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.config import ScannerConfig
from edge_agent.errors import Unavailable
from edge_agent.transport import overflow, scanners
from edge_agent.transport.overflow import Overflow
from edge_agent.transport.scanners import Scanners
from scanner_drivers import RawScan

SENT = [b"%013d" % number for number in range(300)]


class Store:
    """Books one beep after the other, once it is let."""

    def __init__(self) -> None:
        self.booked: list[bytes] = []
        self.may_book = asyncio.Event()

    async def book(self, scan: RawScan, _mode: str) -> None:
        await self.may_book.wait()
        self.booked.append(scan.raw)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - what is waited for knows no events
            await asyncio.sleep(0.01)


@asynccontextmanager
async def a_scanner_that_sends(lines: list[bytes], store: Store, folder: Path) -> AsyncIterator[Scanners]:
    """A scanner on TCP that says everything at once, and the box's side of it."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(line + b"\r" for line in lines))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = ScannerConfig(url=f"tcp://127.0.0.1:{port}", device="till-1")
    found = Scanners([settings], folder)
    running = asyncio.create_task(found.run(store.book))
    try:
        yield found
    finally:
        running.cancel()
        await asyncio.wait([running])
        server.close()
        await server.wait_closed()


async def test_beeps_beyond_the_queue_wait_in_a_file_and_are_booked_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nasty case 20: the store stands still."""
    monkeypatch.setattr(scanners, "WAITING_MAX", 10)
    store, waiting = Store(), tmp_path / "scanner-1.waiting"
    async with a_scanner_that_sends(SENT, store, tmp_path) as found:
        await until(lambda: found.health[0].frames == len(SENT))
        assert len(waiting.read_bytes().splitlines()) >= len(SENT) - 10 - 1, "ten in memory, one at the store"
        assert waiting.stat().st_mode & 0o777 == 0o600

        store.may_book.set()
        await until(lambda: len(store.booked) == len(SENT))

    assert store.booked == SENT
    assert not waiting.exists()


async def test_a_beep_that_cannot_be_booked_is_logged_with_its_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store()

    async def refuse(scan: RawScan, _mode: str) -> None:
        store.booked.append(scan.raw)
        raise Unavailable("storage_full", "the disk is full")

    store.book = refuse  # type: ignore[method-assign]
    async with a_scanner_that_sends(SENT[:2], store, tmp_path):
        await until(lambda: len(store.booked) == 2)

    told = capsys.readouterr()
    assert all(line.hex() in told.out + told.err for line in SENT[:2])


def a_scan(number: int) -> RawScan:
    return RawScan(raw=b"\x1d\x00%d\n" % number, device="till", session=1, sequence=number, received_ns=number)


def test_the_file_gives_back_what_was_put_byte_for_byte_also_while_more_comes(tmp_path: Path) -> None:
    kept = Overflow(tmp_path / "waiting")
    taken: list[tuple[RawScan, str]] = []
    for number in range(10):
        kept.put(a_scan(number), f"mode {number}")
        if number % 3 == 2:
            taken += kept.take(2)
    taken += kept.take(100)

    assert taken == [(a_scan(number), f"mode {number}") for number in range(10)]
    assert (kept.waiting, kept.take(1), list(tmp_path.iterdir())) == (0, [], [])


def test_half_a_line_on_a_full_disk_does_not_spoil_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Overflow(tmp_path / "waiting")
    kept.put(a_scan(1), "sell")

    def full_after_five(path: Path, data: bytes) -> None:
        with path.open("ab") as file:
            file.write(data[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(overflow, "_append", full_after_five)
        with pytest.raises(OSError, match="No space"):
            kept.put(a_scan(2), "sell")
    kept.put(a_scan(3), "sell")

    assert kept.take(10) == [(a_scan(1), "sell"), (a_scan(3), "sell")]


def test_what_a_killed_agent_left_is_set_aside_and_not_booked(tmp_path: Path) -> None:
    """Nasty case 20: nobody was shown that those beeps counted; people scan again."""
    killed = Overflow(tmp_path / "waiting")
    killed.put(a_scan(1), "sell")
    left = (tmp_path / "waiting").read_bytes()

    kept = Overflow(tmp_path / "waiting")

    assert (kept.waiting, kept.take(1)) == (0, [])
    assert (tmp_path / "waiting.left").read_bytes() == left
    assert list(tmp_path.iterdir()) == [tmp_path / "waiting.left"]
