"""Vendors: whom the chain buys from, what products cost there, and how their offers compare.

A write locks the vendor's row, so what is said about it happens one after the other.
Prices are kept by the day from which they hold: a new price ends no earlier one in the
books, and the newest that holds today is the vendor's offer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson
from uuid_utils import uuid7

from cloud_hub.domain.comparing import Offer, Quote, Record, compare
from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Conflict, HubError, Invalid, NotFound
from cloud_hub.storage import products, request_keys, restocking, vendor_prices, vendors
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.vendor_prices import Price
from cloud_hub.storage.vendors import Vendor, VendorFilter

__all__ = ["Comparison", "Price", "Quote", "Record", "Row", "Vendor", "VendorFilter", "Vendors"]
RECORD_MS = 365 * 86_400_000
"""How far back deliveries count."""
_NOT_NULL = ("name", "address", "currency", "lifecycle")


class Row(NamedTuple):
    """What became of one price of a batch: the price, or why it was refused."""

    outcome: str
    """made, replaced, or refused."""
    price: Price | None
    code: str | None = None
    detail: str | None = None


class Comparison(NamedTuple):
    """The offers for a quantity of a product, best first."""

    currency: str
    quotes: list[Quote]


class Vendors:
    """The use cases of vendors and their prices."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def list(self, wanted: VendorFilter, after: tuple[str, UUID] | None, skip: int, limit: int) -> list[Vendor]:
        """Vendors by name, then id."""
        return await self._reads.run(vendors.list_by_name, wanted, after, skip, limit)

    async def get(self, vendor_id: str) -> Vendor:
        """Raises NotFound."""
        return await self._reads.run(_found, vendor_id)

    async def create(self, fields: Mapping[str, Any], key: str, who: Principal, now_ms: int) -> tuple[Vendor, bool]:
        """A new vendor, or the one that this key made before. Raises Conflict, Invalid."""
        body_hash = sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).digest()
        vendor_id = str(uuid7())
        async with self._database.transaction() as connection:
            earlier = await request_keys.claim(connection, who.id, key, body_hash, vendor_id, now_ms)
            if earlier is not None:
                return await _found(connection, earlier), True
            try:
                return await vendors.insert(connection, vendor_id, fields, now_ms), False
            except asyncpg.UniqueViolationError as error:
                raise _taken() from error

    async def edit(self, vendor_id: str, fields: Mapping[str, Any], if_match: str | None, now_ms: int) -> Vendor:
        """Change fields. Raises NotFound, Stale, Conflict, Invalid."""
        nulls = [name for name in _NOT_NULL if name in fields and fields[name] is None]
        if nulls:
            raise Invalid("null", f"expected a value, got null for {', '.join(nulls)}", pointer=f"/{nulls[0]}")
        async with self._database.transaction() as connection:
            known = await _locked(connection, vendor_id)
            known.require(if_match)
            try:
                return await vendors.update(connection, known, fields, now_ms)
            except asyncpg.UniqueViolationError as error:
                raise _taken() from error

    async def prices(
        self,
        vendor_id: str,
        product_id: str | None,
        day: date | None,
        after: tuple[UUID, date] | None,
        skip: int,
        limit: int,
    ) -> Sequence[Price]:
        """A vendor's prices by product and first day. Raises NotFound."""
        await self.get(vendor_id)
        return await self._reads.run(vendor_prices.list_of_vendor, vendor_id, product_id, day, after, skip, limit)

    async def set_price(self, vendor_id: str, row: Mapping[str, Any], now_ms: int) -> tuple[Price, bool]:
        """Add a price, or replace that of its day; whether it is new. Raises NotFound, Conflict, Invalid."""
        async with self._database.transaction() as connection:
            (made,) = await self.set_prices_in(connection, vendor_id, [row], now_ms, all_or_none=True)
        assert made.price is not None
        return made.price, made.outcome == "made"

    async def set_prices(
        self, vendor_id: str, rows: Sequence[Mapping[str, Any]], key: str, who: Principal, now_ms: int, *,
        all_or_none: bool,
    ) -> tuple[Sequence[Row], bool]:  # fmt: skip
        """Add or replace prices, or tell what this key did before. Raises as `set_price`; then nothing was changed."""
        said = orjson.dumps([vendor_id, rows, all_or_none], default=str, option=orjson.OPT_SORT_KEYS)
        async with self._database.transaction() as connection:
            told = await request_keys.claim(connection, who.id, key, sha256(said).digest(), "", now_ms)
            if told is not None:
                return [Row(outcome, None, *why) for outcome, *why in orjson.loads(told)], True
            made = await self.set_prices_in(connection, vendor_id, rows, now_ms, all_or_none=all_or_none)
            answer = orjson.dumps([(row.outcome, row.code, row.detail) for row in made]).decode()
            await request_keys.keep(connection, who.id, key, answer)
            return made, False

    async def set_prices_in(
        self, connection: Connection, vendor_id: str, rows: Sequence[Mapping[str, Any]], now_ms: int, *,
        all_or_none: bool,
    ) -> Sequence[Row]:  # fmt: skip
        """In another use case's transaction, which ends if this raises."""
        vendor = await _locked(connection, vendor_id)
        _require_active(vendor)
        wanted = sorted({row["product_id"] for row in rows})
        existing = await vendor_prices.list_existing_products(connection, wanted)
        known = await vendor_prices.list_known(connection, vendor_id, wanted)
        made: list[Row] = []
        for index, row in enumerate(rows):
            price = _price(vendor, row, now_ms)
            error = _refusal(price, existing, index)
            if error is not None and all_or_none:
                raise error
            place = (price.product_id, price.valid_from)
            if error is None:
                made.append(Row("replaced" if place in known else "made", price))
                known.add(place)
            else:
                made.append(Row("refused", None, error.code, error.detail))
        await vendor_prices.save(connection, [row.price for row in made if row.price is not None], now_ms)
        return made

    async def require_usable(self, vendor_id: str) -> None:
        """Whether prices can be set. Raises NotFound, Conflict."""
        _require_active(await self.get(vendor_id))

    async def forget_prices(self, vendor_id: str, product_id: str) -> None:
        """The vendor does not offer the product. Raises NotFound."""
        async with self._database.transaction() as connection:
            await _locked(connection, vendor_id)
            if not await vendor_prices.delete(connection, vendor_id, product_id):
                raise NotFound("price", "the vendor has no price for this product")

    async def compare(self, product_id: str, wanted: int, now_ms: int) -> Comparison:
        """The vendors of a product for this quantity, best first. Raises NotFound."""
        return await self._reads.run(_compare, product_id, wanted, now_ms)


