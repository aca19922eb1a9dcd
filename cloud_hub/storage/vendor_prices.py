"""SQL of what products cost at vendors, from which day on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.listing import equals, optional, page, paged
from cloud_hub.storage.schema import products, vendor_prices, vendors

FIELDS = (
    "valid_from", "valid_until", "unit_price", "currency", "lead_time_days", "minimum_order_quantity",
    "order_multiple", "freight_per_order", "freight_per_unit", "vendor_sku",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a product costs at a vendor from one day on; quantities in thousandths."""

    vendor_id: str
    product_id: str
    valid_from: date
    valid_until: date | None
    unit_price: Decimal
    currency: str
    lead_time_days: int
    minimum_order_quantity: int
    order_multiple: int | None
    freight_per_order: Decimal
    freight_per_unit: Decimal
    vendor_sku: str | None
    updated_at_ms: int = 0


_PRICES = vendor_prices.c
_VENDOR = bound(_PRICES.vendor_id)
_PRODUCT = bound(_PRICES.product_id)
_DAY = sa.bindparam("day", type_=sa.Date)
_HOLDS = sa.and_(_PRICES.valid_from <= _DAY, sa.or_(_PRICES.valid_until.is_(None), _PRICES.valid_until >= _DAY))
_LIST = Query(
    paged(
        sa.select(vendor_prices).where(
            _PRICES.vendor_id == _VENDOR, equals(_PRICES.product_id), optional(_DAY, _HOLDS)
        ),
        _PRICES.product_id,
        _PRICES.valid_from,
    )
)
_OFFERS = Query(
    sa.select(vendor_prices, vendors.c.name)
    .ext(distinct_on(_PRICES.product_id, _PRICES.vendor_id))
    .join_from(vendor_prices, vendors, vendors.c.id == _PRICES.vendor_id)
    .where(
        _PRICES.product_id == sa.any_(bound_array(_PRICES.product_id, "products")),
        vendors.c.lifecycle == "active",
        _HOLDS,
    )
    .order_by(_PRICES.product_id, _PRICES.vendor_id, _PRICES.valid_from.desc())
)
_KNOWN = Query(
    sa.select(_PRICES.product_id, _PRICES.valid_from).where(
        _PRICES.vendor_id == _VENDOR, _PRICES.product_id == sa.any_(bound_array(_PRICES.product_id, "products"))
    )
)
_EXISTING = Query(
    sa.select(products.c.id).where(
        products.c.id == sa.any_(bound_array(products.c.id, "ids")), products.c.deleted_at.is_(None)
    )
)
_insert = insert(vendor_prices).values(given(vendor_prices, "vendor_id", "product_id", *FIELDS, "updated_at"))
_SAVE = Query(
    _insert.on_conflict_do_update(
        index_elements=[_PRICES.vendor_id, _PRICES.product_id, _PRICES.valid_from],
        set_={name: _insert.excluded[name] for name in (*FIELDS[1:], "updated_at")},
    )
)
_DELETE = Query(vendor_prices.delete().where(_PRICES.vendor_id == _VENDOR, _PRICES.product_id == _PRODUCT))


async def list_of_vendor(
    connection: Connection,
    vendor_id: str,
    product_id: str | None,
    day: date | None,
    after: tuple[UUID, date] | None,
    skip: int,
    limit: int,
) -> list[Price]:
    """A vendor's prices by product and first day; with `day`, those whose days include it."""
    rows = await _LIST.fetch(
        connection, vendor_id=vendor_id, product_id=product_id, day=day, **page(after, skip, limit)
    )
    return [_made(row) for row in rows]


async def list_offers(connection: Connection, product_ids: Sequence[str], day: date) -> list[tuple[Price, str]]:
    """The price that holds on a day, per product and active vendor, with the vendor's name."""
    rows = await _OFFERS.fetch(connection, products=product_ids, day=day)
    return [(_made(row), row["name"]) for row in rows]


async def list_known(connection: Connection, vendor_id: str, product_ids: Sequence[str]) -> set[tuple[str, date]]:
    """(product, first day) of the prices there are."""
    rows = await _KNOWN.fetch(connection, vendor_id=vendor_id, products=product_ids)
    return {(str(row["product_id"]), row["valid_from"]) for row in rows}


async def list_existing_products(connection: Connection, product_ids: Sequence[str]) -> set[str]:
    """Those of these products that exist."""
    return {str(row["id"]) for row in await _EXISTING.fetch(connection, ids=product_ids)}


async def save(connection: Connection, prices: Sequence[Price], now_ms: int) -> None:
    """Add prices; one of the same vendor, product and first day is replaced."""
    names = ("vendor_id", "product_id", *FIELDS)
    rows: list[dict[str, Any]] = [
        {**{name: getattr(price, name) for name in names}, "updated_at": now_ms} for price in prices
    ]
    await _SAVE.each(connection, rows)


async def delete(connection: Connection, vendor_id: str, product_id: str) -> int:
    """Forget all prices of a product at a vendor; how many there were."""
    return await _DELETE.execute(connection, vendor_id=vendor_id, product_id=product_id)


def _made(row: Row) -> Price:
    return Price(
        vendor_id=str(row["vendor_id"]),
        product_id=str(row["product_id"]),
        **{name: row[name] for name in FIELDS},
        updated_at_ms=row["updated_at"],
    )
