"""The box's scanners: each under its supervisor, each beep handed to the store in order.

A driver never waits for the store and the store never waits for a driver: between them is
a bounded queue per device. What would overflow it is counted and logged with its bytes; at
a thousand beeps behind, something else is broken and a person has to know.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from edge_agent.errors import EdgeError
from edge_agent.supervise import keep_running
from scanner_drivers import RawScan, ScannerHealth, ScannerSupervisor

log = structlog.get_logger(__name__)

WAITING_MAX = 1_000


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

    def __init__(self, settings: Sequence[ScannerSettings], handle: Handle) -> None:
        self._devices = [_Device(one, handle) for one in settings]

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
    def __init__(self, settings: ScannerSettings, handle: Handle) -> None:
        self.name, self._mode, self._handle = settings.device, settings.mode, handle
        self._waiting: asyncio.Queue[RawScan] = asyncio.Queue(WAITING_MAX)
        self.supervisor = ScannerSupervisor(settings.url, settings.device, self._heard)

    async def work(self) -> None:
        """Each scan after the one before it is durable."""
        while True:
            scan = await self._waiting.get()
            try:
                await self._handle(scan, self._mode)
            except EdgeError as error:
                log.warning("scan not booked", device=self.name, code=error.code, detail=error.detail)

    def _heard(self, scan: RawScan) -> None:
        try:
            self._waiting.put_nowait(scan)
        except asyncio.QueueFull:
            log.error("scan lost: the store does not keep up", device=self.name, raw=scan.raw.hex())
