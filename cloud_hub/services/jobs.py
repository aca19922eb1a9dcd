"""The role `jobs`: clocked work that runs once per slot, whoever of several processes runs it.

APScheduler is the clock and nothing else. A slot is a row with a claim that expires and a
done mark: of several processes one gets it, and a run that crashed is taken over.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from cloud_hub.services.ports import Now
from cloud_hub.storage import shards
from cloud_hub.storage.database import LOST, Database

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`run(now_ms)` once every `every_s`; it must end within `within_s`, else another may begin it again."""

    name: str
    every_s: int
    run: Callable[[int], Awaitable[object]]
    within_s: int = 600


class Jobs:
    """Runs jobs until it is cancelled."""

    def __init__(self, database: Database, jobs: list[Job], *, worker: str, now: Now) -> None:
        self._database = database
        self._jobs = jobs
        self._worker = worker
        self._now = now

    async def run(self) -> None:
        """Start the clock; a missed slot is made up for at once."""
        scheduler = AsyncIOScheduler(timezone="UTC")
        for job in self._jobs:
            scheduler.add_job(
                self.run_due, IntervalTrigger(seconds=_look_every(job)), args=[job], id=job.name, coalesce=True,
                max_instances=1, misfire_grace_time=None,
            )  # fmt: skip
        scheduler.start()
        try:
            for job in self._jobs:
                await self.run_due(job)
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    async def run_due(self, job: Job) -> bool:
        """Run the job if this slot is still to be done; whether this process ran it."""
        slot = self._now() // (job.every_s * 1000)
        try:
            async with self._database.transaction() as connection:
                is_ours = await shards.claim_slot(connection, job.name, slot, self._worker, job.within_s * 1000)
            if not is_ours:
                return False
            await self._run(job, slot)
        except LOST as error:
            log.warning("the database is away", job=job.name, detail=str(error))
            return False
        return True

    async def _run(self, job: Job, slot: int) -> None:
        error = None
        try:
            async with asyncio.timeout(job.within_s):
                await job.run(self._now())
        except LOST:
            raise
        except Exception as failure:
            log.exception("a job failed", job=job.name)
            error = f"{type(failure).__name__}: {failure}"[:500]
        async with self._database.transaction() as connection:
            await shards.finish_slot(connection, job.name, slot, self._worker, error)


def _look_every(job: Job) -> int:
    """Look several times per slot, so that a crashed run is taken over soon."""
    return max(1, min(job.every_s, 60))
