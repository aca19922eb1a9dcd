"""A supervised scanner inside a test: collects its scans, waits on conditions, always stops."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from scanner_drivers import RawScan, ScannerHealth, ScannerSupervisor
from scanner_drivers.drivers.base import Driver
from scanner_drivers.tap import Tap


class Running:
    """One supervisor with its scans; `consumer` replaces the plain collecting."""

    def __init__(
        self,
        url: str,
        driver: Driver | None = None,
        *,
        tap: Tap | None = None,
        consumer: Callable[[RawScan], None] | None = None,
    ) -> None:
        self.scans: list[RawScan] = []
        on_scan = consumer or self.scans.append
        self.supervisor = ScannerSupervisor(url, "till-1", on_scan, driver=driver)
        if tap is not None:
            self.supervisor.tap(tap)

    @property
    def health(self) -> ScannerHealth:
        return self.supervisor.health

    @property
    def codes(self) -> list[bytes]:
        return [scan.raw for scan in self.scans]

    async def state(self, state: str) -> None:
        await until(lambda: self.health.state == state)

    async def count(self, scans: int) -> None:
        await until(lambda: len(self.scans) >= scans)

    async def dropped(self, partial_bytes: int) -> None:
        await until(lambda: self.health.partial_dropped == partial_bytes)

    @asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.supervisor.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def running(url: str, driver: Driver | None = None) -> AsyncIterator[Running]:
    scanner = Running(url, driver)
    async with scanner.started():
        yield scanner


async def until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait for a condition; fail loudly when it does not come true."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not true within {within_s} s"
        await asyncio.sleep(0.002)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
