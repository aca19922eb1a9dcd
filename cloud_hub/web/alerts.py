"""Alerts: a store's are decided by its box (head office asks by command), the hub's own here."""

from typing import Literal
from uuid import UUID

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services.alerting import Alert
from cloud_hub.web.commands import CommandView, command_view
from cloud_hub.web.fields import QuantityText, Text, Time, Uuid, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery, make_cursor
from cloud_hub.web.products import link, quantity
from cloud_hub.web.times import rfc3339

table = Table("alerts")


class AlertView(View):
    id: str
    site_id: str | None
    rule: str
    product_id: str | None
    severity: str
    state: str
    available: QuantityText | None
    detail: str
    opened_at: Time
    updated_at: Time


class Alerts(View):
    items: list[AlertView]
    next_cursor: str | None


class AlertsQuery(PageQuery):
    site_id: Uuid | None = None
    state: Literal["opened", "acknowledged", "resolved"] | None = None
    severity: Literal["info", "warning", "critical"] | None = None
    rule: Text | None = None


@table.add("GET", "/alerts", permission=Permission.ALERTS_READ, query=AlertsQuery, answer=Alerts)
async def list_alerts(call: Call[AlertsQuery, None]) -> Answer:
    """Alerts, newest first"""
    query = call.query
    sites = call.principal.site_list
    if query.site_id is not None:
        call.principal.require_site(query.site_id)
        sites = [query.site_id]
    filters = {"state": query.state, "severity": query.severity, "rule": query.rule}
    rows = await call.hub.alerting.list(sites, filters, query.after(int, UUID), query.skip, query.limit)
    cursor = make_cursor((rows[-1].opened_at_ms, rows[-1].id)) if len(rows) == query.limit else None
    view = Alerts(items=[view_of(row) for row in rows], next_cursor=cursor)
    return Answer(view=view, headers=link(call, cursor))


@table.add("POST", "/alerts/{alert_id}/acknowledge", permission=Permission.ALERTS_WRITE, answer=AlertView,
           others={202: CommandView}, errors=(NotFound, Conflict), idempotent=True)  # fmt: skip
async def acknowledge_alert(call: Call[None, None]) -> Answer:
    """Say that somebody looks after it; for a store's alert this is a command to its box (202)"""
    alert, command = await call.hub.alerting.acknowledge(call.path["alert_id"], call.key, call.principal, call.now_ms)
    if command is None:
        return Answer(view=view_of(alert))
    headers = {"Location": f"{PREFIX}/commands/{command.id}"}
    return Answer(view=command_view(command), status=202, headers=headers)


def view_of(alert: Alert) -> AlertView:
    return AlertView(
        id=alert.id, site_id=alert.site_id, rule=alert.rule, product_id=alert.product_id, severity=alert.severity,
        state=alert.state, available=quantity(alert.available), detail=alert.detail,
        opened_at=rfc3339(alert.opened_at_ms), updated_at=rfc3339(alert.updated_at_ms),
    )  # fmt: skip
