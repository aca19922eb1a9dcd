"""Alerts and tasks of this store."""

from aiohttp import web

from edge_agent.domain.people import ALERTS_WRITE, ORDERS_EXPECTED, Caller
from edge_agent.services import alerting, tasks
from edge_agent.services.receiving import RECEIPT_VARIANCE
from edge_agent.storage import alerts
from edge_agent.storage.alerts import Task
from edge_agent.web import render
from edge_agent.web.body import Flag, Query
from edge_agent.web.context import actor_of, answer, caller_of, now_ms, store_of
from edge_agent.web.operations import Table
from edge_agent.web.views.values import Items
from edge_agent.web.views.work import AlertView, TaskView

TABLE = Table("alerts")


class AlertQuery(Query):
    open: Flag = False


@TABLE.add("GET", "/alerts", answer=Items[AlertView])
async def get_alerts(request: web.Request, query: AlertQuery) -> web.Response:
    """Newest first; `open=true` leaves out what is resolved."""
    found = await store_of(request).database.read(alerts.list_alerts, is_open=query.open)
    return answer({"items": [render.alert(alert) for alert in found]})


@TABLE.add("POST", "/alerts/{id}/acknowledge", access=ALERTS_WRITE, answer=AlertView)
async def post_acknowledge(request: web.Request) -> web.Response:
    """Somebody has seen it."""
    found = await store_of(request).database.write(
        alerting.acknowledge, request.match_info["id"], actor_of(request), now_ms()
    )
    return answer(render.alert(found))


@TABLE.add("POST", "/alerts/{id}/resolve", access=ALERTS_WRITE, answer=AlertView)
async def post_resolve(request: web.Request) -> web.Response:
    """Somebody says it is dealt with."""
    found = await store_of(request).database.write(
        alerting.resolve, request.match_info["id"], actor_of(request), now_ms()
    )
    return answer(render.alert(found))


@TABLE.add("GET", "/tasks", answer=Items[TaskView])
async def get_tasks(request: web.Request) -> web.Response:
    """What a person should look at, oldest first."""
    found = await store_of(request).database.read(alerts.list_tasks)
    return answer({"items": [_told(task, caller_of(request)) for task in found]})


@TABLE.add("POST", "/tasks/{id}/done", answer=TaskView)
async def post_done(request: web.Request) -> web.Response:
    """Somebody has looked at it."""
    found = await store_of(request).database.write(
        tasks.finish_task, request.match_info["id"], actor_of(request), now_ms()
    )
    return answer(_told(found, caller_of(request)))


def _told(task: Task, caller: Caller) -> render.Json:
    """Whoever is told no ordered quantity reads which order it is about, and no more."""
    if task.rule == RECEIPT_VARIANCE and task.detail and not caller.may(ORDERS_EXPECTED):
        task = task._replace(detail=task.detail.partition(":")[0])
    return render.task(task)
