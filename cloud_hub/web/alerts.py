"""F18: alerts; a store's are decided by its box (head office asks by command), the hub's own here."""

from typing import Any, Literal
from uuid import UUID

from cloud_hub.domain.alert_types import rules_of, type_of
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services.alerting import Alert, Verb
from cloud_hub.web.alert_settings import Kind
from cloud_hub.web.commands import CommandView, command_view
from cloud_hub.web.fields import QuantityText, Text, Time, Uuid, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed, quantity

table = Table("alerts")

_STATUS = {"active": ["opened", "acknowledged"], "resolved": ["resolved"]}


class AlertView(View):
    id: str
    site_id: str | None
    alert_type: str
    """low_stock, critical and out_of_stock are one alert that gets worse; all others are their rule's."""
    rule: str
    product_id: str | None
    severity: str
    """info, warning or critical."""
    state: str
    """opened, acknowledged or resolved."""
    status: str
    """active until it is resolved."""
    available: QuantityText | None
    detail: str
    subject: str
    """What else it is about: the id of a box or a transfer, or product, lot and day."""
    opened_at: Time
    updated_at: Time
    acknowledged_at: Time | None
    acknowledged_by: str | None
    resolved_at: Time | None


class Alerts(View):
    items: list[AlertView]
    next_cursor: str | None


class AlertsQuery(PageQuery):
    site_id: Uuid | None = None
    product_id: Uuid | None = None
    state: Literal["opened", "acknowledged", "resolved"] | None = None
    status: Literal["active", "resolved"] | None = None
    """active: opened or acknowledged."""
    severity: Literal["info", "warning", "critical"] | None = None
    rule: Text | None = None
    alert_type: Kind | None = None
    """low_stock finds all that are low, also critical and out_of_stock."""


_ONE = "/alerts/{alert_id}"


@table.add("GET", "/alerts", permission=Permission.ALERTS_READ, query=AlertsQuery, answer=Alerts)
async def list_alerts(call: Call[AlertsQuery, None]) -> Answer:
    """Alerts, newest first"""
    query = call.query
    sites = call.principal.sites_of(query.site_id)
    rows = await call.hub.alerting.list(sites, _filters(query), query.after(int, UUID), query.skip, query.limit)
    return listed(call, Alerts, rows, view_of, lambda row: (row.opened_at_ms, row.id))


def _filters(query: AlertsQuery) -> dict[str, Any]:
    states = _STATUS.get(query.status or "")
    if query.state is not None:
        states = [query.state] if states is None or query.state in states else []
    rules = None if query.rule is None else [query.rule]
    severity: str | None = query.severity
    if query.alert_type is not None:
        typed, implied = rules_of(query.alert_type)
        rules = typed if rules is None else [each for each in rules if each in typed]
        if implied is not None:
            rules, severity = (rules, implied) if severity in (None, implied) else ([], implied)
    return {"states": states, "rules": rules, "severity": severity, "product_id": query.product_id}


@table.add("GET", _ONE, permission=Permission.ALERTS_READ, answer=AlertView, errors=(NotFound,))
async def get_alert(call: Call[None, None]) -> AlertView:
    """One alert"""
    return view_of(await call.hub.alerting.get(call.path["alert_id"], call.principal))


@table.add("POST", f"{_ONE}/acknowledge", permission=Permission.ALERTS_WRITE, answer=AlertView,
           others={202: CommandView}, errors=(NotFound, Conflict), idempotent=True)  # fmt: skip
async def acknowledge_alert(call: Call[None, None]) -> Answer:
    """Say that somebody looks after it; for a store's alert this is a command to its box (202)"""
    return await _change(call, "acknowledge_alert")


@table.add("POST", f"{_ONE}/resolve", permission=Permission.ALERTS_WRITE, answer=AlertView,
           others={202: CommandView}, errors=(NotFound, Conflict), idempotent=True)  # fmt: skip
async def resolve_alert(call: Call[None, None]) -> Answer:
    """Say that it is dealt with; for a store's alert this is a command to its box (202)"""
    return await _change(call, "resolve_alert")


async def _change(call: Call[None, None], verb: Verb) -> Answer:
    alert, command = await call.hub.alerting.change(verb, call.path["alert_id"], call.key, call.principal, call.now_ms)
    if command is None:
        return Answer(view=view_of(alert))
    headers = {"Location": f"{PREFIX}/commands/{command.id}"}
    return Answer(view=command_view(command), status=202, headers=headers)


def view_of(alert: Alert) -> AlertView:
    return AlertView(
        id=alert.id, site_id=alert.site_id, alert_type=type_of(alert.rule, alert.severity), rule=alert.rule,
        product_id=alert.product_id, severity=alert.severity, state=alert.state,
        status="resolved" if alert.state == "resolved" else "active", available=quantity(alert.available),
        detail=alert.detail, subject=alert.subject, opened_at=rfc3339(alert.opened_at_ms),
        updated_at=rfc3339(alert.updated_at_ms), acknowledged_at=rfc3339(alert.acknowledged_at_ms),
        acknowledged_by=alert.acknowledged_by, resolved_at=rfc3339(alert.resolved_at_ms),
    )  # fmt: skip
