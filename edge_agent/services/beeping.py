"""The shell around a beep: decode, book on the writer thread, tell the screens.

Hardware scanners and the API both come through here; the answer is given after the commit. The code of a
badge goes no further than this.
"""

import sqlite3
import time
from dataclasses import replace

from edge_agent.errors import BadgeScanned
from edge_agent.services import reading
from edge_agent.services.badges import Badges
from edge_agent.services.events import Events
from edge_agent.services.logging_in import who_is_on
from edge_agent.services.scanning import Mode, Outcome, ScanCommand, record_scan
from edge_agent.storage.database import Database
from scanner_drivers.scan import RawScan, Scan


class ScanDesk:
    """Takes raw scans."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database, self._events = database, events
        self.badges = Badges()

    async def beep(self, raw: RawScan, mode: str) -> Outcome:
        """A scanner of this box read something: the doing of who is logged in on its device, else the device's."""
        now_ms = time.time_ns() // 1_000_000
        outcome = await self._database.write(_book, raw, Mode(mode), now_ms)
        if isinstance(outcome.problem, BadgeScanned) and mode == Mode.LOOKUP:
            self.badges.read(raw.device, outcome.problem.person_id, time.monotonic_ns() // 1_000_000)
        self.tell(outcome, raw, mode)
        return outcome

    def tell(self, outcome: Outcome, raw: RawScan, mode: str) -> None:
        """Show it on the screens."""
        if self._events.is_heard:
            if isinstance(outcome.problem, BadgeScanned):
                raw = replace(raw, raw=b"")
            self._events.publish("scan", (outcome, raw, mode))


def _book(connection: sqlite3.Connection, raw: RawScan, mode: Mode, now_ms: int) -> Outcome:
    actor = who_is_on(connection, raw.device, now_ms) or raw.device
    scan: Scan = reading.read(connection, raw, now_ms)
    return record_scan(connection, ScanCommand(scan=scan, mode=mode, actor=actor), now_ms)
