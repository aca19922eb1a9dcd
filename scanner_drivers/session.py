"""One stream of bytes becomes RawScans: framing, numbering, filtering, the idle timer.

Owns what happens between a driver's chunk and the consumer's callback. A consumer that
raises is counted and logged and costs its own scan only. Two equal scans in a row are two
scans; only with `dedupe` set is an equal frame within that time taken for an echo.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from scanner_drivers.decode.misread import is_misread
from scanner_drivers.framing import Frame, Framer, Recipe
from scanner_drivers.health import ScannerHealth
from scanner_drivers.scan import RawScan
from scanner_drivers.tap import Tap
from scanner_drivers.url import ScannerUrl

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What all sessions of a device share."""

    url: ScannerUrl
    health: ScannerHealth
    on_scan: Callable[[RawScan], None]
    now_ns: Callable[[], int]
    taps: list[Tap] = field(default_factory=list)
    running: dict[int, Recipe] = field(default_factory=dict)
    """The sessions that are open, with how their bytes are read."""


class Session:
    """The driver's stream. Single-threaded: lives on the event loop."""

    def __init__(self, device: Device, number: int, framer: Framer) -> None:
        self._device = device
        self._number = number
        self._framer = framer
        self._is_text = framer.recipe["kind"] == "text"
        self._sequence = 0
        self._previous = Frame(b"", "suffix", 0)
        self._timer: asyncio.TimerHandle | None = None
        device.running[number] = framer.recipe
        for tap in device.taps:
            tap.opened(number, device.now_ns(), framer.recipe)

    def feed(self, data: bytes) -> None:
        device = self._device
        now = device.now_ns()
        device.health.received(data, is_text=self._is_text)
        frames = self._framer.feed(data, now)
        for tap in device.taps:
            tap.received(self._number, now, data, self._framer.readable(data))
        for frame in frames:
            self._deliver(frame)
        if self._timer is None:
            self._arm(now)

    def close(self) -> None:
        """The device is gone: a begun frame is dropped and counted, never joined to later bytes."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._device.health.partial_dropped += self._framer.reset()
        self._device.running.pop(self._number, None)

    def _arm(self, now: int) -> None:
        deadline = self._framer.deadline()
        if deadline is not None:
            delay = max(0, deadline - now) / 1e9
            self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        # Re-armed only here: moving the timer at every chunk would cost more than framing does.
        self._timer = None
        now = self._device.now_ns()
        for frame in self._framer.on_idle(now):
            self._deliver(frame)
        self._arm(now)

    def _deliver(self, frame: Frame) -> None:
        device, health = self._device, self._device.health
        for tap in device.taps:
            tap.framed(self._number, frame)
        if frame.data in device.url.ignore:
            health.ignored += 1
            return
        previous, self._previous = self._previous, frame
        if frame.data == previous.data and frame.received_ns - previous.received_ns < device.url.dedupe_ns:
            health.suppressed += 1
            return
        self._sequence += 1
        health.framed(frame, is_misread(frame.data))
        scan = RawScan(
            raw=frame.data,
            device=health.device,
            session=self._number,
            sequence=self._sequence,
            received_ns=frame.received_ns,
            reason=frame.reason,
        )
        try:
            device.on_scan(scan)
        except Exception:
            health.consumer_errors += 1
            log.exception("scanner %s: the consumer failed on scan %d", health.device, self._sequence)
