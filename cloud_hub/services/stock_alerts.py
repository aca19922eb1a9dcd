"""Alerts of stock at hub-run sites: the hub is their writer, so it opens, worsens and resolves them.

The same rules, words and names as at a store's box (`sync_protocol/low_stock.py`): low stock,
and stock below zero on record. An alert is a fact on the site's ledger, named after its rule,
site, product and the position that opened it. It is judged when stock moves, and by the hourly
sweep (`watching.py`).
"""

from collections import Counter
from collections.abc import Container, Sequence
from typing import NamedTuple

from cloud_hub.domain.alert_settings import CHAIN, merged, of_site
from cloud_hub.storage import alert_settings, postings, stock_list
from cloud_hub.storage.database import Connection, Row
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.stock_list import Level
from sync_protocol import facts, low_stock
from sync_protocol.low_stock import LOW_STOCK, NEGATIVE_STOCK, Severity, Step
from sync_protocol.records import Fact
from sync_protocol.vocabulary import AlertState

RULES = (LOW_STOCK, NEGATIVE_STOCK)


class Finding(NamedTuple):
    """What a rule says of a level now."""

    rule: str
    severity: Severity
    is_clearly_above: bool
    detail: str = ""


async def evaluate(connection: Connection, origin: Origin, product_ids: Sequence[str], now_ms: int) -> list[Fact]:
    """The alert facts that the levels as they are now call for."""
    since = now_ms - low_stock.FLAP_WINDOW_MS
    told = await postings.list_alerts(connection, origin.site_id, product_ids, RULES, since)
    is_open = {(row["rule"], str(row["product_id"])): row for row in told if row["state"] != AlertState.RESOLVED}
    openings = Counter((row["rule"], str(row["product_id"])) for row in told if row["opened_at"] > since)
    said: list[Fact] = []
    for level in await stock_list.list_levels_of(connection, origin.site_id, product_ids):
        for found in (_of_limits(level), _of_zero(level)):
            about = (found.rule, level.product_id)
            said += _step(origin, level, found, is_open.get(about), openings[about], now_ms)
    if any(fact.body["rule"] == LOW_STOCK for fact in said) and not await _is_enabled(connection, str(origin.site_id)):
        return _without_new(said, is_open)
    return said


async def _is_enabled(connection: Connection, site_id: str) -> bool:
    said = await alert_settings.find_all(connection, [CHAIN, of_site(site_id)])
    return merged(said[CHAIN], said[of_site(site_id)])["low_stock_enabled"] is True


def _without_new(said: list[Fact], is_open: Container[tuple[str, str]]) -> list[Fact]:
    """Where low stock is no alert, none opens; those that are open go their way."""
    return [
        fact for fact in said
        if fact.body["rule"] != LOW_STOCK or (LOW_STOCK, fact.body["product_id"]) in is_open
    ]  # fmt: skip


def _of_limits(level: Level) -> Finding:
    is_clearly_above = low_stock.is_clearly_above(level.available, level.reorder_point)
    severity = low_stock.severity(level.available, level.reorder_point, level.critical_level)
    return Finding(LOW_STOCK, severity, is_clearly_above)


def _of_zero(level: Level) -> Finding:
    lowest = min(level.locations.values(), default=0)
    severity = low_stock.below_zero(lowest)
    detail = "" if severity is Severity.OK else low_stock.cause(lowest)
    return Finding(NEGATIVE_STOCK, severity, low_stock.is_clearly_above(lowest, 0), detail)


def _step(origin: Origin, level: Level, found: Finding, is_open: Row | None, openings: int, now_ms: int) -> list[Fact]:
    step = low_stock.decide(
        found.severity,
        None if is_open is None else low_stock.SEVERITIES.get(is_open["severity"], Severity.LOW),
        openings=openings,
        is_clearly_above=found.is_clearly_above,
    )
    if step is Step.NOTHING:
        return []
    if is_open is None:
        name = low_stock.alert_id(found.rule, str(origin.site_id), level.product_id, origin.mark)
        opened_at, severity, detail = origin.mark, low_stock.LEVELS[found.severity], found.detail
    else:
        name, opened_at, detail = str(is_open["alert_id"]), is_open["opened_at_position"], is_open["detail"]
        severity = is_open["severity"] if step is Step.RESOLVE else low_stock.LEVELS[found.severity]
    alert = facts.Alert.model_validate(
        {
            "occurred_at": now_ms, "rule": found.rule, "product_id": level.product_id, "available": level.available,
            "alert_id": name, "opened_at_position": opened_at, "severity": severity, "detail": detail,
            "state": AlertState.RESOLVED if step is Step.RESOLVE else AlertState.OPENED,
        }
    )  # fmt: skip
    return [facts.fact(alert)]
