"""How far head office has this ledger, and whether the box is well."""

import sqlite3

from aiohttp import web

from edge_agent.services.health import Check, worst
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage import history, identity, ledger, timeline
from edge_agent.web import render
from edge_agent.web.body import Key, Query
from edge_agent.web.context import Store, answer, now_ms, store_of, ticks_ms
from edge_agent.web.operations import ANYBODY, Table
from edge_agent.web.views.box import HealthView, LiveView, ReadyView, SyncView

TABLE = Table("link")


class SyncQuery(Query):
    device: Key | None = None
    """A handheld that asks: the position it is told is noted with the box's monotonic clock."""


@TABLE.add("GET", "/sync", answer=SyncView)
async def get_sync(request: web.Request, query: SyncQuery) -> web.Response:
    """Backlog, marks, link state and clock."""
    store = store_of(request)
    if query.device is not None:
        await store.database.write(timeline.note_exchange, query.device, store.boot, ticks_ms(), now_ms())
    return answer(await store.database.read(sync_of, store.status, now_ms()))


@TABLE.add(
    "GET", "/health", prefix="", access=ANYBODY, answer=HealthView, others={503: HealthView}, name="get_health_of_box"
)
@TABLE.add("GET", "/health", answer=HealthView, others={503: HealthView})
async def get_health(request: web.Request) -> web.Response:
    """Every check with its remedy; 503 only when staff should not rely on the box."""
    checks = await store_of(request).checks()
    result = worst(checks)
    return answer({"status": result, "checks": [_check(one) for one in checks]}, 503 if result == "fail" else 200)


@TABLE.add("GET", "/health/live", prefix="", access=ANYBODY, answer=LiveView)
async def get_live(_request: web.Request) -> web.Response:
    """The process runs."""
    return answer({"status": "ok"})


@TABLE.add("GET", "/health/ready", prefix="", access=ANYBODY, answer=ReadyView)
async def get_ready(request: web.Request) -> web.Response:
    """The database answers."""
    store: Store = store_of(request)
    head, _ = await store.database.read(ledger.head)
    return answer({"status": "ok", "head": head})


def sync_of(connection: sqlite3.Connection, status: LinkStatus, clock_ms: int) -> render.Json:
    """The state of synchronisation, from the ledger and the link."""
    who, (head, _) = identity.get(connection), ledger.head(connection)
    oldest = history.oldest_unacked_at(connection, who.acked)
    hub_time = None if who.clock_offset is None else render.time(clock_ms + who.clock_offset)
    return {
        "site_id": who.site_id, "site_name": who.site_name, "device_id": who.device_id,
        "origin_id": who.origin_id, "boot": who.boot, "hub_epoch": who.hub_epoch,
        "head": head, "position": head, "acked": who.acked, "safe_mark": who.safe_mark,
        "first_retained": who.first_retained, "pending": head - who.acked,
        "oldest_unacked_age_s": None if oldest is None else max(0, (clock_ms - oldest) // 1000),
        "state": str(status.state), "verdict": status.detail, "since": render.time(status.since_ms or None),
        "last_error": status.last_error or None, "last_error_at": render.time(status.last_error_ms or None),
        "hub_time": hub_time, "clock_offset_ms": who.clock_offset,
        "feed": {"origin_id": who.feed_origin, "position": who.feed_cursor},
        "feed_lag": getattr(status, "feed_lag", None),
        "as_of": {"site_id": who.site_id, "origin_id": who.origin_id, "position": head},
    }  # fmt: skip


def _check(check: Check) -> render.Json:
    return {"name": check.name, "result": check.result, "detail": check.detail, "remedy": check.remedy}
