"""SQL of what imports wrote: kept so that an import can be undone, newest first."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, bound, copy_rows
from cloud_hub.storage.schema import import_changes, jobs

_C = import_changes.c
_LAST = Query(sa.select(sa.func.max(_C.number)).where(_C.job_id == bound(_C.job_id)))
_BELOW = Query(
    sa.select(import_changes)
    .where(_C.job_id == bound(_C.job_id), _C.number < bound(_C.number, "below"))
    .order_by(_C.number.desc())
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_COUNT = Query(sa.select(sa.func.count()).select_from(import_changes).where(_C.job_id == bound(_C.job_id)))
_PRUNE = Query(import_changes.delete().where(~sa.exists().where(jobs.c.id == _C.job_id)))


class Change(NamedTuple):
    """One thing that an import wrote: what it was before (None: nothing) and what it became."""

    row: int
    entity: str
    before: dict[str, Any] | None
    after: dict[str, Any]


async def add(connection: Connection, job_id: str, changes: Sequence[Change]) -> None:
    """Behind those of the job that there are."""
    first = (await _LAST.fetchval(connection, job_id=job_id) or 0) + 1
    rows = [(job_id, first + index, *change) for index, change in enumerate(changes)]
    if rows:
        await copy_rows(connection, import_changes, ("job_id", "number", *Change._fields), rows)


async def list_below(connection: Connection, job_id: str, below: int, most: int) -> list[tuple[int, Change]]:
    """Numbered, newest first."""
    rows = await _BELOW.fetch(connection, job_id=job_id, below=below, most=most)
    return [(row["number"], Change(row["row"], row["entity"], row["before"], row["after"])) for row in rows]


async def count(connection: Connection, job_id: str) -> int:
    """How much there is to undo."""
    found: int = await _COUNT.fetchval(connection, job_id=job_id)
    return found


async def prune(connection: Connection) -> int:
    """Forget those of jobs that are forgotten."""
    return await _PRUNE.execute(connection)
