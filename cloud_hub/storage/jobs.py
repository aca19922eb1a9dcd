"""SQL of jobs: asked for, leased by one worker, saved as they go, ended once.

Times of leases are the database's own. `save` runs in the transaction of the work it tells
about: when the lease is gone meanwhile, that transaction finds no row and rolls back, so no
piece of work is committed twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.domain.jobs import ERRORS_KEPT, JobState
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.listing import equals, newest_first, page
from cloud_hub.storage.schema import job_errors, jobs

CHANNEL = "backstock_jobs"


class RowError(NamedTuple):
    """What was wrong with one row of a job: which row and column as the person sees them."""

    row: int | None
    column: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as it is now."""

    id: str
    kind: str
    asked_by: str
    state: JobState
    body: dict[str, Any]
    checkpoint: Any
    done: int
    total: int | None
    errors: int
    result: dict[str, Any] | None
    code: str | None
    detail: str | None
    attempts: int
    created_at_ms: int
    started_at_ms: int | None
    ended_at_ms: int | None
    cancel_asked_at_ms: int | None


class JobFilter(NamedTuple):
    """Which jobs a list wants; None: all."""

    asked_by: str | None = None
    kind: str | None = None
    state: str | None = None


_J = jobs.c
_NOW = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger)
_TTL = sa.bindparam("ttl_ms", type_=sa.BigInteger)
_IS_OPEN: sa.ColumnElement[bool] = sa.literal_column("state IN ('queued', 'running')")
_QUEUED: sa.ColumnElement[str] = sa.literal_column("'queued'")
_RUNNING: sa.ColumnElement[str] = sa.literal_column("'running'")
_MINE = sa.and_(_J.id == bound(_J.id), _J.worker == bound(_J.worker), _J.state == _RUNNING)

