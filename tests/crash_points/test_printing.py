"""A box that dies while it prints: every label comes out, at most one more than was wanted, and the job says so."""

import asyncio
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.domain.print_job import RUN_LABELS, PrintJob
from edge_agent.storage import print_jobs
from edge_agent.storage.database import connect
from tests.integration.labels.paper import a_store_file, switched_on
from tests.system.commands import DIED, run

PRINTING = ("edge.print.before_hand_over", "edge.print.after_hand_over")
LABELS = 2 * RUN_LABELS + 5


@pytest.mark.parametrize("hit", (1, 2, 3))
@pytest.mark.parametrize("point", PRINTING)
async def test_a_box_that_dies_while_printing_goes_on_with_the_run_that_may_be_out(
    tmp_path: Path, point: str, hit: int
) -> None:
    job, labels = await _printed_after_a_death(tmp_path, (point, hit), LABELS)
    run_under_way = RUN_LABELS if hit < 3 else 5
    assert (job.state, job.sent, job.doubled, job.sending) == ("printed", LABELS, run_under_way, 0)
    assert labels == LABELS + (run_under_way if point.endswith("after_hand_over") else 0)


@pytest.mark.parametrize("point", ("edge.write.before_commit", "edge.write.after_commit"))
@pytest.mark.parametrize("hit", range(1, 8, 2))
async def test_a_box_that_dies_around_any_commit_of_the_queue_prints_all_of_it(
    tmp_path: Path, point: str, hit: int
) -> None:
    job, labels = await _printed_after_a_death(tmp_path, (point, hit), RUN_LABELS + 5)
    assert (job.state, job.sent) == ("printed", RUN_LABELS + 5)
    assert job.sent <= labels <= job.sent + job.doubled


async def _printed_after_a_death(folder: Path, death: tuple[str, int], labels: int) -> tuple[PrintJob, int]:
    """The job as it is in the end, and how many labels came out."""
    path = a_store_file(folder / "store.db")
    async with switched_on() as paper:
        command = [sys.executable, "-m", "tests.crash_points.printing_box", str(path), str(paper.port), str(labels)]
        assert await asyncio.to_thread(run, command, crash=death) == DIED
        assert await asyncio.to_thread(run, command) == 0
        with closing(connect(path)) as connection:
            (job,) = print_jobs.list_jobs(connection, 9)
        return job, paper.labels
