"""Alerts and tasks of this store."""

from aiohttp import web

from edge_agent.services import alerting, tasks
from edge_agent.storage import alerts
from edge_agent.web import render
from edge_agent.web.body import Body, Query, read_body, read_query
from edge_agent.web.context import actor_of, answer, now_ms, store_of


class AlertQuery(Query):
    open: bool = False


class Nothing(Body):
    """An empty object."""


async def get_alerts(request: web.Request) -> web.Response:
    """Newest first; `open=true` leaves out what is resolved."""
    query = read_query(request, AlertQuery)
    found = await store_of(request).database.read(alerts.list_alerts, is_open=query.open)
    return answer({"items": [render.alert(alert) for alert in found]})


async def post_acknowledge(request: web.Request) -> web.Response:
    """Somebody has seen it."""
    await read_body(request, Nothing)
    found = await store_of(request).database.write(
        alerting.acknowledge, request.match_info["id"], actor_of(request), now_ms()
    )
    return answer(render.alert(found))


async def post_resolve(request: web.Request) -> web.Response:
    """Somebody says it is dealt with."""
    await read_body(request, Nothing)
    found = await store_of(request).database.write(
        alerting.resolve, request.match_info["id"], actor_of(request), now_ms()
    )
    return answer(render.alert(found))


async def get_tasks(request: web.Request) -> web.Response:
    """What a person should look at, oldest first."""
    found = await store_of(request).database.read(alerts.list_tasks)
    return answer({"items": [render.task(task) for task in found]})


async def post_done(request: web.Request) -> web.Response:
    """Somebody has looked at it."""
    await read_body(request, Nothing)
    found = await store_of(request).database.write(
        tasks.finish_task, request.match_info["id"], actor_of(request), now_ms()
    )
    return answer(render.task(found))
