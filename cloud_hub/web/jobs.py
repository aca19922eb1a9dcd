"""Jobs: work that goes on after the answer, with progress, row errors and cancel."""

from typing import Any
from uuid import UUID

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services.jobs import Job, JobFilter, JobState, RowError
from cloud_hub.web.fields import Code, QueryFlag, Time, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table, replay_headers
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed

table = Table("jobs")

BATCH_BYTES_MAX = 8 * 1024 * 1024
"""Of a body with so many rows that they become a job."""


class JobView(View):
    id: str
    kind: str
    state: JobState
    done: int
    """Steps done: rows of an import, for example."""
    total: int | None
    """Steps there are; null while that is not known."""
    errors: int
    """Rows that were refused; `…/errors` lists the first thousand."""
    result: dict[str, Any] | None
    """What came of it, when it is done; its members depend on the kind."""
    code: str | None
    """Why it failed: a stable code."""
    detail: str | None
    """Why it failed, in words."""
    attempts: int
    """How often a worker began it."""
    asked_by: str
    """Id of who asked."""
    cancel_asked: bool
    """A running job ends at its next step once this is true."""
    created_at: Time
    started_at: Time | None
    ended_at: Time | None


class JobList(View):
    items: list[JobView]
    next_cursor: str | None


class JobsQuery(PageQuery):
    kind: Code | None = None
    """Only jobs of this kind."""
    state: JobState | None = None
    """Only jobs in this state."""
    mine: QueryFlag = False
    """Only jobs that you asked for."""


class JobRowError(View):
    number: int
    row: int | None
    """The line of a file as a person counts (the header is 1); of a batch the `index` that its rows have there."""
    column: str | None
    code: str
    detail: str


class JobErrors(View):
    items: list[JobRowError]
    next_cursor: str | None


_ONE = "/jobs/{job_id}"


@table.add("GET", "/jobs", permission=Permission.JOBS, query=JobsQuery, answer=JobList)
async def list_jobs(call: Call[JobsQuery, None]) -> Answer:
    """Jobs, newest first: your own, or everybody's for those who govern them"""
    query = call.query
    wanted = JobFilter(asked_by=call.principal.id if query.mine else None, kind=query.kind, state=query.state)
    found = await call.hub.jobs.list(wanted, call.principal, query.after(int, UUID), query.skip, query.limit)
    return listed(call, JobList, found, job_view, lambda job: (job.created_at_ms, job.id))


@table.add("GET", _ONE, permission=Permission.JOBS, answer=JobView, errors=(NotFound,))
async def get_job(call: Call[None, None]) -> JobView:
    """One job: how far it is and what came of it"""
    return job_view(await call.hub.jobs.get(call.path["job_id"], call.principal))


@table.add("GET", _ONE + "/errors", permission=Permission.JOBS, query=PageQuery, answer=JobErrors, errors=(NotFound,))
async def list_job_errors(call: Call[PageQuery, None]) -> Answer:
    """What was wrong with single rows of a job, with row and column"""
    query = call.query
    (after,) = query.after(int) or (0,)
    found = await call.hub.jobs.row_errors(call.path["job_id"], call.principal, after, query.skip, query.limit)
    return listed(call, JobErrors, found, _row_error, lambda each: (each[0],))


@table.add("POST", _ONE + "/cancel", permission=Permission.JOBS, answer=JobView, errors=(NotFound, Conflict))
async def cancel_job(call: Call[None, None]) -> JobView:
    """Cancel a job: a waiting one ends now, a running one at its next step; what it has done stays done"""
    return job_view(await call.hub.jobs.cancel(call.path["job_id"], call.principal))


def _row_error(found: tuple[int, RowError]) -> JobRowError:
    number, error = found
    return JobRowError(number=number, **error._asdict())


def accepted(job: Job, *, replayed: bool = False) -> Answer:
    """202 with the job that a call became."""
    headers = {"Location": f"{PREFIX}/jobs/{job.id}", **replay_headers(replayed)}
    return Answer(view=job_view(job), status=202, headers=headers)


def job_view(job: Job) -> JobView:
    """A job as the API shows it."""
    return JobView(
        id=job.id, kind=job.kind, state=job.state, done=job.done, total=job.total, errors=job.errors,
        result=job.result, code=job.code, detail=job.detail, attempts=job.attempts, asked_by=job.asked_by,
        cancel_asked=job.cancel_asked_at_ms is not None, created_at=rfc3339(job.created_at_ms),
        started_at=rfc3339(job.started_at_ms), ended_at=rfc3339(job.ended_at_ms),
    )  # fmt: skip
