"""Alerts of this store: opened, acknowledged and resolved here, told as facts.

`evaluate` runs in the transaction of the change that may cross a threshold; `sweep` finds
what no change touches: damped alerts that have calmed down, thresholds that were moved.
"""

import sqlite3
from typing import Any, NamedTuple

import orjson

from edge_agent.domain.stock import Position, Thresholds, position_of
from edge_agent.errors import Conflict, NotFound
from edge_agent.storage import alerts, catalogue, identity, ledger, levels
from edge_agent.storage.alerts import Alert
from edge_agent.storage.catalogue import Product
from sync_protocol import facts, low_stock
from sync_protocol.clock import SKEW_ALERT_MS
from sync_protocol.low_stock import LOW_STOCK, NEGATIVE_STOCK, Severity, Step
from sync_protocol.quantity import bounded
from sync_protocol.vocabulary import AlertState

CLOCK = "clock"


class Finding(NamedTuple):
    """What a rule says of a product now."""

    rule: str
    severity: Severity
    available: int
    is_clearly_above: bool
    detail: str = ""


def thresholds_of(connection: sqlite3.Connection, product: Product) -> Thresholds:
    """The product's own, else its category's, else the site's."""
    if product.reorder_point is not None and product.critical_level is not None:
        return Thresholds(product.reorder_point, product.critical_level)
    site = catalogue.get_policy(connection)
    wider = _of_category(site.settings, product.category)
    reorder_point = _first(product.reorder_point, wider.get("reorder_point"), site.reorder_point)
    critical_level = _first(product.critical_level, wider.get("critical_level"), site.critical_level)
    return Thresholds(reorder_point, critical_level)


def evaluate(
    connection: sqlite3.Connection, product: Product, before: Position, after: Position, position: int, now_ms: int
) -> None:
    """Open, worsen or resolve this product's alert after its stock changed."""
    if before.lowest < 0 or after.lowest < 0:
        step(connection, product, _of_zero(after), position, now_ms)
    limits = thresholds_of(connection, product)
    was = low_stock.severity(before.available, *limits)
    is_now = low_stock.severity(after.available, *limits)
    if was is Severity.OK and is_now is Severity.OK:
        point = limits.reorder_point
        is_calming = low_stock.is_clearly_above(after.available, point) and not low_stock.is_clearly_above(
            before.available, point
        )
        if not is_calming:
            return
    step(connection, product, _of_limits(after, limits), position, now_ms)


def _of_limits(stock: Position, limits: Thresholds) -> Finding:
    available = stock.available
    is_clearly_above = low_stock.is_clearly_above(available, limits.reorder_point)
    return Finding(LOW_STOCK, low_stock.severity(available, *limits), available, is_clearly_above)


def _of_zero(stock: Position) -> Finding:
    severity, is_clearly_above = low_stock.below_zero(stock.lowest), low_stock.is_clearly_above(stock.lowest, 0)
    detail = "" if severity is Severity.OK else low_stock.cause(stock.lowest)
    return Finding(NEGATIVE_STOCK, severity, stock.available, is_clearly_above, detail)


def reconsider(connection: sqlite3.Connection, product: Product, now_ms: int) -> None:
    """The same for a product whose thresholds may have changed."""
    stock, reserved = levels.held(connection, product.product_id)
    if not stock:
        return
    found = _of_limits(position_of(stock, reserved), thresholds_of(connection, product))
    step(connection, product, found, ledger.head(connection)[0], now_ms)


def sweep(connection: sqlite3.Connection, now_ms: int) -> int:
    """Resolve what no longer holds; returns how many alerts were looked at."""
    found = alerts.list_alerts(connection, is_open=True, limit=10_000)
    for alert in found:
        product = catalogue.find_product(connection, alert.product_id) if alert.product_id else None
        if product is not None and alert.rule == NEGATIVE_STOCK:
            stock = position_of(*levels.held(connection, product.product_id))
            step(connection, product, _of_zero(stock), ledger.head(connection)[0], now_ms)
        elif product is not None and alert.rule == LOW_STOCK:
            reconsider(connection, product, now_ms)
    return len(found)


