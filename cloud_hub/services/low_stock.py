"""Low stock at hub-run sites: the hub is their writer, so it opens, worsens and resolves their alerts.

The same rule, words and names as at a store's box (`sync_protocol/low_stock.py`): an alert
is a fact on the site's ledger, named after its rule, site, product and the position that
opened it. It is judged when stock moves, and by the hourly sweep (`watching.py`).
"""

from cloud_hub.domain.alert_settings import CHAIN, merged, of_site
from cloud_hub.storage import alert_settings, postings, stock_list
from cloud_hub.storage.database import Connection, Row
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.stock_list import Level, LevelFilter
from sync_protocol import facts
from sync_protocol.low_stock import (
    FLAP_WINDOW_MS,
    LEVELS,
    LOW_STOCK,
    SEVERITIES,
    Severity,
    Step,
    alert_id,
    decide,
    is_clearly_above,
    severity,
)
from sync_protocol.records import Fact
from sync_protocol.vocabulary import AlertState

PRODUCTS_MAX = 500


async def evaluate(connection: Connection, origin: Origin, product_ids: list[str], now_ms: int) -> list[Fact]:
    """The alert facts that the levels as they are now call for."""
    site_id = str(origin.site_id)
    rows = await postings.list_open_alerts(connection, site_id, product_ids, LOW_STOCK)
    is_open = {str(row["product_id"]): row for row in rows}
    openings = await postings.count_openings(connection, site_id, product_ids, LOW_STOCK, now_ms - FLAP_WINDOW_MS)
    said: list[Fact] = []
    for product_id in product_ids[:PRODUCTS_MAX]:
        wanted = LevelFilter(sites=[site_id], product_id=product_id, q=None, only_low=False)
        for level in await stock_list.list_levels(connection, wanted, None, 0, 1):
            said += _step(origin, level, is_open.get(product_id), openings.get(product_id, 0), now_ms)
    return said if not said or await _is_enabled(connection, site_id) else _without_new(said, is_open)


async def _is_enabled(connection: Connection, site_id: str) -> bool:
    said = await alert_settings.find_all(connection, [CHAIN, of_site(site_id)])
    return merged(said[CHAIN], said[of_site(site_id)])["low_stock_enabled"] is True


def _without_new(said: list[Fact], is_open: dict[str, Row]) -> list[Fact]:
    """Where low stock is no alert, none opens; those that are open go their way."""
    return [fact for fact in said if fact.body["product_id"] in is_open]


def _step(origin: Origin, level: Level, is_open: Row | None, openings: int, now_ms: int) -> list[Fact]:
    is_now = severity(level.available, level.reorder_point, level.critical_level)
    step = decide(
        is_now,
        None if is_open is None else SEVERITIES.get(is_open["severity"], Severity.LOW),
        openings=openings,
        is_clearly_above=is_clearly_above(level.available, level.reorder_point),
    )
    if step is Step.NOTHING:
        return []
    site_id, product_id = str(origin.site_id), level.product_id
    alert = facts.Alert.model_validate(
        {
            "occurred_at": now_ms, "rule": LOW_STOCK, "product_id": product_id, "available": level.available,
            "alert_id": str(is_open["alert_id"]) if is_open else alert_id(LOW_STOCK, site_id, product_id, origin.mark),
            "opened_at_position": is_open["opened_at_position"] if is_open else origin.mark,
            "state": AlertState.RESOLVED if step is Step.RESOLVE else AlertState.OPENED,
            "severity": is_open["severity"] if is_open and step is Step.RESOLVE else LEVELS[is_now],
        }
    )  # fmt: skip
    return [facts.fact(alert)]
