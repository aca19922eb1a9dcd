"""F29: a chain to try things out with: sample products, and weeks of trade at a site that the hub runs.

What is written goes the way of everything else, so what is tried is real: products through the
catalogue, deliveries and sales through posting. Never into a ledger that has anything in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeVar

from cloud_hub.domain.posting import Draft
from cloud_hub.errors import Conflict
from cloud_hub.services.posting import Posting
from cloud_hub.services.sample_data import SampleDay, SampleProduct, make_days, make_shop
from cloud_hub.services.upserting import Upsert, Upserting
from cloud_hub.storage import movement_list, products
from cloud_hub.storage.database import Database
from cloud_hub.storage.movement_list import MovementFilter
from cloud_hub.storage.products import Product
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sites import Site
from sync_protocol.vocabulary import Location, Reason

ACTOR = "cloud-hub sample"
T = TypeVar("T")
_PAGE = 500
_OPEN, _CLOSE = time(8, tzinfo=UTC), time(20, tzinfo=UTC)


class Filled(NamedTuple):
    """What there is now."""

    products: int
    movements: int


class Sampling:
    """The use case of whoever has nothing to look at yet."""

    def __init__(self, database: Database, reads: Reads, upserting: Upserting, posting: Posting) -> None:
        self._database = database
        self._reads = reads
        self._upserting = upserting
        self._posting = posting

    async def fill(self, site: Site, size: int, days: int, seed: int, now_ms: int) -> Filled:
        """Products, and trade until yesterday. Raises Conflict for a site that a box runs or that has traded."""
        if site.kind != "hub":
            raise Conflict("site_has_a_box", "expected a site that the hub runs")
        everything = MovementFilter(
            sites=[site.id], product_id=None, reason=None, since_ms=None, until_ms=None, actor=None, document=None
        )
        if await self._reads.run(movement_list.list_movements, everything, None, 0, 1):
            raise Conflict("ledger_in_use", "expected a site without movements: real trade is not mixed with samples")
        shop = make_shop(seed, size)
        known = await self._write(shop, now_ms)
        first = datetime.fromtimestamp(now_ms / 1000, UTC).date() - timedelta(days=days)
        moved = 0
        for day in make_days(shop, first, days, seed):
            moved += await self._trade(site, day, known, now_ms)
        return Filled(len(shop), moved)

    async def _write(self, shop: Sequence[SampleProduct], now_ms: int) -> dict[str, Product]:
        """The products, by SKU."""
        known: dict[str, Product] = {}
        for page in _pages(shop):
            async with self._database.transaction() as connection:
                items = [_upsert(item) for item in page]
                rows = await self._upserting.upsert_in(connection, items, now_ms, all_or_none=True)
            ids = [row.product_id for row in rows if row.product_id is not None]
            known |= {product.sku: product for product in await self._reads.run(products.list_by_ids, ids)}
        return known

    async def _trade(self, site: Site, day: SampleDay, known: Mapping[str, Product], now_ms: int) -> int:
        """Post a day; how many movements it had."""
        drafts = list(_drafts(day, known))
        for number, page in enumerate(_pages(drafts)):
            await self._posting.post(site.id, page, f"sample/{day.day}/{number}", actor=ACTOR, now_ms=now_ms)
        return len(drafts)


def _upsert(item: SampleProduct) -> Upsert:
    fields = {
        "name": item.name, "category": item.category, "price": Decimal(item.price) / 100,
        "cost": Decimal(item.cost) / 100, "reorder_point": 1000 * item.reorder_point,
    }  # fmt: skip
    return Upsert(item.sku, fields, [(item.gtin, 1000), (item.case_gtin, 1000 * item.case_size)])


def _drafts(day: SampleDay, known: Mapping[str, Product]) -> Iterator[Draft]:
    """A day's movements in the order in which they happened."""
    supplier, shelf, customer = str(Location.SUPPLIER), str(Location.SHELF), str(Location.CUSTOMER)
    opening = _at(day.day, 0.0)
    for sku, units in sorted(day.received.items()):
        if units:
            yield _draft(known[sku], units, supplier, shelf, Reason.RECEIPT, f"D-{day.day}", opening)
    for number, basket in enumerate(day.baskets):
        at = _at(day.day, (number + 1) / (len(day.baskets) + 1))
        for sku, units in basket.items():
            yield _draft(known[sku], units, shelf, customer, Reason.SALE, f"R-{day.day}-{number + 1:04d}", at)


def _draft(product: Product, units: int, source: str, target: str, reason: Reason, document: str, at: int) -> Draft:
    return Draft(
        product_id=product.id, quantity=1000 * units, from_location=source, to_location=target, reason=str(reason),
        document=document, occurred_at=at,
    )  # fmt: skip


def _at(day: date, share: float) -> int:
    """A moment of the day's hours of business."""
    opens, closes = datetime.combine(day, _OPEN), datetime.combine(day, _CLOSE)
    return int((opens + share * (closes - opens)).timestamp() * 1000)


def _pages(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + _PAGE] for start in range(0, len(rows), _PAGE))
