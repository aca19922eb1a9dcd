"""From a byte on the line to the event, while the box sends its backlog; a bare `add_reader` beside it.

The scans are sent from this process, by turns to the agent and to a process that does nothing
but read; both suffer the same machine, on which hub, broker and PostgreSQL are at work too.
"""

import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.calls import wait_until
from deploy.local.programs import Program
from deploy.local.stack import Stack, Store
from scanner_drivers import PtyScanner
from sync_protocol.transport import fast_loop
from tests.benchmarks.harness import Figures, latencies
from tests.benchmarks.product import a_filled_store, discard

BACKLOG = 200_000
CODE = "]E04006381333931"
PAUSE_S = 0.003
"""Each scanner sends some 150 scans a second, as a conveyor tunnel gives them."""


def while_syncing(stack: Stack) -> Figures:
    """p50 and p99 of the agent, and of the bare reader at the same time."""
    store = a_filled_store(stack, BACKLOG)
    try:
        with tempfile.TemporaryDirectory() as folder, PtyScanner() as till, PtyScanner() as beside:
            ours, bare = Path(folder) / "ours", Path(folder) / "bare"
            with _reading(beside, bare):
                _start(store, till, ours)
                sent = _beep_until_sent(store, till, beside)
                wait_until(lambda: _count(ours) == _count(bare) == len(sent), "every scan was heard", 20)
            agent = _waits(ours, [pair[0] for pair in sent])
            reader = _waits(bare, [pair[1] for pair in sent])
        theirs = {f"bare_{name}": value for name, value in latencies(reader).items()}
        return {**latencies(agent), **theirs, "scans": float(len(sent))}
    finally:
        discard(stack, store)


def _start(store: Store, till: PtyScanner, heard: Path) -> None:
    store.scanners = [{"url": f"serial://{till.path}", "device": "till-1", "mode": "lookup"}]
    store.environment["BENCH_HEARD"] = str(heard)
    command = [sys.executable, "-m", "tests.benchmarks.hearing_agent", "--data", str(store.folder), "run"]
    store.program = Program(store.name, command, store._environment(), store.folder / "agent.log").start()

    def is_ready() -> bool:
        scanner = store.get("/api/v1/scanners").body["items"][0]
        return scanner["state"] == "up" and store.sync()["state"] == "streaming"

    wait_until(is_ready, "the scanner is open and the backlog on its way", 60)


def _beep_until_sent(store: Store, till: PtyScanner, beside: PtyScanner) -> list[tuple[int, int]]:
    """When each was sent: to the agent, to the bare reader."""
    sent: list[tuple[int, int]] = []
    while len(sent) % 100 or store.sync()["pending"]:
        pair = []
        for scanner in (till, beside):
            time.sleep(PAUSE_S)
            pair.append(time.monotonic_ns())
            scanner.scan(CODE)
        sent.append((pair[0], pair[1]))
    return sent


def _count(path: Path) -> int:
    return path.stat().st_size // 8 if path.exists() else 0


def _waits(path: Path, sent: list[int]) -> list[float]:
    data = path.read_bytes()
    heard = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
    return [(there - since) / 1e9 for there, since in zip(heard, sent, strict=True)]


@contextmanager
def _reading(device: PtyScanner, heard: Path) -> Iterator[None]:
    """The reference, in a process of its own."""
    process = multiprocessing.get_context("spawn").Process(target=_read_bare, args=(device.path, str(heard)))
    process.start()
    try:
        wait_until(heard.exists, "the bare reader reads", 30)
        yield
    finally:
        process.terminate()
        process.join()


def _read_bare(device: str, heard: str) -> None:
    fast_loop.run(_add_reader(device, heard))


async def _add_reader(device: str, heard: str) -> None:
    fd = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    out = os.open(heard, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def read() -> None:
        for _ in range(os.read(fd, 4096).count(b"\r")):
            os.write(out, time.monotonic_ns().to_bytes(8, "little"))

    asyncio.get_running_loop().add_reader(fd, read)
    await asyncio.Event().wait()
