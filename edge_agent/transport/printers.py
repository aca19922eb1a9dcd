"""The box's printers: one worker each, which hands over its jobs run by run for as long as the agent runs.

A printer that is away is tried again, more and more slowly, and at once when somebody asks it
for labels; it holds up no other printer and no sale.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import structlog

from edge_agent.crashpoints import crashpoint
from edge_agent.domain import print_job
from edge_agent.domain.print_job import RUN_LABELS, PrintJob, Trouble
from edge_agent.errors import EdgeError, NotPrinted, PerhapsPrinted, Unavailable
from edge_agent.services import printing
from edge_agent.services.label_desk import LabelDesk
from edge_agent.storage.database import Database
from edge_agent.supervise import keep_running
from edge_agent.transport.print_outputs import hand_over

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 60.0
"""How long a worker sleeps that nobody wakes."""
AGAIN_CAP_S = 60.0


class Printers:
    """All printers of the box; `run` until cancelled."""

    def __init__(self, database: Database, desk: LabelDesk) -> None:
        self._database, self._desk = database, desk

    async def run(self) -> None:
        """Keep each worker running; a crash of one touches no other."""
        async with asyncio.TaskGroup() as tasks:
            for name in self._desk.printers:
                tasks.create_task(keep_running(f"printer-{name}", partial(self._work, name)), name=f"printer-{name}")

    async def _work(self, printer: str) -> None:
        news = self._desk.news[printer]
        while True:
            news.clear()
            job = await self._database.write(printing.next_job, printer, _now_ms())
            if job is None:
                await _wait(news, LOOK_EVERY_S)
            elif (left := await self._print(job)) is not None and left.problem:
                await _wait(news, min(AGAIN_CAP_S, 2.0**left.attempts))

    async def _print(self, job: PrintJob) -> PrintJob | None:
        """One run; the job as it is then, None when it was cancelled before."""
        try:
            document = await self._desk.run_of(job, RUN_LABELS)
        except Unavailable as error:
            return await self._settle(job, partial(print_job.not_reached, why=_trouble(error)))
        except EdgeError as error:
            return await self._settle(job, partial(print_job.failed, why=_trouble(error)))
        if await self._database.write(printing.begin, job.job_id, _now_ms()) is None:
            return None
        crashpoint("edge.print.before_hand_over")
        outcome = await self._handed_over(job, document)
        crashpoint("edge.print.after_hand_over")
        return await self._settle(job, outcome)

    async def _handed_over(self, job: PrintJob, document: bytes) -> Callable[[PrintJob], PrintJob]:
        try:
            await hand_over(self._desk.printers[job.printer].output, document)
        except NotPrinted as error:
            return partial(print_job.not_reached, why=_trouble(error))
        except PerhapsPrinted as error:
            return partial(print_job.uncertain, why=_trouble(error))
        return print_job.handed_over

    async def _settle(self, job: PrintJob, outcome: Callable[[PrintJob], PrintJob]) -> PrintJob:
        found = await self._database.write(printing.settle, job.job_id, outcome, _now_ms())
        if found.problem and found.problem != job.problem:
            log.warning("labels not printed", printer=job.printer, job=job.job_id, state=found.state,
                        code=found.problem, detail=found.detail)  # fmt: skip
        return found


async def _wait(news: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()


def _trouble(error: EdgeError) -> Trouble:
    return Trouble(error.code, error.detail)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
