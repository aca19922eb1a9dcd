"""Alerts of stock at hub-run sites: the hub is their writer, so it opens, worsens and resolves them.

The same rules, words and names as at a store's box (`sync_protocol/low_stock.py`): low stock,
and stock below zero on record. An alert is a fact on the site's ledger, named after its rule,
site, product and the position that it was opened behind. It is judged when stock moves, as part
of what moves it, and by the hourly sweep (`watching.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cloud_hub.domain.alert_settings import CHAIN, merged, of_site
from cloud_hub.storage import alert_settings, postings
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.postings import Standing
from sync_protocol import facts, low_stock
from sync_protocol.low_stock import LOW_STOCK, NEGATIVE_STOCK, Severity, Step
from sync_protocol.quantity import bounded
from sync_protocol.records import Fact
from sync_protocol.vocabulary import OWN_LOCATIONS, AlertState, Location

RULES = (LOW_STOCK, NEGATIVE_STOCK)


class Finding(NamedTuple):
    """What a rule says of a level now."""

    rule: str
    severity: Severity
    is_clearly_above: bool
    detail: str = ""


async def find_standings(
    connection: Connection, origin: Origin, product_ids: Sequence[str], now_ms: int
) -> dict[str, Standing]:
    """How products stand at the origin's site, with the alerts that matter now."""
    return await postings.find_standings(
        connection, origin.site_id, product_ids, RULES, now_ms - low_stock.FLAP_WINDOW_MS
    )


async def evaluate(
    connection: Connection, origin: Origin, standings: Mapping[str, Standing], now_ms: int
) -> list[Fact]:
    """The alert facts that these call for, behind the origin's mark."""
    said: list[Fact] = []
    for product_id in sorted(standings):
        said += _of_product(origin, product_id, standings[product_id], now_ms)
    if any(fact.body["rule"] == LOW_STOCK for fact in said) and not await _is_enabled(connection, str(origin.site_id)):
        return _without_new(said, standings)
    return said


def _of_product(origin: Origin, product_id: str, standing: Standing, now_ms: int) -> list[Fact]:
    held = {place: standing.levels[place] for place in OWN_LOCATIONS if place in standing.levels}
    if not held and not standing.is_stocked:
        return []
    available = sum(held.values()) - held.get(Location.HOLD, 0) - standing.reserved - standing.pending
    said = []
    for found in (_of_limits(standing, available), _of_zero(min(held.values(), default=0))):
        if found.severity is not Severity.OK or standing.told:
            said += _step(origin, product_id, standing, available, found, now_ms)
    return said


async def _is_enabled(connection: Connection, site_id: str) -> bool:
    said = await alert_settings.find_all(connection, [CHAIN, of_site(site_id)])
    return merged(said[CHAIN], said[of_site(site_id)])["low_stock_enabled"] is True


def _without_new(said: list[Fact], standings: Mapping[str, Standing]) -> list[Fact]:
    """Where low stock is no alert, none opens; those that are open go their way."""
    return [
        fact for fact in said
        if fact.body["rule"] != LOW_STOCK or _open(standings[fact.body["product_id"]], LOW_STOCK) is not None
    ]  # fmt: skip


def _open(standing: Standing, rule: str) -> dict[str, Any] | None:
    return next((one for one in standing.told if one["rule"] == rule and one["state"] != AlertState.RESOLVED), None)


def _of_limits(standing: Standing, available: int) -> Finding:
    is_clearly_above = low_stock.is_clearly_above(available, standing.reorder_point)
    severity = low_stock.severity(available, standing.reorder_point, standing.critical_level)
    return Finding(LOW_STOCK, severity, is_clearly_above)


def _of_zero(lowest: int) -> Finding:
    severity = low_stock.below_zero(lowest)
    detail = "" if severity is Severity.OK else low_stock.cause(lowest)
    return Finding(NEGATIVE_STOCK, severity, low_stock.is_clearly_above(lowest, 0), detail)


def _step(
    origin: Origin, product_id: str, standing: Standing, available: int, found: Finding, now_ms: int
) -> list[Fact]:
    is_open = _open(standing, found.rule)
    since = now_ms - low_stock.FLAP_WINDOW_MS
    step = low_stock.decide(
        found.severity,
        None if is_open is None else low_stock.SEVERITIES.get(is_open["severity"], Severity.LOW),
        openings=sum(one["rule"] == found.rule and one["opened_at"] > since for one in standing.told),
        is_clearly_above=found.is_clearly_above,
    )
    if step is Step.NOTHING:
        return []
    if is_open is None:
        name = low_stock.alert_id(found.rule, str(origin.site_id), product_id, origin.mark)
        opened_at, severity, detail = origin.mark, low_stock.LEVELS[found.severity], found.detail
    else:
        name, opened_at, detail = str(is_open["alert_id"]), is_open["opened_at_position"], is_open["detail"]
        severity = is_open["severity"] if step is Step.RESOLVE else low_stock.LEVELS[found.severity]
    alert = facts.Alert.model_validate(
        {
            "occurred_at": now_ms, "rule": found.rule, "product_id": product_id, "available": bounded(available),
            "alert_id": name, "opened_at_position": opened_at, "severity": severity, "detail": detail,
            "state": AlertState.RESOLVED if step is Step.RESOLVE else AlertState.OPENED,
        }
    )  # fmt: skip
    return [facts.fact(alert)]
