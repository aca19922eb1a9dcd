"""The life of a print job: what waits, what is out, and what may be out twice.

    waiting -> printing -> waiting … -> printed        in runs of some labels
    waiting | printing  -> cancelled                   what is out stays out
    printing -> waiting, once more                     it is not certain whether the run came out
    printing -> failed                                 … twice of the same run, or it cannot be drawn

Pure. Invariant: of every label at most one more than was wanted comes out, and `doubled` says
of how many that may be so.
"""

from typing import NamedTuple

RUN_LABELS = 25
"""What is handed over at once: what an interruption may double, and what a cancel still lets out."""
KEEP_TRYING_MS = 24 * 3_600_000
"""A label that was wanted yesterday is made anew: its price may be another."""

OPEN = ("waiting", "printing")


class PrintJob(NamedTuple):
    """One request for labels on one printer."""

    job_id: str
    printer: str
    template: str
    lines: str
    """JSON of what the labels are of, see services/labelling.py."""
    total: int
    made_at: int
    actor: str | None = None
    state: str = "waiting"
    sent: int = 0
    """Labels that were handed over for certain."""
    sending: int = 0
    """Labels of the run that is under way."""
    is_repeat: int = 0
    """Whether that run was under way before."""
    doubled: int = 0
    attempts: int = 0
    """In vain, since a run last came out."""
    problem: str = ""
    detail: str = ""
    changed_at: int = 0


class Trouble(NamedTuple):
    """Why a run did not come out, or perhaps not."""

    code: str
    detail: str


def begun(job: PrintJob) -> PrintJob:
    """The next run is about to be handed over; from here on it may be out."""
    sending = min(RUN_LABELS, job.total - job.sent)
    return job._replace(state="printing", sending=sending)


def handed_over(job: PrintJob) -> PrintJob:
    """The printer has all of the run. A job that was cancelled meanwhile stays so."""
    sent = job.sent + job.sending
    state = "printed" if sent == job.total else "waiting"
    return job._replace(
        state=state if job.state in OPEN else job.state, sent=sent, sending=0, is_repeat=0, attempts=0, problem="",
        detail="",
    )  # fmt: skip


def not_reached(job: PrintJob, why: Trouble) -> PrintJob:
    """Nothing of the run went out; it waits for its printer."""
    state = "waiting" if job.state in OPEN else job.state
    return job._replace(state=state, sending=0, attempts=job.attempts + 1, problem=why.code, detail=why.detail)


def uncertain(job: PrintJob, why: Trouble) -> PrintJob:
    """The run, or a part of it, may be out: unless nobody wants it any more it is handed over again, once."""
    if job.state not in OPEN:
        return job._replace(problem=why.code, detail=why.detail)
    if job.is_repeat:
        detail = f"labels {job.sent + 1} to {job.sent + job.sending} may be out once, twice or not at all: {why.detail}"
        return failed(job, Trouble("print_uncertain", detail))
    return job._replace(
        state="waiting", sending=0, is_repeat=1, doubled=job.doubled + job.sending, attempts=job.attempts + 1,
        problem=why.code, detail=why.detail,
    )  # fmt: skip


def failed(job: PrintJob, why: Trouble) -> PrintJob:
    """It will not be tried again; what is missing has to be asked for anew."""
    return job._replace(state="failed", sending=0, problem=why.code, detail=why.detail)


def cancelled(job: PrintJob) -> PrintJob:
    """Nobody wants the rest. The run under way still ends."""
    return job._replace(state="cancelled")


def is_too_old(job: PrintJob, now_ms: int) -> bool:
    """Whether it has waited for longer than its labels are worth."""
    return now_ms - job.made_at > KEEP_TRYING_MS
