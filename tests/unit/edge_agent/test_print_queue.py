"""The queue in the store's database: the order of each printer, what a killed agent left, how long a job is kept."""

import sqlite3

import pytest

from edge_agent.domain.print_job import KEEP_TRYING_MS, RUN_LABELS, PrintJob, handed_over
from edge_agent.errors import NotFound
from edge_agent.services import printing
from edge_agent.services.printing import KEPT_MS
from edge_agent.storage import print_jobs
from tests.unit.edge_agent.a_store import NOW, a_connection


@pytest.fixture
def store() -> sqlite3.Connection:
    return a_connection()


def a_job(name: str, printer: str = "shelf", labels: int = 30) -> PrintJob:
    return PrintJob(name, printer, "price", "[]", labels, made_at=NOW)


def test_each_printer_has_its_own_order(store: sqlite3.Connection) -> None:
    for name, printer in (("a", "shelf"), ("b", "office"), ("c", "shelf")):
        printing.ask(store, a_job(name, printer), NOW)
    firsts = [printing.next_job(store, printer, NOW) for printer in ("shelf", "office", "nobody")]
    assert [job and job.job_id for job in firsts] == ["a", "b", None]
    assert {name: (each.jobs, each.labels) for name, each in printing.queues(store, ["shelf", "new"]).items()} == {
        "shelf": (2, 60), "new": (0, 0)
    }  # fmt: skip


def test_what_a_killed_agent_was_telling_its_printer_may_be_out(store: sqlite3.Connection) -> None:
    printing.ask(store, a_job("a"), NOW)
    printing.begin(store, "a", NOW)
    job = printing.next_job(store, "shelf", NOW)
    assert job is not None
    assert (job.state, job.sending, job.doubled, job.problem) == ("waiting", 0, RUN_LABELS, "interrupted")
    printing.begin(store, "a", NOW)
    assert printing.next_job(store, "shelf", NOW) is None, "a second time it is a person's"
    assert printing.get(store, "a").problem == "print_uncertain"


def test_a_job_that_waited_for_a_day_fails_and_the_next_one_has_its_turn(store: sqlite3.Connection) -> None:
    printing.ask(store, a_job("a"), NOW)
    later = NOW + KEEP_TRYING_MS + 1
    printing.ask(store, a_job("b")._replace(made_at=later), later)
    job = printing.next_job(store, "shelf", later)
    assert job is not None
    assert job.job_id == "b"
    assert (printing.get(store, "a").state, printing.get(store, "a").problem) == ("failed", "print_too_old")


def test_a_job_that_was_cancelled_before_its_turn_is_not_begun(store: sqlite3.Connection) -> None:
    printing.ask(store, a_job("a"), NOW)
    printing.cancel(store, "a", NOW)
    assert printing.begin(store, "a", NOW) is None


def test_what_nothing_happened_to_for_a_week_is_forgotten(store: sqlite3.Connection) -> None:
    """Also what waits for a printer that was taken out of the settings."""
    printing.ask(store, a_job("gone", "no printer any more"), NOW)
    printing.ask(store, a_job("over", labels=1), NOW)
    printing.begin(store, "over", NOW)
    printing.settle(store, "over", handed_over, NOW + 10)
    printing.ask(store, a_job("new"), NOW + KEPT_MS + 5)
    assert [job.job_id for job in print_jobs.list_jobs(store, 9)] == ["new", "over"]
    printing.ask(store, a_job("newer"), NOW + KEPT_MS + 20)
    assert [job.job_id for job in print_jobs.list_jobs(store, 9)] == ["newer", "new"]
    with pytest.raises(NotFound, match="kept for a week"):
        printing.get(store, "over")
