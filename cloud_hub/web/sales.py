"""Sales: what all sites sold and took back, line by line, and selling at sites that the hub runs."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.selling import Line, Sale, SaleFilter, Sold
from cloud_hub.web.adjusting import OwnLocation
from cloud_hub.web.fields import Amount, Code, Input, MoneyText, Name, PositiveQuantity, QuantityText, Text, Time, View
from cloud_hub.web.fields import Uuid as Id
from cloud_hub.web.inventory import Moment
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339, to_ms
from cloud_hub.web.views import listed, money
from sync_protocol.quantity import format_quantity, parse_quantity

table = Table("sales")
Kind = Literal["sale", "return"]


class NewSaleLine(Input):
    product_id: Id | None = None
    """Either this, or `barcode`."""
    barcode: Code | None = None
    """As scanned, or as GTIN-14; a pack's code stands for all units in it."""
    quantity: PositiveQuantity
    """Units of the product, or packs where the barcode is a pack's."""
    price: Amount | None = None
    """Of one unit; left out: the site's price, else the product's."""
    kind: Kind = "sale"
    """return: the customer brings it back."""
    location: OwnLocation = "shelf"
    lot: Name | None = None


class NewSale(Input):
    site_id: Id | None = None
    """Left out: your only site, else the default site."""
    document: Text | None = None
    """The number of the receipt or invoice."""
    note: Text | None = None
    sold_at: Moment | None = None
    """Left out: now."""
    lines: Annotated[list[NewSaleLine], Field(min_length=1, max_length=500)]


class SaleLineView(View):
    movement_id: str
    site_id: str
    origin_id: str
    position: int
    kind: Kind
    product_id: str
    sku: str | None
    name: str | None
    barcode: str | None
    """What was scanned, if anything was."""
    quantity: QuantityText
    """Units of the product, also of those that were brought back."""
    price: MoneyText | None
    """Of one unit, as it was then; null where the seller knew none."""
    amount: MoneyText | None
    """Quantity times price, rounded as a till does."""
    currency: str | None
    document: str | None
    actor: str | None
    lot: str | None
    note: str | None
    sold_at: Time
    """By the box's clock, corrected."""
    recorded_at: Time
    """When head office learned of it."""


class SaleLines(View):
    items: list[SaleLineView]
    next_cursor: str | None


class SaleView(View):
    site_id: str
    document: str | None
    lines: list[SaleLineView]
    totals: dict[str, MoneyText]
    """By currency: what was sold less what was brought back."""


class SalesQuery(PageQuery):
    site_id: Id | None = None
    product_id: Id | None = None
    kind: Kind | None = None
    document: Text | None = None
    actor: Text | None = None
    """Who sold it, by the name that movements carry."""
    since: Moment | None = None
    """Of when head office learned of it."""
    until: Moment | None = None


@table.add("GET", "/sales", permission=Permission.STOCK_READ, query=SalesQuery, answer=SaleLines)
async def list_sales(call: Call[SalesQuery, None]) -> Answer:
    """What was sold and brought back at your sites, line by line with price and document, newest first"""
    query = call.query
    wanted = SaleFilter(
        sites=call.principal.sites_of(query.site_id), product_id=query.product_id, reason=query.kind,
        document=query.document, actor=query.actor, since=query.since, until=query.until,
    )  # fmt: skip
    rows = await call.hub.selling.list(wanted, query.after(datetime, UUID, UUID, int), query.skip, query.limit)
    return listed(call, SaleLines, rows, _line, lambda row: row.sort_key)


@table.add("POST", "/sales", permission=Permission.STOCK_WRITE, body=NewSale, answer=SaleView, status=201,
           others={200: SaleView}, errors=(NotFound, Conflict, Invalid), idempotent=True,
           body_bytes_max=1_048_576)  # fmt: skip
async def create_sale(call: Call[None, NewSale]) -> Answer:
    """Sell at a site that the hub runs, and take back what a customer returns; all lines or none"""
    body = call.body
    site = await call.hub.stock.site_for(call.principal, body.site_id)
    sale = Sale(
        lines=[_wanted(index, line) for index, line in enumerate(body.lines)], document=body.document, note=body.note,
        sold_at=None if body.sold_at is None else to_ms(body.sold_at),
    )  # fmt: skip
    sold, is_replayed = await call.hub.selling.sell(site, sale, call.key, call.principal, call.now_ms)
    view = SaleView(
        site_id=site.id, document=body.document, lines=[_line(row) for row in sold], totals=_totals(sold)
    )  # fmt: skip
    headers = {"Idempotency-Replayed": "true"} if is_replayed else {}
    return Answer(view=view, status=200 if is_replayed else 201, headers=headers)


def _wanted(index: int, line: NewSaleLine) -> Line:
    if (line.product_id is None) == (line.barcode is None):
        raise Invalid("product", f"line {index}: expected a product_id or a barcode", pointer=f"/lines/{index}")
    return Line(
        line.product_id, line.barcode, parse_quantity(line.quantity), line.price, line.kind == "return", line.location,
        line.lot,
    )  # fmt: skip


def _totals(sold: Sequence[Sold]) -> dict[str, str]:
    sums: dict[str, int] = defaultdict(int)
    for row in sold:
        if row.currency is not None:
            sums[row.currency] += (row.amount or 0) * (-1 if row.reason == "return" else 1)
    return {currency: money(total, currency) for currency, total in sums.items()}


def _line(row: Sold) -> SaleLineView:
    kind: Kind = "return" if row.reason == "return" else "sale"
    return SaleLineView(
        movement_id=row.movement_id, site_id=row.site_id, origin_id=row.origin_id, position=row.position, kind=kind,
        product_id=row.product_id, sku=row.sku, name=row.name, barcode=row.code, quantity=format_quantity(row.quantity),
        price=money(row.price, row.currency), amount=money(row.amount, row.currency), currency=row.currency,
        document=row.document, actor=row.actor, lot=row.lot, note=row.note, sold_at=rfc3339(to_ms(row.corrected_at)),
        recorded_at=rfc3339(to_ms(row.recorded_at)),
    )  # fmt: skip
