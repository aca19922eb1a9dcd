"""SQL of tasks as people read them: what the boxes of all stores ask somebody there to look at."""

from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query
from cloud_hub.storage.listing import equals, newest_first, of_sites, page
from cloud_hub.storage.schema import tasks


class TaskFilter(NamedTuple):
    """Which tasks a list wants; None: all."""

    sites: list[str] | None
    state: str | None
    rule: str | None
    product_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something odd at a store; whoever works there does it, and the box says so."""

    id: str
    site_id: str
    rule: str
    product_id: str | None
    state: str
    detail: str
    opened_at_ms: int
    updated_at_ms: int


_LIST = Query(
    newest_first(
        sa.select(tasks).where(of_sites(tasks.c.site_id), equals(tasks.c.state, tasks.c.rule, tasks.c.product_id)),
        tasks.c.opened_at,
        tasks.c.task_id,
    )
)


async def list_newest(
    connection: Connection, wanted: TaskFilter, before: tuple[int, str] | None, skip: int, limit: int
) -> list[Task]:
    """Tasks, newest first."""
    rows = await _LIST.fetch(connection, **wanted._asdict(), **page(before, skip, limit))
    return [
        Task(
            id=str(row["task_id"]), site_id=str(row["site_id"]), rule=row["rule"],
            product_id=None if row["product_id"] is None else str(row["product_id"]), state=row["state"],
            detail=row["detail"], opened_at_ms=row["opened_at"], updated_at_ms=row["updated_at"],
        )
        for row in rows
    ]  # fmt: skip
