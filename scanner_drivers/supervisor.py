"""Keeps one scanner running: opens, reopens, backs off, and says how it is.

    starting -> up -> lost -> (back-off) -> up ...      absent | denied | busy: retried
    misconfigured | ended: waits until cancelled, since trying again cannot help

Owns the reconnect of its one device; a crash in a driver never touches another. The
back-off doubles from 0.1 s with full jitter and ends early when the device node appears.
A fresh node is often root-only for a moment, so `denied` is believed after 3 seconds.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable

from scanner_drivers.drivers import driver_for
from scanner_drivers.drivers.base import Driver, Stream
from scanner_drivers.errors import Absent, BadConfig, Busy, Denied, ScannerError
from scanner_drivers.framing import Framer, TextFramer
from scanner_drivers.health import ScannerHealth, State
from scanner_drivers.scan import RawScan
from scanner_drivers.session import Device, Session
from scanner_drivers.tap import Tap
from scanner_drivers.url import SerialAddress, parse_scanner_url

log = logging.getLogger(__name__)

_FIRST_RETRY_S = 0.1
_SHORTEST_RETRY_S = 0.02
_POLL_S = 0.05
_DENIED_GRACE_NS = 3_000_000_000


class ScannerSupervisor:
    """One device. Raises BadConfig at once for a URL that can never work."""

    def __init__(
        self,
        url: str,
        device: str,
        on_scan: Callable[[RawScan], None],
        *,
        now_ns: Callable[[], int] = time.monotonic_ns,
        jitter: Callable[[], float] = random.random,
        driver: Driver | None = None,
    ) -> None:
        self._url = parse_scanner_url(url)
        self._now_ns = now_ns
        self._jitter = jitter
        self._driver = driver or driver_for(self._url)
        address = self._url.address
        sleeps = isinstance(address, SerialAddress) and address.sleeps
        self._health = ScannerHealth(device, since_ns=now_ns(), sleeps=sleeps)
        self._device = Device(url=self._url, health=self._health, on_scan=on_scan, now_ns=now_ns)
        self._sessions = 0
        self._failures = 0
        self._denied_since: int | None = None

    @property
    def health(self) -> ScannerHealth:
        """Live counters: read them, do not write them."""
        return self._health

    def tap(self, tap: Tap) -> None:
        """Let somebody listen in, from now on."""
        for session, recipe in self._device.running.items():
            tap.opened(session, self._now_ns(), recipe)
        self._device.taps.append(tap)

    def untap(self, tap: Tap) -> None:
        self._device.taps.remove(tap)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._driver.run(self)
            except BadConfig as error:
                self._enter("misconfigured", str(error))
                break
            except ScannerError as error:
                self._failed(error)
            except Exception as error:
                self._enter("crashed", repr(error))
                log.exception("scanner %s: its driver crashed", self._health.device)
            else:
                self._enter("ended", "")
                break
            await self._back_off()
        await asyncio.Event().wait()

    def up(self, where: str) -> None:
        """The driver has opened its device."""
        self._failures = 0
        self._denied_since = None
        self._health.opens += 1
        self._health.where = where
        self._enter("up", "")

    def open_stream(self, framer: Framer | None = None) -> Stream:
        """A new run of bytes, with its own framer and session number."""
        self._sessions += 1
        return Session(self._device, self._sessions, framer or TextFramer(self._url.framing))

    def _failed(self, error: ScannerError) -> None:
        now = self._now_ns()
        if isinstance(error, Denied):
            self._denied_since = self._denied_since or now
            if now - self._denied_since < _DENIED_GRACE_NS:
                self._failures = 0
                return
        if self._health.state == "up":
            self._health.lost(now)
        state: State = "lost"
        if isinstance(error, Absent):
            state = "absent"
        elif isinstance(error, Denied):
            state = "denied"
        elif isinstance(error, Busy):
            state = "busy"
        self._enter(state, str(error))

    def _enter(self, state: State, error: str) -> None:
        health = self._health
        if error:
            health.last_error = error
        if health.state != state:
            health.state, health.since_ns = state, self._now_ns()
            log.info("scanner %s: %s %s", health.device, state, error or health.where)

    async def _back_off(self) -> None:
        ceiling = min(self._driver.slowest_retry_s, _FIRST_RETRY_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        left = max(_SHORTEST_RETRY_S, ceiling * self._jitter())
        was_present = self._driver.present()
        while left > 0:
            await asyncio.sleep(min(left, _POLL_S))
            left -= _POLL_S
            is_present = self._driver.present()
            if is_present and not was_present:
                self._failures = 0
                return
            was_present = is_present
