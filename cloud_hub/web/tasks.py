"""B04: what the stores' boxes ask somebody there to look at; done at the store, seen here."""

from typing import Literal
from uuid import UUID

from cloud_hub.domain.permissions import Permission
from cloud_hub.services.store_work import Task, TaskFilter
from cloud_hub.web.fields import Text, Time, Uuid, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed

table = Table("repairs")


class TaskView(View):
    id: str
    site_id: str
    rule: str
    """What the box found odd: negative_stock, recount, ambiguous_sale, count_request …"""
    product_id: str | None
    state: str
    """open or done."""
    detail: str
    """What it is, and what may be the cause."""
    opened_at: Time
    updated_at: Time


class Tasks(View):
    items: list[TaskView]
    next_cursor: str | None


class TasksQuery(PageQuery):
    site_id: Uuid | None = None
    state: Literal["open", "done"] | None = None
    rule: Text | None = None
    product_id: Uuid | None = None


@table.add("GET", "/tasks", permission=Permission.STOCK_READ, query=TasksQuery, answer=Tasks)
async def list_tasks(call: Call[TasksQuery, None]) -> Answer:
    """What somebody at your stores should look at, newest first"""
    query = call.query
    wanted = TaskFilter(call.principal.sites_of(query.site_id), query.state, query.rule, query.product_id)
    rows = await call.hub.store_work.tasks(wanted, query.after(int, UUID), query.skip, query.limit)
    return listed(call, Tasks, rows, _task, lambda row: (row.opened_at_ms, row.id))


def _task(task: Task) -> TaskView:
    return TaskView(
        id=task.id, site_id=task.site_id, rule=task.rule, product_id=task.product_id, state=task.state,
        detail=task.detail, opened_at=rfc3339(task.opened_at_ms), updated_at=rfc3339(task.updated_at_ms),
    )  # fmt: skip
