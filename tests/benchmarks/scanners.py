"""Scanners: framing and decoding rates, and from a byte on the line to the event, each beside its reference.

    python -m tests.benchmarks.scanners [--rounds 5]

The references: biip's own parse for GS1 messages, a bare `add_reader` with `os.read` on the
same pseudo-terminal for the latency. Prints its figures; the page of `make bench` is not its.
"""

import argparse
import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from biip.gs1_messages import GS1Message

from scanner_drivers import PtyScanner, RawScan, ScannerSupervisor, StoreProfile, decode
from scanner_drivers.framing import Framing, KeyFramer, SsiFramer, TextFramer
from scanner_drivers.framing.frame import Framer
from scanner_drivers.framing.ssi import DECODE_DATA, Packet, encode
from sync_protocol.gtin import check_digit
from sync_protocol.transport import fast_loop
from tests.benchmarks.harness import Cell, Figures, interleave, latencies
from tests.unit.scanner_drivers.keyboards import typed

FRAMES = 50_000
MESSAGES = 10_000
BEEPS = 1_000
PAUSE_S = 0.006
"""About 150 scans a second, as a conveyor tunnel gives them."""
PROFILE = StoreProfile()


def _eans(count: int) -> list[bytes]:
    bodies = (f"400638{number:06d}" for number in range(count))
    return [f"]E0{body}{check_digit(body)}".encode() for body in bodies]


def _messages(count: int) -> list[str]:
    dice = random.Random(4)
    made = []
    for number in range(count):
        body = f"0400638{number:06d}"
        lot = "".join(dice.choices("ABCDEFGH", k=8))
        made.append(f"01{body}{check_digit(body)}1727123110{lot}\x1d21{number:06d}")
    return made


def _rate(count: int, work: Callable[[], object]) -> Figures:
    started = time.perf_counter()
    work()
    return {"rate": count / (time.perf_counter() - started)}


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


def decoding(sent: list[bytes]) -> Figures:
    """Scans a second, from the frame to article, lot and expiry."""
    raws = [RawScan(raw=data, device="bench", session=1, sequence=n, received_ns=n) for n, data in enumerate(sent)]
    return _rate(len(raws), lambda: [decode(raw, PROFILE) for raw in raws])


def biip(messages: list[str]) -> Figures:
    """The reference: the same messages parsed by biip alone."""
    return _rate(len(messages), lambda: [GS1Message.parse(message) for message in messages])


async def _driver(device: PtyScanner) -> list[float]:
    heard: asyncio.Queue[int] = asyncio.Queue()
    supervisor = ScannerSupervisor(
        f"serial://{device.path}", "bench", lambda _: heard.put_nowait(time.perf_counter_ns())
    )
    running = asyncio.create_task(supervisor.run())
    try:
        while supervisor.health.state != "up":  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        return await _beep(device, heard)
    finally:
        running.cancel()
        await asyncio.wait([running])


def _open(device: PtyScanner) -> int:
    return os.open(Path(device.path).resolve(), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


async def _bare(device: PtyScanner) -> list[float]:
    heard: asyncio.Queue[int] = asyncio.Queue()
    fd = _open(device)
    loop = asyncio.get_running_loop()

    def read() -> None:
        if os.read(fd, 4096).endswith(b"\r"):
            heard.put_nowait(time.perf_counter_ns())

    loop.add_reader(fd, read)
    try:
        return await _beep(device, heard)
    finally:
        loop.remove_reader(fd)
        os.close(fd)


async def _beep(device: PtyScanner, heard: asyncio.Queue[int]) -> list[float]:
    seconds = []
    for _ in range(BEEPS):
        await asyncio.sleep(PAUSE_S)
        sent = time.perf_counter_ns()
        device.scan(b"]E04006381333931")
        seconds.append((await heard.get() - sent) / 1e9)
    return seconds


def latency(way: Callable[[PtyScanner], Awaitable[list[float]]]) -> Figures:
    """From the last byte at the other end of a pseudo-terminal to the event on the loop."""

    async def run() -> Figures:
        with PtyScanner() as device:
            return latencies(await way(device))

    return fast_loop.run(run())


def cells() -> dict[str, Cell]:
    """Everything of this page."""
    eans, messages = _eans(FRAMES), _messages(MESSAGES)
    lines = [code + b"\r" for code in eans]
    packets = [encode(Packet(DECODE_DATA, 0, 0, b"\x0b" + code[3:])) for code in eans[:MESSAGES]]
    keys = [typed(code.decode() + "\r") for code in eans[:2_000]]
    tagged = [f"]d2{message}".encode() for message in messages]
    return {
        "frames text": lambda: framing(lambda: TextFramer(Framing()), lines),
        "frames ssi": lambda: framing(SsiFramer, packets),
        "frames keys": lambda: framing(lambda: KeyFramer(Framing(), "us"), keys),
        "decode ean": lambda: decoding(eans),
        "decode gs1": lambda: decoding(tagged),
        "decode gs1, biip alone": lambda: biip(messages),
        "byte to event": lambda: latency(_driver),
        "byte to event, bare add_reader": lambda: latency(_bare),
    }


def main() -> None:
    """Run all cells and print medians and ratios."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scanners")
    parser.add_argument("--rounds", type=int, default=5)
    results = interleave(cells(), rounds=parser.parse_args().rounds)
    for name in results.rounds[0]:
        print(f"{name}: " + "  ".join(f"{figure} {results.spread(name, figure)}" for figure in results.rounds[0][name]))
    print(f"gs1 / biip: {results.ratio('decode gs1', 'decode gs1, biip alone', 'rate'):.2f}")
    for figure in ("p50_ms", "p99_ms"):
        ratio = results.ratio("byte to event", "byte to event, bare add_reader", figure)
        print(f"byte to event / bare, {figure}: {ratio:.2f}")


if __name__ == "__main__":
    main()
