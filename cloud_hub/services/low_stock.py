"""Low stock at hub-run sites: the hub is their writer, so it opens and resolves their alerts.

The same function and the same records as at a store's box: an alert is a fact on the
site's ledger, named after its rule, site, product and the position that opened it.
"""

from uuid import UUID, uuid5

from cloud_hub.domain.stock import severity
from cloud_hub.storage import postings, stock_list
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.stock_list import LevelFilter
from sync_protocol import facts
from sync_protocol.records import Fact
from sync_protocol.vocabulary import AlertState

RULE = "low_stock"
_NAMESPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
PRODUCTS_MAX = 500


async def evaluate(connection: Connection, origin: Origin, product_ids: list[str], now_ms: int) -> list[Fact]:
    """The alert facts that the levels as they are now call for."""
    site_id = str(origin.site_id)
    rows = await postings.list_open_alerts(connection, site_id, product_ids)
    is_open = {str(row["product_id"]): str(row["alert_id"]) for row in rows if row["rule"] == RULE}
    said: list[Fact] = []
    for product_id in product_ids[:PRODUCTS_MAX]:
        wanted = LevelFilter(sites=[site_id], product_id=product_id, q=None, only_low=False)
        for level in await stock_list.list_levels(connection, wanted, None, 0, 1):
            found = severity(level.available, level.reorder_point, level.critical_level)
            alert_id = is_open.get(product_id)
            if (found != "ok") == (alert_id is not None):
                continue
            name = f"{RULE}|{site_id}|{product_id}|{origin.mark}"
            said.append(
                facts.fact(
                    facts.Alert(
                        occurred_at=now_ms, alert_id=alert_id or str(uuid5(_NAMESPACE, name)), rule=RULE,
                        product_id=product_id, state=AlertState.RESOLVED if alert_id else AlertState.OPENED,
                        severity="warning" if found in ("ok", "low") else "critical",
                        opened_at_position=origin.mark, available=level.available,
                    )
                )
            )  # fmt: skip
    return said
