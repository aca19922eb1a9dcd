"""Products as people read them: with what a site holds, as far as they may see it.

A single product shows one site's stock: the one asked for, else the caller's only one, else
the default one. A list shows the sum over the sites asked for, else over all the caller's.
"""

from typing import NamedTuple
from uuid import UUID

from cloud_hub.domain.permissions import Permission, Principal
from cloud_hub.errors import NotFound
from cloud_hub.storage import product_list, product_stock
from cloud_hub.storage.gathered import Gathered
from cloud_hub.storage.product_list import HeldAt, ProductFilter
from cloud_hub.storage.product_stock import Asked, ProductStock
from cloud_hub.storage.products import Product
from cloud_hub.storage.reads import Reads

__all__ = ["Product", "ProductFilter", "ProductStock", "Showing", "Shown"]


class Shown(NamedTuple):
    """A product, and its stock as far as the caller may see it."""

    product: Product
    on_hand: int | None
    """None: the caller may not see any."""
    stock: ProductStock | None = None
    """Of one site, with all that is known."""


class Showing:
    """Reading products with stock."""

    def __init__(self, reads: Reads, searches: Reads) -> None:
        self._reads = reads
        self._searches = searches
        """Plan once: planning a search anew costs as much as doing it, and its plan is good for any words."""
        self._products = Gathered(reads, product_stock.find_all)

    async def get(self, product_id: str, site_id: str | None, who: Principal) -> Shown:
        """One product with the stock of one site. Raises NotFound, Forbidden."""
        if site_id is not None:
            who.require_site(site_id)
        elif who.sites is not None and len(who.sites) == 1:
            (site_id,) = who.sites
        found = await self._products.find(Asked(product_id, site_id))
        if found is None:
            raise NotFound("product", "no such product")
        product, stock = found
        if stock is None or not who.sees(stock.site_id) or not who.may(Permission.STOCK_READ):
            return Shown(product, None)
        return Shown(product, stock.on_hand, stock)

    async def list(
        self,
        wanted: ProductFilter,
        site_ids: list[str] | None,
        after: tuple[object, UUID] | None,
        skip: int,
        limit: int,
        *,
        with_stock: bool,
    ) -> "list[Shown]":
        """Products in the wanted order, with what these sites hold together."""
        held_at: HeldAt = "unasked" if not with_stock else "everywhere" if site_ids is None else site_ids
        reads = self._reads if wanted.q is None else self._searches
        found = await reads.run(product_list.list_products, wanted, held_at, after, skip, limit)
        return [Shown(product, on_hand) for product, on_hand in found]