def day_of(now_ms: int) -> date:
    """The calendar day (UTC) of a moment."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


async def _compare(connection: Connection, product_id: str, wanted: int, now_ms: int) -> Comparison:
    product = await products.find(connection, product_id)
    if product is None:
        raise NotFound("product", "no such product")
    offers = (await list_offers(connection, [product_id], now_ms)).get(product_id, [])
    return Comparison(product.currency, compare(offers, wanted, product.currency))


async def list_offers(connection: Connection, product_ids: Sequence[str], now_ms: int) -> dict[str, list[Offer]]:
    """What vendors ask for these products today, and how they delivered them in the last year."""
    records = await restocking.list_records(connection, product_ids, now_ms - RECORD_MS)
    offers: dict[str, list[Offer]] = {}
    for price, name in await vendor_prices.list_offers(connection, product_ids, day_of(now_ms)):
        offer = Offer(
            vendor_id=price.vendor_id, vendor_name=name, unit_price=price.unit_price, currency=price.currency,
            lead_time_days=price.lead_time_days, minimum_order_quantity=price.minimum_order_quantity,
            order_multiple=price.order_multiple, freight_per_order=price.freight_per_order,
            freight_per_unit=price.freight_per_unit, record=records.get((price.vendor_id, price.product_id)),
        )  # fmt: skip
        offers.setdefault(price.product_id, []).append(offer)
    return offers


def _price(vendor: Vendor, row: Mapping[str, Any], now_ms: int) -> Price:
    price = Price(**{**row, "vendor_id": vendor.id, "currency": row["currency"] or vendor.currency,
                     "valid_from": row["valid_from"] or day_of(now_ms)})  # fmt: skip
    return replace(price, updated_at_ms=now_ms)


def _refusal(price: Price, existing: set[str], index: int) -> HubError | None:
    if price.product_id not in existing:
        return NotFound("product", f"price {index}: no such product")
    if price.valid_until is not None and price.valid_until < price.valid_from:
        return Invalid("days", f"price {index}: expected valid_until not before {price.valid_from}")
    return None


async def _found(connection: Connection, vendor_id: str) -> Vendor:
    vendor = await vendors.find(connection, vendor_id)
    if vendor is None:
        raise NotFound("vendor", "no such vendor")
    return vendor


def _require_active(vendor: Vendor) -> None:
    if vendor.lifecycle == "archived":
        raise Conflict("archived", "expected a vendor that is not archived")


async def _locked(connection: Connection, vendor_id: str) -> Vendor:
    vendor = await vendors.lock(connection, vendor_id)
    if vendor is None:
        raise NotFound("vendor", "no such vendor")
    return vendor


def _taken() -> Conflict:
    return Conflict("code_taken", "expected a code that no other vendor has", pointer="/code")
