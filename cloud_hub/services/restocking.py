"""What to restock: products at or below their reorder point, how much to order and where."""

from typing import Any, NamedTuple
from uuid import UUID

from cloud_hub.domain.comparing import Quote, compare, suggestion
from cloud_hub.services.stock import Levels, Seen, Stock
from cloud_hub.services.vendors import list_offers
from cloud_hub.storage import products, restocking
from cloud_hub.storage.database import Connection
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.stock_list import LevelFilter

__all__ = ["Advice", "Restocking"]


class Advice(NamedTuple):
    """A low level, what to order, and the best vendor for that."""

    seen: Seen
    suggested: int
    best: Quote | None


class Restocking:
    """The use case of a buyer."""

    def __init__(self, reads: Reads, stock: Stock) -> None:
        self._reads = reads
        self._stock = stock

    async def advise(
        self, site_ids: list[str] | None, after: tuple[UUID, UUID] | None, skip: int, limit: int, now_ms: int
    ) -> tuple[Levels, list[Advice]]:
        """Low levels by site and product, each with advice."""
        wanted = LevelFilter(sites=site_ids, product_id=None, q=None, only_low=True)
        levels = await self._stock.levels(wanted, after, skip, limit, now_ms)
        return levels, await self._reads.run(_advise, levels.rows, now_ms)


async def _advise(connection: Connection, rows: list[Seen], now_ms: int) -> list[Advice]:
    if not rows:
        return []
    places: Any = {"site_ids": list({row.level.site_id for row in rows}),
                   "product_ids": list({row.level.product_id for row in rows})}  # fmt: skip
    maxima = await restocking.list_maxima(connection, **places)
    offers = await list_offers(connection, places["product_ids"], now_ms)
    currencies = {each.id: each.currency for each in await products.list_by_ids(connection, list(offers))}
    advice = []
    for seen in rows:
        level = seen.level
        place = (level.site_id, level.product_id)
        suggested = suggestion(level.available, seen.on_order + seen.in_transit, level.reorder_point, maxima.get(place))
        found = compare(offers.get(level.product_id, []), suggested, currencies.get(level.product_id, ""))
        best = found[0] if suggested and found and found[0].rank == 1 else None
        advice.append(Advice(seen, suggested, best))
    return advice
