"""What products cost at vendors, and which vendor is the best for a quantity.

A price holds from a day on; the newest that holds today is the vendor's offer. Setting the
price of the same vendor, product and first day again replaces it, so a repeat is harmless.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, WithJsonSchema

from cloud_hub.domain.jobs import ROWS_AT_ONCE, ROWS_MAX
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound, TooMany
from cloud_hub.services.large_batches import PRICES
from cloud_hub.services.vendors import Price, Quote, Record, Row
from cloud_hub.web.fields import (
    AmountText,
    Currency,
    Day,
    Days,
    DayText,
    Input,
    Name,
    PositiveQuantity,
    QuantityText,
    Time,
    UnitAmount,
    UnitAmountText,
    Uuid,
    View,
)
from cloud_hub.web.jobs import BATCH_BYTES_MAX, JobView, accepted
from cloud_hub.web.operations import Answer, Call, Table, replay_headers
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed
from cloud_hub.web.views import quantity as quantity_text
from sync_protocol.quantity import format_quantity, parse_quantity

table = Table("vendors")

DaysText = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^[0-9]+\.[0-9]$"})]


class NewPrice(Input):
    product_id: Uuid
    unit_price: UnitAmount
    currency: Currency | None = None
    """Left out: the vendor's."""
    lead_time_days: Days = 0
    minimum_order_quantity: PositiveQuantity = Decimal(1)
    order_multiple: PositiveQuantity | None = None
    """Only whole multiples of it can be ordered (the vendor's pack)."""
    freight_per_order: UnitAmount = Decimal(0)
    freight_per_unit: UnitAmount = Decimal(0)
    vendor_sku: Name | None = None
    valid_from: Day | None = None
    """Left out: today (UTC)."""
    valid_until: Day | None = None
    """The last day; left out: until a later price begins."""


class PriceBatch(Input):
    prices: Annotated[list[NewPrice], Field(min_length=1, max_length=ROWS_MAX)]
    error_policy: Literal["reject_all", "reject_failed"] = "reject_all"


class PriceView(View):
    vendor_id: str
    product_id: str
    unit_price: UnitAmountText
    currency: str
    lead_time_days: int
    minimum_order_quantity: QuantityText
    order_multiple: QuantityText | None
    freight_per_order: UnitAmountText
    freight_per_unit: UnitAmountText
    vendor_sku: str | None
    valid_from: DayText
    valid_until: DayText | None
    updated_at: Time


class Prices(View):
    items: list[PriceView]
    next_cursor: str | None


class PriceRow(View):
    index: int
    status: Literal["made", "replaced", "refused"]
    code: str | None
    detail: str | None


class PriceBatchResult(View):
    accepted: int
    results: list[PriceRow]


class PricesQuery(PageQuery):
    product_id: Uuid | None = None
    on: Day | None = None
    """Only prices that hold on this day."""


class CompareQuery(Input):
    quantity: PositiveQuantity = Decimal(1)


class Measured(View):
    """How a vendor delivered the product: from sending an order to the first goods."""

    deliveries: int
    median_days: DaysText | None
    p90_days: DaysText | None
    fill_percent: int | None
    """How much of what was ordered came, of orders that are settled."""


class QuoteView(View):
    rank: int | None
    """1 is the best; null when its currency is not the product's."""
    vendor_id: str
    vendor_name: str
    unit_price: UnitAmountText
    currency: str
    order_quantity: QuantityText
    """What has to be ordered: the quantity asked for, rounded up to minimum and multiple."""
    total: AmountText
    landed_unit_cost: UnitAmountText
    """Of one unit ordered, with freight."""
    lead_time_days: int
    minimum_order_quantity: QuantityText
    order_multiple: QuantityText | None
    measured: Measured | None
    """Null until an order has been sent and goods have come, in the last year."""
    reason: str


class Comparison(View):
    product_id: str
    quantity: QuantityText
    currency: str
    items: list[QuoteView]


_OF_VENDOR = "/vendors/{vendor_id}/prices"
_ERRORS = (NotFound, Conflict, Invalid)


@table.add("GET", _OF_VENDOR, permission=Permission.VENDORS_READ, query=PricesQuery, answer=Prices, errors=(NotFound,))
async def list_vendor_prices(call: Call[PricesQuery, None]) -> Answer:
    """A vendor's prices by product and first day"""
    query = call.query
    found = await call.hub.vendors.prices(
        call.path["vendor_id"], query.product_id, query.on, query.after(UUID, date), query.skip, query.limit
    )
    return listed(call, Prices, found, price_view, lambda each: (each.product_id, each.valid_from))


@table.add("POST", _OF_VENDOR, permission=Permission.VENDORS_WRITE, body=NewPrice, answer=PriceView, status=201,
           others={200: PriceView}, errors=_ERRORS)  # fmt: skip
async def set_vendor_price(call: Call[None, NewPrice]) -> Answer:
    """Say what a product costs at a vendor from a day on (200: it replaces the price of that day)"""
    price, is_new = await call.hub.vendors.set_price(call.path["vendor_id"], _inside(call.body), call.now_ms)
    return Answer(view=price_view(price), status=201 if is_new else 200)


