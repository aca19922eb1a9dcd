"""The worker: leases jobs one at a time, runs the code of their kind, goes on where a dead one stopped.

A kind does its work in transactions and calls `run.save` last in each: progress, checkpoint
and effect commit together, and only while the job is still this worker's. So a run that is
killed anywhere is taken over after its lease and repeats nothing that was committed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from cloud_hub.domain.jobs import ATTEMPTS_MAX, JobState, backoff_ms
from cloud_hub.errors import HubError
from cloud_hub.storage import jobs
from cloud_hub.storage.database import LOST, Connection, Database
from cloud_hub.storage.jobs import Job, RowError

log = structlog.get_logger(__name__)
LEASE_MS = 30_000
LOOK_S = 2.0
"""A notification may be lost, so a worker looks now and then anyway."""
LANES = 2
"""Jobs that one process runs at a time."""


class Cancelled(Exception):
    """Somebody asked to cancel; what was saved stays."""


class Taken(Exception):
    """The lease ran out and another worker has the job: nothing of ours may commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A job in the hands of its kind."""

    job: Job
    database: Database
    worker: str
    lease_ms: int = LEASE_MS

    async def save(
        self,
        connection: Connection,
        *,
        done: int,
        total: int | None = None,
        checkpoint: Any = None,
        errors: Sequence[RowError] = (),
    ) -> None:
        """Call it last in a transaction of the work. Raises Cancelled or Taken, and that transaction rolls back."""
        is_cancelled = await jobs.save(
            connection, self.job.id, self.worker, self.lease_ms, done=done, total=total, checkpoint=checkpoint,
            errors=errors,
        )  # fmt: skip
        if is_cancelled is None:
            raise Taken(self.job.id)
        if is_cancelled:
            raise Cancelled(self.job.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of job: `run` does the work and returns what the job's `result` shall say."""

    name: str
    run: Callable[[Run], Awaitable[Mapping[str, Any] | None]]
    within_s: int = 3_600


@dataclass(slots=True, kw_only=True)
class Worker:
    """Runs jobs of these kinds until it is cancelled."""

    database: Database
    kinds: Sequence[Kind]
    name: str
    asked: Callable[[], Awaitable[None]]
    """Returns when somebody may have asked for a job."""
    lease_ms: int = LEASE_MS
    _by_name: dict[str, Kind] = field(init=False)

    def __post_init__(self) -> None:
        self._by_name = {kind.name: kind for kind in self.kinds}

    async def run(self) -> None:
        """Several lanes, so that one long job does not hold up the next."""
        async with asyncio.TaskGroup() as lanes:
            for number in range(LANES):
                lanes.create_task(self._lane(f"{self.name}-{number}"))

    async def run_next(self, worker: str) -> bool:
        """Claim a job and run it; whether there was one."""
        async with self.database.transaction() as connection:
            job = await jobs.claim(connection, sorted(self._by_name), worker, self.lease_ms)
        if job is None:
            return False
        run = Run(job=job, database=self.database, worker=worker, lease_ms=self.lease_ms)
        try:
            if job.cancel_asked_at_ms is not None:
                await _end(run, JobState.CANCELLED)
            elif job.attempts > ATTEMPTS_MAX:
                await _end(run, JobState.FAILED, code="crashed", detail=f"its worker died {ATTEMPTS_MAX} times")
            else:
                await self._run(run)
        except asyncio.CancelledError:
            # This process stops, which is no failed attempt: another one may go on at once.
            with suppress(*LOST):
                await asyncio.shield(_put_back(run, job.attempts - 1, 0))
            raise
        return True

    async def _lane(self, worker: str) -> None:
        while True:
            try:
                was_one = await self.run_next(worker)
            except LOST as error:
                log.warning("the database is away", worker=worker, detail=str(error))
                was_one = False
                await asyncio.sleep(LOOK_S)
            if not was_one:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self.asked()

    async def _run(self, run: Run) -> None:
        job, kind = run.job, self._by_name[run.job.kind]
        log.info("job begun", job=job.id, kind=job.kind, attempt=job.attempts)
        beating = asyncio.create_task(_hold(run))
        try:
            async with asyncio.timeout(kind.within_s) as limit:
                result = await kind.run(run)
            await _end(run, JobState.DONE, result=result or {})
        except Cancelled:
            await _end(run, JobState.CANCELLED)
        except Taken:
            log.warning("job taken over", job=job.id, kind=job.kind)
        except HubError as error:
            await _end(run, JobState.FAILED, code=error.code, detail=error.detail)
        except Exception as error:  # noqa: BLE001 - logged, and told to whoever waits for the job
            if limit.expired():
                await _end(run, JobState.FAILED, code="too_long", detail=f"expected to end within {kind.within_s} s")
            else:
                await _failed(run, error)
        finally:
            beating.cancel()


async def _failed(run: Run, error: Exception) -> None:
    job = run.job
    log.error("job failed", job=job.id, kind=job.kind, attempt=job.attempts, exc_info=error)
    if job.attempts < ATTEMPTS_MAX:
        await _put_back(run, job.attempts, backoff_ms(job.attempts))
    else:
        await _end(run, JobState.FAILED, code="internal", detail=f"{type(error).__name__}; the log says more")


async def _hold(run: Run) -> None:
    """Renew the lease while one step takes long."""
    while True:
        await asyncio.sleep(run.lease_ms / 3_000)
        try:
            async with run.database.connection() as connection:
                await jobs.renew(connection, run.job.id, run.worker, run.lease_ms)
        except LOST as error:
            log.warning("lease not renewed", job=run.job.id, detail=str(error))


async def _end(
    run: Run,
    state: JobState,
    *,
    result: Mapping[str, Any] | None = None,
    code: str | None = None,
    detail: str | None = None,
) -> None:
    async with run.database.transaction() as connection:
        await jobs.end(connection, run.job.id, run.worker, state, result=result, code=code, detail=detail)
    log.info("job ended", job=run.job.id, kind=run.job.kind, state=state, code=code)


async def _put_back(run: Run, attempts: int, wait_ms: int) -> None:
    async with run.database.transaction() as connection:
        await jobs.put_back(connection, run.job.id, run.worker, attempts, wait_ms)