_INSERT = Query(
    jobs.insert().values({**given(jobs, "id", "kind", "asked_by", "body", "total", "created_at"), "run_at": _NOW})
)
_FIND = Query(sa.select(jobs).where(_J.id == bound(_J.id)))
_LOCK = Query(sa.select(jobs).where(_J.id == bound(_J.id)).with_for_update())
_UNDOING = Query(
    sa.select(sa.func.count())
    .select_from(jobs)
    .where(
        _J.kind == bound(_J.kind),
        _J.body["import_id"].astext == sa.bindparam("import_id", type_=sa.Text),
        _J.state.in_([_QUEUED, _RUNNING, sa.literal_column("'done'")]),
    )
)
_COUNT_OPEN = Query(sa.select(sa.func.count()).select_from(jobs).where(_IS_OPEN, _J.asked_by == bound(_J.asked_by)))
_LIST = Query(newest_first(sa.select(jobs).where(equals(_J.asked_by, _J.kind, _J.state)), _J.created_at, _J.id))
_next = (
    sa.select(_J.id)
    .where(
        _IS_OPEN,
        _J.kind == sa.any_(bound_array(_J.kind, "kinds")),
        _J.run_at <= _NOW,
        sa.or_(_J.state == _QUEUED, _J.leased_until < _NOW),
    )
    .order_by(_J.run_at, _J.id)
    .limit(sa.literal_column("1"))
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_CLAIM = Query(
    jobs.update()
    .where(_J.id == _next)
    .values(
        {
            "state": _RUNNING,
            "worker": bound(_J.worker),
            "leased_until": _NOW + _TTL,
            "attempts": _J.attempts + 1,
            "started_at": sa.func.coalesce(_J.started_at, _NOW),
        }
    )
    .returning(jobs)
)
_RENEW = Query(jobs.update().where(_MINE).values(leased_until=_NOW + _TTL).returning(_J.cancel_asked_at))
_SAVE = Query(
    jobs.update()
    .where(_MINE)
    .values(
        {
            "done": bound(_J.done),
            "total": sa.func.coalesce(bound(_J.total), _J.total),
            "checkpoint": sa.func.coalesce(bound(_J.checkpoint), _J.checkpoint),
            "errors": _J.errors + sa.bindparam("added", type_=sa.BigInteger),
            "leased_until": _NOW + _TTL,
        }
    )
    .returning(_J.cancel_asked_at, _J.errors)
)
_PUT_BACK = Query(
    jobs.update()
    .where(_MINE)
    .values(
        {
            "state": _QUEUED,
            "worker": sa.null(),
            "leased_until": sa.null(),
            "attempts": bound(_J.attempts),
            "run_at": _NOW + sa.bindparam("wait_ms", type_=sa.BigInteger),
        }
    )
)
_END = Query(
    jobs.update()
    .where(_MINE)
    .values({**given(jobs, "state", "result", "code", "detail"), "ended_at": _NOW, "leased_until": sa.null()})
)
_CANCEL = Query(
    jobs.update()
    .where(_J.id == bound(_J.id), _IS_OPEN)
    .values(
        {
            "cancel_asked_at": sa.func.coalesce(_J.cancel_asked_at, _NOW),
            "state": sa.case((_J.state == _QUEUED, sa.literal_column("'cancelled'")), else_=_J.state),
            "ended_at": sa.case((_J.state == _QUEUED, _NOW)),
        }
    )
)
_ADD_ERRORS = Query(insert(job_errors).values(given(job_errors, "job_id", "number", "row", "column", "code", "detail")))
_ERRORS = Query(
    sa.select(job_errors)
    .where(job_errors.c.job_id == bound(job_errors.c.job_id), job_errors.c.number > bound(job_errors.c.number, "after"))
    .order_by(job_errors.c.number)
    .offset(sa.bindparam("skip", type_=sa.BigInteger))
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_OLD = sa.select(_J.id).where(_J.ended_at < bound(_J.ended_at, "before"))
_PRUNE_ERRORS = Query(job_errors.delete().where(job_errors.c.job_id.in_(_OLD)))
_PRUNE = Query(jobs.delete().where(_J.ended_at < bound(_J.ended_at, "before")))


async def insert_job(
    connection: Connection,
    job_id: str,
    kind: str,
    asked_by: str,
    body: Mapping[str, Any],
    total: int | None,
    now_ms: int,
) -> None:
    """A queued job; workers are told when this transaction commits."""
    await _INSERT.execute(
        connection, id=job_id, kind=kind, asked_by=asked_by, body=body, total=total, created_at=now_ms
    )
    await connection.execute(f"NOTIFY {CHANNEL}")


async def find(connection: Connection, job_id: str) -> Job | None:
    row = await _FIND.fetchrow(connection, id=job_id)
    return None if row is None else _made(row)


async def lock(connection: Connection, job_id: str) -> Job | None:
    """The job, which nobody else changes until this transaction ends."""
    row = await _LOCK.fetchrow(connection, id=job_id)
    return None if row is None else _made(row)


async def count_undoing(connection: Connection, kind: str, import_id: str) -> int:
    """How many jobs of this kind undo an import, or have done so."""
    count: int = await _UNDOING.fetchval(connection, kind=kind, import_id=import_id)
    return count


async def count_open(connection: Connection, asked_by: str) -> int:
    """How many jobs of a caller wait or run."""
    count: int = await _COUNT_OPEN.fetchval(connection, asked_by=asked_by)
    return count


async def list_newest(
    connection: Connection, wanted: JobFilter, before: tuple[int, Any] | None, skip: int, limit: int
) -> list[Job]:
    """Newest first."""
    rows = await _LIST.fetch(connection, **wanted._asdict(), **page(before, skip, limit))
    return [_made(row) for row in rows]


async def claim(connection: Connection, kinds: Sequence[str], worker: str, ttl_ms: int) -> Job | None:
    """The next job that is due, or whose worker's lease has run out; it is this worker's now."""
    row = await _CLAIM.fetchrow(connection, kinds=kinds, worker=worker, ttl_ms=ttl_ms)
    return None if row is None else _made(row)


async def renew(connection: Connection, job_id: str, worker: str, ttl_ms: int) -> bool:
    """Hold the job for longer; False when it is no longer this worker's."""
    return await _RENEW.fetchrow(connection, id=job_id, worker=worker, ttl_ms=ttl_ms) is not None


async def save(
    connection: Connection,
    job_id: str,
    worker: str,
    ttl_ms: int,
    *,
    done: int,
    total: int | None,
    checkpoint: Any,
    errors: Sequence[RowError],
) -> bool | None:
    """Progress; whether somebody asked to cancel, None when the job is no longer this worker's."""
    row = await _SAVE.fetchrow(
        connection, id=job_id, worker=worker, ttl_ms=ttl_ms, done=done, total=total, checkpoint=checkpoint,
        added=len(errors),
    )  # fmt: skip
    if row is None:
        return None
    first = row["errors"] - len(errors) + 1
    kept = errors[: max(0, ERRORS_KEPT + 1 - first)]
    await _ADD_ERRORS.each(
        connection, [{"job_id": job_id, "number": first + i, **each._asdict()} for i, each in enumerate(kept)]
    )
    return row["cancel_asked_at"] is not None


async def put_back(connection: Connection, job_id: str, worker: str, attempts: int, wait_ms: int) -> None:
    """Somebody else, or we later, shall go on from its checkpoint."""
    await _PUT_BACK.execute(connection, id=job_id, worker=worker, attempts=attempts, wait_ms=wait_ms)


async def end(
    connection: Connection,
    job_id: str,
    worker: str,
    state: JobState,
    *,
    result: Mapping[str, Any] | None = None,
    code: str | None = None,
    detail: str | None = None,
) -> None:
    """The last word about a job that is this worker's."""
    await _END.execute(connection, id=job_id, worker=worker, state=state, result=result, code=code, detail=detail)


async def cancel(connection: Connection, job_id: str) -> bool:
    """A waiting job is cancelled, a running one told so; False when it has ended."""
    return await _CANCEL.execute(connection, id=job_id) > 0


async def list_errors(
    connection: Connection, job_id: str, after: int, skip: int, limit: int
) -> list[tuple[int, RowError]]:
    """Numbered, in the order in which they were found."""
    rows = await _ERRORS.fetch(connection, job_id=job_id, after=after, skip=skip, most=limit)
    return [(row["number"], RowError(row["row"], row["column"], row["code"], row["detail"])) for row in rows]


async def prune(connection: Connection, before_ms: int) -> int:
    """Forget jobs that ended before then."""
    await _PRUNE_ERRORS.execute(connection, before=before_ms)
    return await _PRUNE.execute(connection, before=before_ms)


def _made(row: Row) -> Job:
    names = (
        "kind",
        "asked_by",
        "body",
        "checkpoint",
        "done",
        "total",
        "errors",
        "result",
        "code",
        "detail",
        "attempts",
    )
    times = ("created_at", "started_at", "ended_at", "cancel_asked_at")
    return Job(
        id=str(row["id"]), state=JobState(row["state"]), **{name: row[name] for name in names},
        **{f"{name}_ms": row[name] for name in times},
    )  # fmt: skip
