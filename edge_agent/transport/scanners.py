"""The box's scanners: each under its supervisor, each beep handed to the store in order.

A driver never waits for the store and the store never waits for a driver: between them is
a queue per device, whose first thousand beeps wait in memory and all others in a file, in
their order. Nothing that the kernel delivered is dropped: what cannot be booked at all is
logged with its bytes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from edge_agent.errors import EdgeError
from edge_agent.supervise import keep_running
from edge_agent.transport.overflow import Overflow
from scanner_drivers import RawScan, ScannerHealth, ScannerSupervisor

log = structlog.get_logger(__name__)

WAITING_MAX = 1_000
"""Beeps in memory; at more, something is broken and a person has to know."""


class ScannerSettings(Protocol):
    """One scanner of the configuration."""

    @property
    def url(self) -> str: ...

    @property
    def device(self) -> str: ...

    @property
    def mode(self) -> str: ...


Handle = Callable[[RawScan, str], Awaitable[object]]
"""The use case: a raw scan and the mode of its scanner."""


class Scanners:
    """All scanners of the box; `run` until cancelled."""

    def __init__(self, settings: Sequence[ScannerSettings], handle: Handle, folder: Path) -> None:
        self._devices = [
            _Device(one, handle, Overflow(folder / f"scanner-{number}.waiting"))
            for number, one in enumerate(settings, 1)
        ]

    @property
    def health(self) -> list[ScannerHealth]:
        """How each of them is; live objects."""
        return [device.supervisor.health for device in self._devices]

    async def run(self) -> None:
        """Keep every scanner running; a crash of one touches no other."""
        async with asyncio.TaskGroup() as tasks:
            for device in self._devices:
                tasks.create_task(device.supervisor.run(), name=f"scanner-{device.name}")
                tasks.create_task(keep_running(f"scans-{device.name}", device.work), name=f"scans-{device.name}")


class _Device:
    def __init__(self, settings: ScannerSettings, handle: Handle, overflow: Overflow) -> None:
        self.name, self._mode, self._handle = settings.device, settings.mode, handle
        self._waiting: asyncio.Queue[RawScan] = asyncio.Queue(WAITING_MAX)
        self._overflow = overflow
        self.supervisor = ScannerSupervisor(settings.url, settings.device, self._heard)

    async def work(self) -> None:
        """Each scan after the one before it is durable."""
        while True:
            if self._waiting.empty():
                for scan in self._overflow.take(WAITING_MAX):
                    self._waiting.put_nowait(scan)
            scan = await self._waiting.get()
            try:
                await self._handle(scan, self._mode)
            except EdgeError as error:
                log.warning("scan not booked", device=self.name, raw=scan.raw.hex(), code=error.code,
                            detail=error.detail)  # fmt: skip
            except Exception:
                log.error("scan not booked", device=self.name, raw=scan.raw.hex())
                raise

    def _heard(self, scan: RawScan) -> None:
        if not self._overflow.waiting and not self._waiting.full():
            self._waiting.put_nowait(scan)
            return
        if not self._overflow.waiting:
            log.error("the store does not keep up with this scanner", device=self.name, waiting=WAITING_MAX)
        try:
            # Some microseconds on the loop: it only hands a line to the kernel.
            self._overflow.put(scan)
        except OSError as error:
            log.error("scan lost: no room in memory or on the disk", device=self.name, raw=scan.raw.hex(),
                      detail=str(error))  # fmt: skip
