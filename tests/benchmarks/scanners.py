"""Scanners without a store: framing and decoding rates, and unplugging 300 times.

The reference of the GS1 messages is biip's own parse of them.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache

from biip.gs1_messages import GS1Message

from scanner_drivers import PtyScanner, RawScan, ScannerSupervisor, StoreProfile, decode
from scanner_drivers.framing import Framing, KeyFramer, SsiFramer, TextFramer
from scanner_drivers.framing.frame import Framer
from scanner_drivers.framing.ssi import DECODE_DATA, Packet, encode
from sync_protocol.gtin import check_digit
from sync_protocol.transport import fast_loop
from tests.benchmarks.harness import Cell, Figures, latencies
from tests.unit.scanner_drivers.keyboards import typed

FRAMES = 50_000
MESSAGES = 10_000
REPLUGS = 300
SCANS = 3
"""Between two unplugs."""
PROFILE = StoreProfile()


def cells() -> dict[str, Cell]:
    """Everything of this module."""
    return {
        "frames text": lambda: framing(lambda: TextFramer(Framing()), _lines()),
        "frames ssi": lambda: framing(SsiFramer, _packets()),
        "frames keys": lambda: framing(lambda: KeyFramer(Framing(), "us"), _keys()),
        "frame and decode ean": lambda: framing_and_decoding(_lines()),
        "decode gs1": lambda: decoding([f"]d2{message}".encode() for message in _messages()]),
        "decode gs1 biip": lambda: biip(_messages()),
        "replugs": lambda: fast_loop.run(replugs()),
    }


def framing(make: Callable[[], Framer], sent: list[bytes]) -> Figures:
    """Frames a second when each comes in a read of its own."""
    framer = make()
    got = 0

    def work() -> None:
        nonlocal got
        for number, data in enumerate(sent):
            got += len(framer.feed(data, number))

    figures = _rate(len(sent), work)
    assert got == len(sent)
    return figures


def framing_and_decoding(sent: list[bytes]) -> Figures:
    """Scans a second, from what a read gives to the article."""
    framer, articles = TextFramer(Framing()), []

    def work() -> None:
        for number, data in enumerate(sent):
            articles.extend(decode(_raw(frame.data, number), PROFILE).gtin for frame in framer.feed(data, number))

    figures = _rate(len(sent), work)
    assert len(articles) == len(sent)
    assert None not in articles
    return figures


def decoding(sent: list[bytes]) -> Figures:
    """Scans a second, from the frame to article, lot and expiry."""
    raws = [_raw(data, number) for number, data in enumerate(sent)]
    return _rate(len(raws), lambda: [decode(raw, PROFILE) for raw in raws])


def biip(messages: list[str]) -> Figures:
    """The reference: the same messages parsed by biip alone."""
    return _rate(len(messages), lambda: [GS1Message.parse(message) for message in messages])


async def replugs() -> Figures:
    """Scans that the kernel delivered and nobody heard, the time until the port is open again, descriptors left."""
    heard: list[RawScan] = []
    lost, seconds = 0, list[float]()
    with PtyScanner() as device:
        async with _supervised(device, heard.append) as supervisor:
            await _until(lambda: supervisor.health.state == "up")
            before = _descriptors()
            for _ in range(REPLUGS):
                heard.clear()
                for _ in range(SCANS):
                    device.scan(b"]E04006381333931")
                await _until(lambda: len(heard) == SCANS, within_s=2, is_certain=False)
                lost += SCANS - len(heard)
                device.unplug()
                await _until(lambda: supervisor.health.state != "up")
                device.plug()
                plugged = time.perf_counter()
                await _until(lambda: supervisor.health.state == "up")
                seconds.append(time.perf_counter() - plugged)
            left = _descriptors() - before
    return {**latencies(seconds), "lost": float(lost), "scans": float(REPLUGS * SCANS), "descriptors": float(left)}


@asynccontextmanager
async def _supervised(device: PtyScanner, hear: Callable[[RawScan], None]) -> AsyncIterator[ScannerSupervisor]:
    supervisor = ScannerSupervisor(f"serial://{device.path}", "bench", hear)
    running = asyncio.create_task(supervisor.run())
    yield supervisor
    running.cancel()
    await asyncio.wait([running])


async def _until(condition: Callable[[], bool], within_s: float = 10, *, is_certain: bool = True) -> None:
    deadline = time.perf_counter() + within_s
    while not condition() and time.perf_counter() < deadline:  # noqa: ASYNC110 - a driver tells nobody
        await asyncio.sleep(0.001)
    assert condition() or not is_certain, f"not true within {within_s} s"


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count


def _raw(data: bytes, number: int) -> RawScan:
    return RawScan(raw=data, device="bench", session=1, sequence=number, received_ns=number)


def _rate(count: int, work: Callable[[], object]) -> Figures:
    started = time.perf_counter()
    work()
    return {"rate": count / (time.perf_counter() - started)}


@lru_cache(maxsize=1)
def _eans() -> list[bytes]:
    bodies = (f"400638{number:06d}" for number in range(FRAMES))
    return [f"]E0{body}{check_digit(body)}".encode() for body in bodies]


def _lines() -> list[bytes]:
    return [code + b"\r" for code in _eans()]


def _packets() -> list[bytes]:
    return [encode(Packet(DECODE_DATA, 0, 0, b"\x0b" + code[3:])) for code in _eans()[:MESSAGES]]


def _keys() -> list[bytes]:
    return [typed(code.decode() + "\r") for code in _eans()[:2_000]]


@lru_cache(maxsize=1)
def _messages() -> list[str]:
    dice = random.Random(4)
    made = []
    for number in range(MESSAGES):
        body = f"0400638{number:06d}"
        lot = "".join(dice.choices("ABCDEFGH", k=8))
        made.append(f"01{body}{check_digit(body)}1727123110{lot}\x1d21{number:06d}")
    return made
