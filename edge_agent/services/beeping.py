"""The shell around a beep: decode, book on the writer thread, tell the screens.

Hardware scanners and the API both come through here; the answer is given after the commit.
"""

import sqlite3
import time

from edge_agent.services import reading
from edge_agent.services.events import Events
from edge_agent.services.scanning import Mode, Outcome, ScanCommand, record_scan
from edge_agent.storage.database import Database
from scanner_drivers.scan import RawScan, Scan


class ScanDesk:
    """Takes raw scans."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database, self._events = database, events

    async def beep(self, raw: RawScan, mode: str) -> Outcome:
        """A scanner of this box read something; its actor is the device."""
        now_ms = time.time_ns() // 1_000_000
        outcome = await self._database.write(_book, raw, Mode(mode), raw.device, now_ms)
        self.tell(outcome, raw.device, mode)
        return outcome

    def tell(self, outcome: Outcome, device: str, mode: str) -> None:
        """Show it on the screens."""
        if self._events.is_heard:
            self._events.publish("scan", (outcome, device, mode))


def _book(connection: sqlite3.Connection, raw: RawScan, mode: Mode, actor: str, now_ms: int) -> Outcome:
    scan: Scan = reading.read(connection, raw, now_ms)
    return record_scan(connection, ScanCommand(scan=scan, mode=mode, actor=actor), now_ms)