def note_clock(connection: sqlite3.Connection, offset_ms: int, now_ms: int) -> None:
    """Open an alert while the box's clock is far from the hub's; resolve it when it is right again."""
    is_open = next(
        (alert for alert in alerts.list_alerts(connection, is_open=True, limit=10_000) if alert.rule == CLOCK), None
    )
    is_wrong = abs(offset_ms) > SKEW_ALERT_MS
    if is_wrong and is_open is None:
        who, (head, _) = identity.get(connection), ledger.head(connection)
        opened = Alert(
            low_stock.alert_id(CLOCK, who.site_id, "", head + 1), CLOCK, None, str(AlertState.OPENED), "warning", None,
            head + 1, now_ms, now_ms, detail=f"{-offset_ms / 1000:+.0f} s from head office's time",
        )  # fmt: skip
        _save(connection, opened, now_ms, None)
    elif not is_wrong and is_open is not None:
        _save(connection, is_open._replace(state=str(AlertState.RESOLVED)), now_ms, None)


def acknowledge(connection: sqlite3.Connection, wanted: str, actor: str | None, now_ms: int) -> Alert:
    """Somebody has seen it. Raises NotFound, Conflict when it is resolved."""
    alert = _get(connection, wanted)
    if alert.state == AlertState.RESOLVED:
        raise Conflict("alert_resolved", f"alert {wanted} is resolved already")
    if alert.state == AlertState.ACKNOWLEDGED:
        return alert
    return _save(connection, alert._replace(state=str(AlertState.ACKNOWLEDGED)), now_ms, actor)


def resolve(connection: sqlite3.Connection, wanted: str, actor: str | None, now_ms: int) -> Alert:
    """Somebody says it is dealt with. Raises NotFound."""
    alert = _get(connection, wanted)
    if alert.state == AlertState.RESOLVED:
        return alert
    return _save(connection, alert._replace(state=str(AlertState.RESOLVED)), now_ms, actor)


def step(connection: sqlite3.Connection, product: Product, found: Finding, position: int, now_ms: int) -> None:
    """Open, worsen or resolve the alert of a rule about a product, and tell it."""
    is_open = alerts.find_open(connection, found.rule, product.product_id)
    if is_open is None and found.severity is Severity.OK:
        return
    move = low_stock.decide(
        found.severity,
        None if is_open is None else low_stock.SEVERITIES.get(is_open.severity, Severity.LOW),
        openings=alerts.openings_since(connection, found.rule, product.product_id, now_ms - low_stock.FLAP_WINDOW_MS),
        is_clearly_above=found.is_clearly_above,
    )
    if move is Step.OPEN:
        if product.lifecycle == "archived" or (found.rule == LOW_STOCK and not _is_enabled(connection)):
            return
        who = identity.get(connection)
        opened = Alert(
            low_stock.alert_id(found.rule, who.site_id, product.product_id, position), found.rule, product.product_id,
            str(AlertState.OPENED), low_stock.LEVELS[found.severity], found.available, position, now_ms, now_ms,
            detail=found.detail,
        )  # fmt: skip
        _save(connection, opened, now_ms, None)
    elif is_open is not None and move is Step.WORSEN:
        severity = low_stock.LEVELS[found.severity]
        worse = is_open._replace(
            state=str(AlertState.OPENED), severity=severity, available=found.available, detail=found.detail
        )
        _save(connection, worse, now_ms, None)
    elif is_open is not None and move is Step.RESOLVE:
        over = is_open._replace(state=str(AlertState.RESOLVED), available=found.available)
        _save(connection, over, now_ms, None)


def _save(connection: sqlite3.Connection, alert: Alert, now_ms: int, actor: str | None) -> Alert:
    """Keep the state and tell it on the ledger."""
    alert = alert._replace(changed_at=now_ms, actor=actor)
    alerts.save(connection, alert)
    available = None if alert.available is None else bounded(alert.available)
    body = facts.Alert.model_validate(
        {
            "occurred_at": now_ms, "clock_offset": identity.clock_offset(connection), "actor": actor,
            "alert_id": alert.alert_id, "rule": alert.rule, "product_id": alert.product_id,
            "state": alert.state, "severity": alert.severity, "available": available,
            "opened_at_position": alert.opened_at_position, "detail": alert.detail,
        }
    )  # fmt: skip
    ledger.append(connection, [facts.fact(body)])
    return alert


def _get(connection: sqlite3.Connection, wanted: str) -> Alert:
    found = alerts.find(connection, wanted)
    if found is None:
        raise NotFound("alert", f"there is no alert {wanted}")
    return found


def _is_enabled(connection: sqlite3.Connection) -> bool:
    return catalogue.settings(connection).get("low_stock_enabled", True) is not False


def _of_category(settings: str, category: str) -> dict[str, Any]:
    if settings == "{}" or not category:
        return {}
    found = orjson.loads(settings).get("categories", {})
    return found.get(category, {}) if isinstance(found, dict) else {}


def _first(*values: Any) -> int:
    for value in values:
        if type(value) is int:
            return value
    return 0
