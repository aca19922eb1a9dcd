"""The box's regular chores: disk, clock, telemetry, pruning, and what it remembers of itself.

Each is a loop that the supervisor keeps running; none of them is needed for a sale.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from edge_agent import memory
from edge_agent.errors import EdgeError
from edge_agent.services import enrolment, generation, pruning, telemetry
from edge_agent.services.disk import Disk
from edge_agent.services.hub_clock import HubClock
from edge_agent.services.link import Link
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage import identity
from edge_agent.storage.database import Database
from edge_agent.storage.files import Folder

log = structlog.get_logger(__name__)

DISK_EVERY_S = 1.0
PRUNE_EVERY_S = 3_600.0
FIRST_PRUNE_S = 60.0
RENEW_BELOW_DAYS = 30
RENEW_EVERY_S = 12 * 3_600.0
DAY_MS = 24 * 3_600_000


class Housekeeping:
    """The chores of one running agent."""

    def __init__(
        self, *, database: Database, folder: Folder, disk: Disk, clock: HubClock, link: Link,
        status: LinkStatus, version: str,
    ) -> None:  # fmt: skip
        self._database, self._folder, self._disk = database, folder, disk
        self._clock, self._link, self._status, self._version = clock, link, status, version
        self._started = time.monotonic()

    async def watch_disk(self) -> None:
        """Disk, clock and memory, every second: what a backlog or a snapshot needed is given back at once."""
        while True:
            await asyncio.to_thread(self._disk.look)
            await asyncio.to_thread(memory.give_back)
            await self._clock.look()
            await asyncio.sleep(DISK_EVERY_S)

    async def tell(self, every_s: float) -> None:
        """Telemetry."""
        while True:
            await asyncio.sleep(every_s)
            self._link.tell(telemetry.encode(await self.gauges()))

    async def gauges(self) -> dict[str, object]:
        """What telemetry tells, now."""
        of_ledger = await self._database.read(telemetry.backlog, _clock_ms())
        return telemetry.gauges(
            of_ledger, self._status, self._disk, self._clock, version=self._version, started=self._started
        )

    async def prune(self, retention_days: int) -> None:
        """Note the safe mark, prune what was safe for long enough, remember how far this box is."""
        await asyncio.sleep(FIRST_PRUNE_S)
        while True:
            who = await self._database.read(identity.get)
            kept = pruning.load_notes(self._folder.safe_notes, who.origin_id)
            notes = pruning.noted(kept, who, _clock_ms())
            if notes != kept:
                pruning.save_notes(self._folder.safe_notes, who.origin_id, notes)
            await self._database.write(pruning.prune, notes, _clock_ms(), retention_days * DAY_MS)
            await self.remember()
            await asyncio.sleep(PRUNE_EVERY_S)

    async def renew(self, post: Callable[[dict[str, Any]], Awaitable[bytes]]) -> None:
        """A new client certificate in good time; tried again daily."""
        while True:
            if enrolment.days_left(self._folder, datetime.now(UTC)) < RENEW_BELOW_DAYS:
                try:
                    await enrolment.renew(self._folder, post)
                    log.info("client certificate renewed")
                except EdgeError as error:
                    log.warning("client certificate not renewed", code=error.code, detail=error.detail)
            await asyncio.sleep(RENEW_EVERY_S)

    async def remember(self) -> None:
        """Write down outside the database how far it is."""
        found = await self._database.read(generation.seen)
        await asyncio.to_thread(generation.remember, self._folder, found)


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
