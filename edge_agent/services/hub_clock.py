"""How far this box's clock is from the hub's; used for reports and expiry, never for order.

A sample comes with each Welcome. A clock that was set (the monotonic one says so) makes
what was learnt void: until the next Welcome the offset is unknown and nothing expires.
"""

import sqlite3
import time

import structlog

from edge_agent.services import alerting
from edge_agent.storage import identity
from edge_agent.storage.database import Database
from sync_protocol.clock import SKEW_ALERT_MS, JumpDetector, OffsetEstimator
from sync_protocol.effects import HubTime

log = structlog.get_logger(__name__)

WORTH_SAVING_MS = 200


class HubClock:
    """The estimate, kept in the database for the next start."""

    def __init__(self, database: Database, saved_ms: int | None = None) -> None:
        self._database = database
        self._estimator = OffsetEstimator()
        self._jumps = JumpDetector()
        self._saved_ms = saved_ms
        self.jumps = 0

    @property
    def offset_ms(self) -> int | None:
        """What to add to this box's clock; None while it is not known."""
        return self._saved_ms

    async def sample(self, effect: HubTime) -> None:
        """The hub told its time."""
        await self.look()
        self._estimator.observe(
            hub_time_ms=effect.hub_time_ms, sent_ms=effect.sent_clock_ms, received_ms=effect.received_clock_ms
        )
        found, saved = self._estimator.offset_ms, self._saved_ms
        if found is not None and (saved is None or abs(found - saved) >= WORTH_SAVING_MS):
            if abs(found) > SKEW_ALERT_MS:
                log.warning("the box's clock is wrong", offset_ms=found)
            await self._save(found)

    async def look(self) -> None:
        """Notice that the clock was set; called now and then."""
        moved = self._jumps.look(time.time_ns() // 1_000_000, time.monotonic_ns() // 1_000_000)
        if moved:
            log.warning("the box's clock was set", moved_ms=moved)
            self.jumps += 1
            self._estimator.jumped()
            await self._save(None)

    async def _save(self, offset_ms: int | None) -> None:
        self._saved_ms = offset_ms
        await self._database.write(_keep, offset_ms)


def _keep(connection: sqlite3.Connection, offset_ms: int | None) -> None:
    identity.save_clock_offset(connection, offset_ms)
    if offset_ms is not None:
        alerting.note_clock(connection, offset_ms, time.time_ns() // 1_000_000)
