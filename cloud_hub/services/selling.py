"""Sales: all sites' as their ledgers tell them, and selling at the sites that the hub runs.

A sale is some movements of one posting under the caller's key and document; what a customer
brings back is a line of its own. The price is frozen with the movement: the one given, else
the site's, else the product's. A store's own box sells there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cloud_hub.domain.permissions import Principal
from cloud_hub.domain.posting import Draft
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.catalogue import normal_code
from cloud_hub.services.posting import Posting
from cloud_hub.storage import products, sales_list, site_products
from cloud_hub.storage.database import Connection
from cloud_hub.storage.products import Product, minor
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sales_list import KINDS, SaleFilter, Sold
from cloud_hub.storage.sites import Site
from sync_protocol.errors import Malformed
from sync_protocol.limits import QUANTITY_MAX
from sync_protocol.vocabulary import Location, Reason

__all__ = ["KINDS", "Line", "Sale", "SaleFilter", "Selling", "Sold"]


class Line(NamedTuple):
    """Units of one product, named by id or by a code; a code counts packs."""

    product_id: str | None
    barcode: str | None
    quantity: int
    price: Decimal | None
    is_return: bool
    location: str
    lot: str | None


class Sale(NamedTuple):
    """What was sold in one go, with its document."""

    lines: Sequence[Line]
    document: str | None
    note: str | None
    sold_at: int | None
    """None: now."""


class Goods(NamedTuple):
    """What a line is about, and what the site asks for it."""

    product: Product
    code: str | None
    pack_quantity: int
    price: Decimal | None


class Selling:
    """The use cases of sales."""

    def __init__(self, reads: Reads, posting: Posting) -> None:
        self._reads = reads
        self._posting = posting

    async def list(
        self, wanted: SaleFilter, before: tuple[datetime, UUID, UUID, int] | None, skip: int, limit: int
    ) -> list[Sold]:
        """Lines sold and brought back, newest first."""
        return await self._reads.run(sales_list.list_newest, wanted, before, skip, limit)

    async def sell(self, site: Site, sale: Sale, key: str, who: Principal, now_ms: int) -> tuple[Sequence[Sold], bool]:
        """Post a sale, or answer what this key sold before. Raises NotFound, Conflict, Invalid; then nothing was."""
        if site.kind != "hub":
            raise Conflict("site_has_a_box", "expected a site that the hub runs; a store's box sells there")
        if sale.sold_at is not None and sale.sold_at > now_ms:
            raise Invalid("future", "expected a time that has been", pointer="/sold_at")
        goods = await self._reads.run(_goods, site.id, sale.lines)
        drafts = [_draft(index, line, goods[index], sale) for index, line in enumerate(sale.lines)]
        posted = await self._posting.post(site.id, drafts, key, actor=who.name, now_ms=now_ms)
        positions = [row.position for row in posted.rows if row.position is not None]
        ids = [row.movement_id for row in posted.rows if row.movement_id is not None]
        return await self._reads.run(sales_list.list_posted, site.id, positions, ids), posted.is_replayed


async def _goods(connection: Connection, site_id: str, lines: Sequence[Line]) -> list[Goods]:
    """What each line is about. Raises NotFound."""
    wanted = sorted({line.product_id for line in lines if line.product_id is not None})
    known = {product.id: product for product in await products.list_by_ids(connection, wanted)}
    found = [await _named(connection, index, line, known) for index, line in enumerate(lines)]
    prices = await site_products.list_prices(connection, site_id, sorted({goods.product.id for goods in found}))
    return [goods._replace(price=prices.get(goods.product.id, goods.product.price)) for goods in found]


async def _named(connection: Connection, index: int, line: Line, known: Mapping[str, Product]) -> Goods:
    if line.barcode is not None:
        by_code = await products.find_by_code(connection, normal_code(line.barcode))
        if by_code is None:
            raise NotFound("barcode", f"line {index}: no product has this code", pointer=f"/lines/{index}/barcode")
        product, barcode = by_code
        return Goods(product, barcode.code, barcode.pack_quantity, None)
    named = known.get(line.product_id or "")
    if named is None:
        raise NotFound("product", f"line {index}: no such product", pointer=f"/lines/{index}/product_id")
    return Goods(named, None, 1000, None)


def _draft(index: int, line: Line, goods: Goods, sale: Sale) -> Draft:
    here, customer = line.location, str(Location.CUSTOMER)
    price = _minor(index, goods.price if line.price is None else line.price, goods.product.currency)
    quantity, rest = divmod(line.quantity * goods.pack_quantity, 1000)
    if rest or quantity > QUANTITY_MAX:
        raise Invalid("quantity", f"line {index}: expected what a shelf can hold", pointer=f"/lines/{index}/quantity")
    return Draft(
        product_id=goods.product.id, quantity=quantity, code=goods.code, pack_quantity=goods.pack_quantity,
        reason=str(Reason.RETURN if line.is_return else Reason.SALE),
        from_location=customer if line.is_return else here, to_location=here if line.is_return else customer,
        document=sale.document, lot=line.lot, note=sale.note, occurred_at=sale.sold_at,
        is_price_given=line.price is not None, price=price,
    )  # fmt: skip


def _minor(index: int, price: Decimal | None, currency: str) -> int | None:
    try:
        return minor(price, currency)
    except Malformed as error:
        raise Invalid("decimals", f"line {index}: {error.detail}", pointer=f"/lines/{index}/price") from error
