"""One stream of bytes becomes RawScans: framing, numbering, filtering, the idle timer.

Owns what happens between a driver's chunk and the consumer's callback. A consumer that
raises is counted and logged and costs its own scan only. Two equal scans in a row are two
scans; only with `dedupe` set is an equal frame within that time taken for an echo.
"""

import asyncio
import logging
from collections.abc import Callable

from scanner_drivers.framing import Frame, Framer
from scanner_drivers.health import ScannerHealth
from scanner_drivers.recorder import Recorder
from scanner_drivers.scan import RawScan
from scanner_drivers.url import ScannerUrl

log = logging.getLogger(__name__)


class Session:
    """The driver's stream. Single-threaded: lives on the event loop."""

    def __init__(
        self,
        url: ScannerUrl,
        health: ScannerHealth,
        number: int,
        on_scan: Callable[[RawScan], None],
        now_ns: Callable[[], int],
        recorder: Recorder | None,
    ) -> None:
        self._url = url
        self._health = health
        self._number = number
        self._on_scan = on_scan
        self._now_ns = now_ns
        self._recorder = recorder
        self._framer = Framer(url.framing)
        self._sequence = 0
        self._previous = Frame(b"", "suffix", 0)
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, data: bytes) -> None:
        now = self._now_ns()
        self._health.received(data)
        if self._recorder:
            self._recorder.received(now, data)
        for frame in self._framer.feed(data, now):
            self._deliver(frame)
        if self._timer is None:
            self._arm(now)

    def close(self) -> None:
        """The device is gone: a begun frame is dropped and counted, never joined to later bytes."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._health.partial_dropped += self._framer.reset()

    def _arm(self, now: int) -> None:
        deadline = self._framer.deadline()
        if deadline is not None:
            delay = max(0, deadline - now) / 1e9
            self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        # Re-armed only here: moving the timer at every chunk would cost more than framing does.
        self._timer = None
        now = self._now_ns()
        for frame in self._framer.on_idle(now):
            self._deliver(frame)
        self._arm(now)

    def _deliver(self, frame: Frame) -> None:
        health = self._health
        if frame.data in self._url.ignore:
            health.ignored += 1
            return
        previous, self._previous = self._previous, frame
        if frame.data == previous.data and frame.received_ns - previous.received_ns < self._url.dedupe_ns:
            health.suppressed += 1
            return
        self._sequence += 1
        health.frames += 1
        health.unterminated += frame.reason == "unterminated"
        health.overlong += frame.reason == "overlong"
        health.last_scan_ns = frame.received_ns
        scan = RawScan(
            raw=frame.data,
            device=health.device,
            session=self._number,
            sequence=self._sequence,
            received_ns=frame.received_ns,
            reason=frame.reason,
        )
        try:
            self._on_scan(scan)
        except Exception:
            health.consumer_errors += 1
            log.exception("scanner %s: the consumer failed on scan %d", health.device, self._sequence)
