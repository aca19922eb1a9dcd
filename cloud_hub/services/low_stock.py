"""Low stock at hub-run sites: the hub is their writer, so it opens, worsens and resolves their alerts.

The same rule, words and names as at a store's box (`sync_protocol/low_stock.py`): an alert
is a fact on the site's ledger, named after its rule, site, product and the position that
opened it. It is judged when stock moves, and by the hourly sweep (`watching.py`).
"""

from collections import Counter
from collections.abc import Container, Sequence

from cloud_hub.domain.alert_settings import CHAIN, merged, of_site
from cloud_hub.storage import alert_settings, postings, stock_list
from cloud_hub.storage.database import Connection, Row
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.stock_list import Level
from sync_protocol import facts, low_stock
from sync_protocol.low_stock import LOW_STOCK, Severity, Step
from sync_protocol.records import Fact
from sync_protocol.vocabulary import AlertState


async def evaluate(connection: Connection, origin: Origin, product_ids: Sequence[str], now_ms: int) -> list[Fact]:
    """The alert facts that the levels as they are now call for."""
    since = now_ms - low_stock.FLAP_WINDOW_MS
    told = await postings.list_alerts(connection, origin.site_id, product_ids, LOW_STOCK, since)
    is_open = {str(row["product_id"]): row for row in told if row["state"] != AlertState.RESOLVED}
    openings = Counter(str(row["product_id"]) for row in told if row["opened_at"] > since)
    said: list[Fact] = []
    for level in await stock_list.list_levels_of(connection, origin.site_id, product_ids):
        said += _step(origin, level, is_open.get(level.product_id), openings[level.product_id], now_ms)
    return said if not said or await _is_enabled(connection, str(origin.site_id)) else _without_new(said, is_open)


async def _is_enabled(connection: Connection, site_id: str) -> bool:
    said = await alert_settings.find_all(connection, [CHAIN, of_site(site_id)])
    return merged(said[CHAIN], said[of_site(site_id)])["low_stock_enabled"] is True


def _without_new(said: list[Fact], is_open: Container[str]) -> list[Fact]:
    """Where low stock is no alert, none opens; those that are open go their way."""
    return [fact for fact in said if fact.body["product_id"] in is_open]


def _step(origin: Origin, level: Level, is_open: Row | None, openings: int, now_ms: int) -> list[Fact]:
    is_now = low_stock.severity(level.available, level.reorder_point, level.critical_level)
    step = low_stock.decide(
        is_now,
        None if is_open is None else low_stock.SEVERITIES.get(is_open["severity"], Severity.LOW),
        openings=openings,
        is_clearly_above=low_stock.is_clearly_above(level.available, level.reorder_point),
    )
    if step is Step.NOTHING:
        return []
    if is_open is None:
        name = low_stock.alert_id(LOW_STOCK, str(origin.site_id), level.product_id, origin.mark)
        opened_at, severity = origin.mark, low_stock.LEVELS[is_now]
    else:
        name, opened_at = str(is_open["alert_id"]), is_open["opened_at_position"]
        severity = is_open["severity"] if step is Step.RESOLVE else low_stock.LEVELS[is_now]
    alert = facts.Alert.model_validate(
        {
            "occurred_at": now_ms, "rule": LOW_STOCK, "product_id": level.product_id, "available": level.available,
            "alert_id": name, "opened_at_position": opened_at, "severity": severity,
            "state": AlertState.RESOLVED if step is Step.RESOLVE else AlertState.OPENED,
        }
    )  # fmt: skip
    return [facts.fact(alert)]
