"""What the rest of the product may rely on: names, fields, purity, and one behaviour of all drivers."""

import ast
import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import scanner_drivers
from scanner_drivers import PtyScanner, RawScan, Scan
from scanner_drivers.framing.ssi import DECODE_DATA, Packet, encode
from tests.integration.scanners.pipes import PipeScanner
from tests.integration.scanners.running import Running, running, until
from tests.unit.scanner_drivers.keyboards import typed
from tests.unit.scanner_drivers.reports import NEWLAND

STREAM = b"\x1d]d20104006381333931\x1d10A\r\n]E04006381333931\r\r96385074\ntail without end"
FRAMES = [b"\x1d]d20104006381333931\x1d10A", b"]E04006381333931", b"96385074"]


def test_the_public_names_are_there() -> None:
    names = {"Scan", "RawScan", "decode", "StoreProfile", "ScannerSupervisor", "parse_scanner_url", "PtyScanner"}
    assert names <= set(scanner_drivers.__all__)
    assert all(hasattr(scanner_drivers, name) for name in scanner_drivers.__all__)


def test_a_scan_has_exactly_the_agreed_fields_and_cannot_be_changed() -> None:
    assert [field.name for field in dataclasses.fields(Scan)] == [
        "raw", "aim", "symbology", "text", "gtin", "sku", "lot", "expiry", "serial", "quantity",
        "weight_unit", "price_minor", "flags", "device", "session", "sequence", "received_ns",
    ]  # fmt: skip
    raw = RawScan(raw=b"x", device="d", session=1, sequence=1, received_ns=0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        raw.raw = b"y"  # type: ignore[misc]


def test_framing_and_decoding_are_pure() -> None:
    folder = Path(scanner_drivers.__file__).parent
    impure = {"asyncio", "socket", "sqlite3", "serial", "logging", "random", "time", "datetime", "os", "threading"}
    for file in (folder / "scan.py", *(folder / "framing").glob("*.py"), *(folder / "decode").glob("*.py")):
        imported = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
        assert not imported & impure, file.name


@asynccontextmanager
async def by_serial(_: Path) -> AsyncIterator[tuple[Running, Callable[[], Awaitable[None]]]]:
    with PtyScanner() as device:
        async with running(f"serial://{device.path}?idle=10000") as till:
            await till.state("up")

            async def play() -> None:
                device.send(STREAM)
                await till.count(len(FRAMES))
                device.unplug()

            yield till, play


@asynccontextmanager
async def by_tcp_listener(_: Path) -> AsyncIterator[tuple[Running, Callable[[], Awaitable[None]]]]:
    async with running("tcp://127.0.0.1:0?role=listen&idle=10000") as till:
        await till.state("up")

        async def play() -> None:
            host, port = till.health.where.split(":")
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(STREAM)
            writer.close()

        yield till, play


@asynccontextmanager
async def by_tcp_client(_: Path) -> AsyncIterator[tuple[Running, Callable[[], Awaitable[None]]]]:
    go = asyncio.Event()

    async def scanner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        go.clear()
        writer.write(STREAM)
        writer.close()

    async with await asyncio.start_server(scanner, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with running(f"tcp://127.0.0.1:{port}?idle=10000") as till:
            await till.state("up")

            async def play() -> None:
                go.set()

            yield till, play


@asynccontextmanager
async def by_replay(folder: Path) -> AsyncIterator[tuple[Running, Callable[[], Awaitable[None]]]]:
    recording = folder / "stream.jsonl"
    async with running(f"replay://{recording}?speed=0&idle=10000") as till:

        async def play() -> None:
            fresh = folder / "fresh"
            fresh.write_text(
                "".join(
                    json.dumps({"t_ns": at, "direction": "rx", "hex": STREAM[at : at + 7].hex()}) + "\n"
                    for at in range(0, len(STREAM), 7)
                )
            )
            fresh.replace(recording)

        yield till, play


@asynccontextmanager
async def by_evdev(folder: Path) -> AsyncIterator[tuple[Running, Callable[[], Awaitable[None]]]]:
    with PipeScanner(folder) as device:
        async with running(f"evdev://{device.path}?idle=10000") as till:
            await till.state("up")

            async def play() -> None:
                device.send(typed(STREAM.decode().replace("\n", "\r")))
                await till.count(len(FRAMES))
                device.unplug()

            yield till, play


@asynccontextmanager
async def by_hidpos(folder: Path) -> AsyncIterator[tuple[Running, Callable[[], Awaitable[None]]]]:
    with PipeScanner(folder, NEWLAND.descriptor) as device:
        async with running(f"hidpos://{device.path}") as till:
            await till.state("up")
            begun = bytearray(NEWLAND.reports(b"tail without end")[0])
            begun[63] = 1

            async def play() -> None:
                device.send(b"".join(report for frame in FRAMES for report in NEWLAND.reports(frame)) + bytes(begun))
                await till.count(len(FRAMES))
                device.unplug()

            yield till, play


@asynccontextmanager
async def by_ssi(_: Path) -> AsyncIterator[tuple[Running, Callable[[], Awaitable[None]]]]:
    with PtyScanner() as device:
        async with running(f"serial://{device.path}?protocol=ssi") as till:
            await till.state("up")

            async def play() -> None:
                for frame in FRAMES:
                    device.send(encode(Packet(DECODE_DATA, 0, 0, b"\x00" + frame)))
                device.send(encode(Packet(DECODE_DATA, 0, 2, b"\x00tail without en")))
                await till.count(len(FRAMES))
                await until(lambda: till.health.bytes_received == sum(map(len, FRAMES)) + 3 * 7 + 22)
                device.unplug()

            yield till, play


DRIVERS = {
    "serial": by_serial,
    "evdev": by_evdev,
    "hidpos": by_hidpos,
    "ssi": by_ssi,
    "tcp-listener": by_tcp_listener,
    "tcp-client": by_tcp_client,
    "replay": by_replay,
}


@pytest.mark.parametrize("driver", DRIVERS)
async def test_every_driver_gives_the_same_frames_and_never_a_torn_one(driver: str, tmp_path: Path) -> None:
    async with DRIVERS[driver](tmp_path) as (till, play):
        await play()
        await till.count(len(FRAMES))
        await till.dropped(len(b"tail without end"))
        assert till.codes == FRAMES
        assert [scan.sequence for scan in till.scans] == [1, 2, 3]