@table.add("POST", f"{_OF_VENDOR}/batch", permission=Permission.VENDORS_WRITE, body=PriceBatch,
           answer=PriceBatchResult, others={202: JobView}, errors=(*_ERRORS, TooMany), idempotent=True,
           body_bytes_max=BATCH_BYTES_MAX)  # fmt: skip
async def set_vendor_prices(call: Call[None, PriceBatch]) -> Answer:
    """Set prices of a vendor: up to 500 at once, up to 10,000 by a job (202)"""
    vendor_id, hub = call.path["vendor_id"], call.hub
    rows = [_inside(each) for each in call.body.prices]
    all_or_none = call.body.error_policy == "reject_all"
    if len(rows) > ROWS_AT_ONCE:
        await hub.vendors.require_usable(vendor_id)
        job, is_replayed = await hub.large_batches.ask(
            PRICES, rows, {"vendor_id": vendor_id}, call.key, call.principal, call.now_ms, all_or_none=all_or_none
        )
        return accepted(job, replayed=is_replayed)
    made, is_replayed = await hub.vendors.set_prices(
        vendor_id, rows, call.key, call.principal, call.now_ms, all_or_none=all_or_none
    )
    results = [_row(index, row) for index, row in enumerate(made)]
    view = PriceBatchResult(accepted=sum(row.outcome != "refused" for row in made), results=results)
    return Answer(view=view, headers=replay_headers(is_replayed))


@table.add("DELETE", _OF_VENDOR + "/{product_id}", permission=Permission.VENDORS_WRITE, status=204, errors=(NotFound,))
async def forget_vendor_prices(call: Call[None, None]) -> Answer:
    """The vendor does not offer a product: all its prices for it go (orders keep theirs)"""
    await call.hub.vendors.forget_prices(call.path["vendor_id"], call.path["product_id"])
    return Answer(view=None)


@table.add("GET", "/products/{product_id}/vendors", permission=Permission.VENDORS_READ, query=CompareQuery,
           answer=Comparison, errors=(NotFound,))  # fmt: skip
async def compare_vendors(call: Call[CompareQuery, None]) -> Comparison:
    """The vendors of a product for a quantity, the best first, each with the reason in words"""
    wanted = parse_quantity(call.query.quantity)
    found = await call.hub.vendors.compare(call.path["product_id"], wanted, call.now_ms)
    return Comparison(
        product_id=call.path["product_id"], quantity=format_quantity(wanted), currency=found.currency,
        items=[_quote(quote) for quote in found.quotes],
    )  # fmt: skip


def _inside(price: NewPrice) -> dict[str, Any]:
    """Border types as the service's own."""
    fields = price.model_dump()
    for name in ("minimum_order_quantity", "order_multiple"):
        fields[name] = None if fields[name] is None else parse_quantity(fields[name])
    return fields


def _row(index: int, row: Row) -> PriceRow:
    told = {"status": row.outcome, "code": row.code, "detail": row.detail}
    return PriceRow.model_validate({"index": index, **told})


def price_view(price: Price) -> PriceView:
    """A price as the API shows it."""
    return PriceView(
        vendor_id=price.vendor_id, product_id=price.product_id, unit_price=unit_amount(price.unit_price),
        currency=price.currency, lead_time_days=price.lead_time_days,
        minimum_order_quantity=format_quantity(price.minimum_order_quantity),
        order_multiple=quantity_text(price.order_multiple), freight_per_order=unit_amount(price.freight_per_order),
        freight_per_unit=unit_amount(price.freight_per_unit), vendor_sku=price.vendor_sku,
        valid_from=price.valid_from.isoformat(), updated_at=rfc3339(price.updated_at_ms),
        valid_until=None if price.valid_until is None else price.valid_until.isoformat(),
    )  # fmt: skip


def _quote(quote: Quote) -> QuoteView:
    offer = quote.offer
    return QuoteView(
        rank=quote.rank, vendor_id=offer.vendor_id, vendor_name=offer.vendor_name,
        unit_price=unit_amount(offer.unit_price), currency=offer.currency,
        order_quantity=format_quantity(quote.ordered), total=f"{quote.total:f}",
        landed_unit_cost=unit_amount(quote.landed_unit_cost), lead_time_days=offer.lead_time_days,
        minimum_order_quantity=format_quantity(offer.minimum_order_quantity),
        order_multiple=quantity_text(offer.order_multiple), measured=_measured(offer.record), reason=quote.reason,
    )  # fmt: skip


def _measured(record: Record | None) -> Measured | None:
    if record is None:
        return None
    median, p90 = (None if days is None else f"{days:.1f}" for days in (record.median_days, record.p90_days))
    return Measured(deliveries=record.deliveries, median_days=median, p90_days=p90, fill_percent=record.fill_percent)


def unit_amount(value: Decimal) -> str:
    """At least two decimals, at most four."""
    return f"{value:.4f}".removesuffix("00")
