"""The sweeps: the hub's own rules judged again, and its sites' low-stock alerts that no movement touches.

Boxes are looked at every minute; transfers, lots and stock every hour. An alert whose
subject is no longer found resolves itself; one that the hub cannot judge stays as it is.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud_hub.domain import watching as rules
from cloud_hub.domain.alert_settings import CHAIN, merged, of_site
from cloud_hub.domain.alert_types import AlertType
from cloud_hub.domain.watching import BoxSeen, Finding, Verdict
from cloud_hub.services.posting import Posting
from cloud_hub.services.relaying import alert_data
from cloud_hub.storage import alert_settings, events, fleet, hub_alerts, stock_list
from cloud_hub.storage.alert_list import Alert
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.events import News
from cloud_hub.storage.stock_list import LevelFilter

BOX_RULES = (AlertType.DEVICE_OFFLINE, AlertType.SYNC_LAG)
SLOW_RULES = (AlertType.TRANSFER_OVERDUE, AlertType.EXPIRY)
PAGE = 500


class Watching:
    """The rounds of the hub's own rules."""

    def __init__(self, database: Database, posting: Posting) -> None:
        self._database = database
        self._posting = posting

    async def sweep(self, now_ms: int) -> int:
        """All that changes with time alone, and not with the minute; how many alerts changed."""
        return await self.goods(now_ms) + await self.stock(now_ms)

    async def boxes(self, now_ms: int) -> int:
        """Judge all boxes; how many alerts were opened or resolved."""
        async with self._database.transaction() as connection:
            seen = [
                BoxSeen(each.site_id, each.device_id, each.device_name or each.site_name, each.is_heard,
                        each.is_connected, each.last_seen_ms, each.oldest_unsent_ms)
                for each in await fleet.boxes(connection)
                if each.device_state == "active" and each.origin_state == "open"
            ]  # fmt: skip
            settings = await _settings(connection, {box.site_id for box in seen})
            found = [each for box in seen for each in rules.judge_box(box, settings[box.site_id], now_ms)]
            return await _apply(connection, found, BOX_RULES, now_ms)

    async def goods(self, now_ms: int) -> int:
        """Judge transfers and lots; how many alerts were opened or resolved."""
        today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
        async with self._database.transaction() as connection:
            moving = await hub_alerts.list_on_the_way(connection, now_ms - rules.DAY_MS)
            shelves = await hub_alerts.list_shelves(connection, today + timedelta(days=365))
            places = {str(row["to_site"]) for row in moving} | {shelf.site_id for shelf in shelves}
            settings = await _settings(connection, places)
            found = [
                rules.judge_transfer(str(row["to_site"]), str(row["transfer_id"]), row["created_at"],
                                     settings[str(row["to_site"])], now_ms)
                for row in moving
            ]  # fmt: skip
            for shelf in shelves:
                limits = settings[shelf.site_id]
                found += rules.judge_lots(shelf.site_id, shelf.product_id, shelf.lots, shelf.on_hand, limits, today)
            return await _apply(connection, found, SLOW_RULES, now_ms)

    async def stock(self, now_ms: int) -> int:
        """Judge stock of hub-run sites again: damped alerts, thresholds that were moved; how many changed."""
        async with self._database.connection() as connection:
            places = await hub_alerts.list_hub_sites(connection)
        changed = 0
        for site_id in places:
            async with self._database.connection() as connection:
                product_ids = {*await _low(connection, site_id), *await hub_alerts.list_stock_open(connection, site_id)}
            for page in _pages(sorted(product_ids)):
                changed += await self._posting.judge_again(site_id, page, now_ms)
        return changed


async def _apply(connection: Connection, found: Sequence[Finding], judged: Collection[str], now_ms: int) -> int:
    """Open and resolve alerts of the rules that were judged."""
    by_subject = {(each.site_id, str(each.rule), each.subject): each for each in found}
    changed = 0
    for alert in await hub_alerts.list_open(connection):
        if alert.rule not in judged:
            continue
        finding = by_subject.pop((str(alert.site_id), alert.rule, alert.subject), None)
        if finding is None or finding.verdict is Verdict.CLEAR:
            over = await hub_alerts.resolve(connection, alert, now_ms)
            changed += await tell(connection, over, now_ms)
    for finding in by_subject.values():
        if finding.verdict is Verdict.RAISE:
            changed += await tell(connection, await hub_alerts.open_one(connection, finding, now_ms), now_ms)
    return changed


async def tell(connection: Connection, alert: Alert | None, now_ms: int) -> bool:
    """Say what became of an alert of the hub's own."""
    if alert is not None:
        news = News(type=f"alert.{alert.state}", site_id=alert.site_id, subject=alert.id, data=alert_data(alert),
                    occurred_at_ms=now_ms)  # fmt: skip
        await events.say(connection, news)
    return alert is not None


async def _settings(connection: Connection, site_ids: set[str]) -> dict[str, dict[str, Any]]:
    """In force at each site."""
    found = await alert_settings.find_all(connection, [CHAIN, *map(of_site, sorted(site_ids))])
    return {site_id: merged(found[CHAIN], found[of_site(site_id)]) for site_id in site_ids}


async def _low(connection: Connection, site_id: str) -> list[str]:
    """All products of a site that are low now."""
    wanted = LevelFilter(sites=[site_id], product_id=None, q=None, only_low=True)
    found: list[stock_list.Level] = []
    while True:
        page = await stock_list.list_levels(connection, wanted, None, len(found), PAGE)
        found += page
        if len(page) < PAGE:
            return [level.product_id for level in found]


def _pages(ids: list[str]) -> list[list[str]]:
    return [ids[start : start + PAGE] for start in range(0, len(ids), PAGE)]
