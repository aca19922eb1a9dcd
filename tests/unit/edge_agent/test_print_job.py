"""The life of a print job: of each label at most one more than was wanted comes out, and the job says of how many."""

from collections import Counter
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain import print_job
from edge_agent.domain.print_job import KEEP_TRYING_MS, OPEN, RUN_LABELS, PrintJob, Trouble

AWAY, LOST = Trouble("printer_away", "away"), Trouble("printer_lost", "lost")


def a_job(total: int = 60) -> PrintJob:
    return PrintJob("job", "shelf", "price", "[]", total, made_at=0)


def test_a_job_is_printed_in_runs() -> None:
    job, sent = a_job(60), []
    while job.state in OPEN:
        job = print_job.handed_over(print_job.begun(job))
        sent.append(job.sent)
    assert (job.state, sent, job.doubled) == ("printed", [RUN_LABELS, 2 * RUN_LABELS, 60], 0)


def test_a_printer_that_is_away_doubles_nothing() -> None:
    job = a_job()
    for _ in range(100):
        job = print_job.not_reached(print_job.begun(job), AWAY)
    assert (job.state, job.attempts, job.doubled, job.problem) == ("waiting", 100, 0, "printer_away")
    job = print_job.handed_over(print_job.begun(job))
    assert (job.attempts, job.problem) == (0, "")


def test_a_run_that_may_be_out_is_repeated_once_and_then_left_to_a_person() -> None:
    job = print_job.uncertain(print_job.begun(a_job()), LOST)
    assert (job.state, job.doubled, job.sent) == ("waiting", RUN_LABELS, 0)
    job = print_job.uncertain(print_job.begun(job), LOST)
    assert (job.state, job.problem) == ("failed", "print_uncertain")
    assert "labels 1 to 25" in job.detail


def test_being_away_in_between_does_not_allow_a_third_time() -> None:
    job = print_job.uncertain(print_job.begun(a_job()), LOST)
    job = print_job.not_reached(print_job.begun(job), AWAY)
    assert print_job.uncertain(print_job.begun(job), LOST).state == "failed"


def test_a_cancelled_job_stays_cancelled_and_counts_the_run_that_was_under_way() -> None:
    job = print_job.cancelled(print_job.begun(a_job()))
    assert print_job.handed_over(job)[7:9] == ("cancelled", RUN_LABELS)
    assert print_job.not_reached(job, AWAY).state == "cancelled"
    lost = print_job.uncertain(job, LOST)
    assert (lost.state, lost.sent, lost.sending, lost.doubled) == ("cancelled", 0, RUN_LABELS, 0)


def test_a_job_is_too_old_after_a_day() -> None:
    assert not print_job.is_too_old(a_job(), KEEP_TRYING_MS)
    assert print_job.is_too_old(a_job(), KEEP_TRYING_MS + 1)


ENDS = st.sampled_from(["out", "away", "lost, all out", "lost, half out", "lost, none out", "cancelled"])


@given(st.integers(1, 120), st.lists(ENDS, max_size=40))
def test_whatever_happens_no_label_comes_out_more_than_once_too_often(total: int, ends: list[str]) -> None:
    job, paper = a_job(total), Counter[int]()
    for end in ends:
        if job.state not in OPEN:
            break
        if end == "cancelled":
            job = print_job.cancelled(job)
            continue
        job = print_job.begun(job)
        came = {"out": job.sending, "lost, all out": job.sending, "lost, half out": job.sending // 2}.get(end, 0)
        paper.update(range(job.sent, job.sent + came))
        outcome = {"out": print_job.handed_over, "away": partial(print_job.not_reached, why=AWAY)}
        job = outcome.get(end, partial(print_job.uncertain, why=LOST))(job)
    assert all(count <= 2 for count in paper.values())
    assert sum(count - 1 for count in paper.values()) <= job.doubled
    assert all(paper[number] for number in range(job.sent))
    assert job.state != "printed" or set(paper) == set(range(total))
