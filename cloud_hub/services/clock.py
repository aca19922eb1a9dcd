"""The clock of the role `jobs`: work that runs once per slot, whoever of several processes runs it.

APScheduler is the clock and nothing else. A slot is a row with a claim that expires and a
done mark: of several processes one gets it, and a run that crashed is taken over. Of slots
that passed while no hub ran only the newest is run: work that must not miss any looks itself
what is left to do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from cloud_hub.domain.schedule import Every, Schedule
from cloud_hub.services.ports import Now
from cloud_hub.storage import shards
from cloud_hub.storage.database import LOST, Database

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocked:
    """`run(now_ms)` once per slot of `when`; it must end within `within_s`, else another may begin it again."""

    name: str
    when: Schedule
    run: Callable[[int], Awaitable[object]]
    within_s: int = 600


class Clock:
    """Runs clocked work until it is cancelled."""

    def __init__(self, database: Database, works: Sequence[Clocked], *, worker: str, now: Now) -> None:
        self._database = database
        self._works = works
        self._worker = worker
        self._now = now

    async def run(self) -> None:
        """Start the clock; a missed slot is made up for at once."""
        scheduler = AsyncIOScheduler(timezone="UTC")
        for work in self._works:
            scheduler.add_job(
                self.run_due, IntervalTrigger(seconds=_look_every(work)), args=[work], id=work.name, coalesce=True,
                max_instances=1, misfire_grace_time=None,
            )  # fmt: skip
        scheduler.start()
        try:
            for work in self._works:
                await self.run_due(work)
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    async def run_due(self, work: Clocked) -> bool:
        """Run it if this slot is still to be done; whether this process ran it."""
        slot = work.when.slot(self._now())
        try:
            async with self._database.transaction() as connection:
                is_ours = await shards.claim_slot(connection, work.name, slot, self._worker, work.within_s * 1000)
            if not is_ours:
                return False
            await self._run(work, slot)
        except LOST as error:
            log.warning("the database is away", work=work.name, detail=str(error))
            return False
        return True

    async def _run(self, work: Clocked, slot: int) -> None:
        error = None
        try:
            async with asyncio.timeout(work.within_s):
                await work.run(self._now())
        except LOST:
            raise
        except Exception as failure:
            log.exception("clocked work failed", work=work.name)
            error = f"{type(failure).__name__}: {failure}"[:500]
        async with self._database.transaction() as connection:
            await shards.finish_slot(connection, work.name, slot, self._worker, error)


def _look_every(work: Clocked) -> int:
    """Look several times per slot, so that a crashed run is taken over soon."""
    return max(1, min(work.when.seconds, 60)) if isinstance(work.when, Every) else 60
