"""What each site stocks, and what it says of a product itself: price, thresholds, shelf minimum and maximum.

Head office owns it as it owns the catalogue. A site's own values are laid over the chain's
as its feed takes a change (storage/site_products.py), so only that site's box is told.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.storage import changes, products, site_products
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.products import Product, feed_body
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.site_products import FIELDS, SiteProduct
from sync_protocol import changes as wire
from sync_protocol.quantity import minor_digits

__all__ = ["Assortment", "SiteProduct"]


class Assortment:
    """The use cases of products at sites."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def list(
        self, product_id: str, site_ids: list[str] | None, after: tuple[UUID] | None, skip: int, limit: int
    ) -> "list[SiteProduct]":
        """The product at each site. Raises NotFound."""
        return await self._reads.run(_list, product_id, site_ids, after, skip, limit)

    async def get(self, product_id: str, site_id: str) -> SiteProduct:
        """Raises NotFound."""
        return await self._reads.run(_found, product_id, site_id)

    async def edit(
        self, product_id: str, site_id: str, fields: Mapping[str, Any], if_match: str | None, now_ms: int
    ) -> SiteProduct:
        """Change what the site says itself; None: the chain's holds. Raises NotFound, Stale, Invalid, Conflict."""
        async with self._database.transaction() as connection:
            product, known = await _locked(connection, product_id, site_id, if_match)
            values = {name: fields.get(name, getattr(known, name)) for name in FIELDS}
            _check(values, product.currency)
            await site_products.save(connection, site_id, product_id, values)
            await changes.append(connection, site_id, wire.change(feed_body(product)), now_ms)
            return await _found(connection, product_id, site_id)

    async def delete(self, product_id: str, site_id: str, if_match: str | None, now_ms: int) -> SiteProduct:
        """The site says nothing itself any more. Raises NotFound, Stale."""
        async with self._database.transaction() as connection:
            product, _ = await _locked(connection, product_id, site_id, if_match)
            if await site_products.delete(connection, site_id, product_id):
                await changes.append(connection, site_id, wire.change(feed_body(product)), now_ms)
            return await _found(connection, product_id, site_id)


async def _list(
    connection: Connection,
    product_id: str,
    site_ids: list[str] | None,
    after: tuple[UUID] | None,
    skip: int,
    limit: int,
) -> "list[SiteProduct]":
    if await products.find(connection, product_id) is None:
        raise NotFound("product", "no such product")
    return await site_products.list_sites(connection, product_id, site_ids, after, skip, limit)


async def _found(connection: Connection, product_id: str, site_id: str) -> SiteProduct:
    found = await site_products.find(connection, site_id, product_id)
    if found is None:
        raise NotFound("product_at_site", "no such product, or no such site")
    return found


async def _locked(
    connection: Connection, product_id: str, site_id: str, if_match: str | None
) -> tuple[Product, SiteProduct]:
    """The product's row is the lock of what its sites say."""
    product = await products.lock(connection, product_id)
    known = await _found(connection, product_id, site_id)
    assert product is not None
    known.require(if_match)
    return product, known


def _check(values: Mapping[str, Any], currency: str) -> None:
    digits = minor_digits(currency)
    if values["price"] is not None and values["price"] != round(values["price"], digits):
        raise Invalid("decimals", f"expected at most {digits} decimals in {currency}", pointer="/price")
    least, most = values["minimum"], values["maximum"]
    if least is not None and most is not None and least > most:
        raise Conflict("minimum", "expected a minimum not above the maximum", pointer="/minimum")
