"""The box's scanners: each under its supervisor, each beep handed to the store in order.

A driver never waits for the store and the store never waits for a driver: between them is
a queue per device, whose first thousand beeps wait in memory and all others in a file, in
their order. A beep means what its scanner was set to when it beeped. Nothing that the kernel
delivered is dropped: what cannot be booked at all is logged with its bytes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import structlog

from edge_agent.errors import EdgeError, Unavailable
from edge_agent.services.scanners import Seen, find
from edge_agent.supervise import keep_running
from edge_agent.transport.overflow import Overflow
from edge_agent.transport.scanner_modes import ScannerModes
from scanner_drivers import RawScan, ScannerHealth, ScannerSupervisor
from scanner_drivers.monitor import Monitor, Recent

log = structlog.get_logger(__name__)

WAITING_MAX = 1_000
"""Beeps in memory; at more, something is broken and a person has to know."""
WATCHERS_MAX = 4
SEEN_MAX = 256
"""Events for a screen that watches a scanner; what it does not take is counted and left out."""


class ScannerSettings(Protocol):
    """One scanner of the configuration."""

    @property
    def url(self) -> str: ...

    @property
    def device(self) -> str: ...

    @property
    def mode(self) -> str: ...


class Beep(NamedTuple):
    scan: RawScan
    mode: str


Handle = Callable[[RawScan, str], Awaitable[object]]
"""The use case: a raw scan and the mode of its scanner."""


class Scanners:
    """All scanners of the box; `run` until cancelled."""

    def __init__(self, settings: Sequence[ScannerSettings], folder: Path) -> None:
        self._modes = ScannerModes(folder / "scanner-modes.json")
        self._changing = asyncio.Lock()
        self.scanners = [
            _Device(one, self._modes.of(one.device, one.mode), Overflow(folder / f"scanner-{number}.waiting"))
            for number, one in enumerate(settings, 1)
        ]

    @property
    def health(self) -> list[ScannerHealth]:
        """How each of them is; live objects."""
        return [device.health for device in self.scanners]

    async def set_mode(self, name: str, mode: str) -> None:
        """Kept first, then true: after a power cut it is the one that was answered."""
        device = find(self.scanners, name)
        async with self._changing:
            await asyncio.to_thread(self._modes.keep, name, device.configured, mode)
            device.mode = mode
        log.info("scanner mode", device=name, mode=mode)

    async def run(self, handle: Handle) -> None:
        """Keep every scanner running; a crash of one touches no other."""
        async with asyncio.TaskGroup() as tasks:
            for device in self.scanners:
                tasks.create_task(device.supervisor.run(), name=f"scanner-{device.name}")
                tasks.create_task(device.keep_working(handle), name=f"scans-{device.name}")


class _Device:
    def __init__(self, settings: ScannerSettings, mode: str, overflow: Overflow) -> None:
        self.name, self.url, self.configured, self.mode = settings.device, settings.url, settings.mode, mode
        self._waiting: asyncio.Queue[Beep] = asyncio.Queue(WAITING_MAX)
        self._overflow = overflow
        self.recent, self._watchers = Recent(), 0
        self.supervisor = ScannerSupervisor(settings.url, settings.device, self._heard)
        self.supervisor.tap(self.recent)

    @property
    def health(self) -> ScannerHealth:
        return self.supervisor.health

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[Seen]]:
        if self._watchers >= WATCHERS_MAX:
            raise Unavailable("too_many_watchers", f"expected at most {WATCHERS_MAX} screens that watch {self.name}",
                              remedy="close one")  # fmt: skip
        seen = _Seen()
        monitor = Monitor(seen.tell)
        self._watchers += 1
        self.supervisor.tap(monitor)
        try:
            yield seen.queue
        finally:
            self.supervisor.untap(monitor)
            self._watchers -= 1

    async def keep_working(self, handle: Handle) -> None:
        """Hand over what was heard, for as long as the agent runs."""
        await keep_running(f"scans-{self.name}", lambda: self._work(handle))

    async def _work(self, handle: Handle) -> None:
        """Each scan after the one before it is durable."""
        while True:
            if self._waiting.empty():
                for scan, mode in self._overflow.take(WAITING_MAX):
                    self._waiting.put_nowait(Beep(scan, mode))
            scan, mode = await self._waiting.get()
            try:
                await handle(scan, mode)
            except EdgeError as error:
                log.warning("scan not booked", device=self.name, raw=scan.raw.hex(), code=error.code,
                            detail=error.detail)  # fmt: skip
            except Exception:
                log.error("scan not booked", device=self.name, raw=scan.raw.hex())
                raise

    def _heard(self, scan: RawScan) -> None:
        if not self._overflow.waiting and not self._waiting.full():
            self._waiting.put_nowait(Beep(scan, self.mode))
            return
        if not self._overflow.waiting:
            log.error("the store does not keep up with this scanner", device=self.name, waiting=WAITING_MAX)
        try:
            # Some microseconds on the loop: it only hands a line to the kernel.
            self._overflow.put(scan, self.mode)
        except OSError as error:
            log.error("scan lost: no room in memory or on the disk", device=self.name, raw=scan.raw.hex(),
                      detail=str(error))  # fmt: skip


class _Seen:
    """A queue that never holds up a scanner."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Seen] = asyncio.Queue(SEEN_MAX)
        self._missed = 0

    def tell(self, kind: str, body: dict[str, Any]) -> None:
        if self.queue.qsize() >= SEEN_MAX - 1:
            self._missed += 1
            return
        if self._missed:
            self.queue.put_nowait(("missed", {"events": self._missed}))
            self._missed = 0
        self.queue.put_nowait((kind, body))
