"""Receipts: what came, counted at sites that the hub runs; and quick restocks at any site.

A receipt against an order may be partial, over, short, damaged, or hold what was never
ordered; what the order expected is shown only to those with `orders.expected`.
"""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cloud_hub.domain.permissions import Permission, Principal
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.adjusting import Adjustment
from cloud_hub.services.receiving import Came, Delivery, Receipt, ReceiptFilter, ReceiptLine
from cloud_hub.web.adjusting import OwnLocation
from cloud_hub.web.commands import CommandView, asked_answer
from cloud_hub.web.fields import Input, Name, NotNegative, PositiveQuantity, QuantityText, Text, Time, Uuid, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed
from sync_protocol.quantity import format_quantity, parse_quantity
from sync_protocol.vocabulary import Reason

table = Table("purchasing")


class NewReceiptLine(Input):
    product_id: Uuid
    quantity: NotNegative
    """Good units."""
    damaged: NotNegative = Decimal(0)
    """They go to hold and do not fulfil the order."""
    location: OwnLocation = "shelf"
    lot: Name | None = None


class NewReceipt(Input):
    order_id: Uuid | None = None
    """Its site and vendor are the receipt's."""
    site_id: Uuid | None = None
    vendor_id: Uuid | None = None
    document: Text = ""
    """The number of the delivery note."""
    note: Text = ""
    lines: Annotated[list[NewReceiptLine], Field(min_length=1, max_length=500)]


class Restock(Input):
    quantity: PositiveQuantity
    site_id: Uuid | None = None
    vendor_id: Uuid | None = None
    location: OwnLocation = "shelf"
    document: Text = ""
    note: Text = ""


class ReceiptLineView(View):
    product_id: str
    quantity: QuantityText
    """Good units."""
    damaged: QuantityText
    """They went to hold and do not fulfil the order."""
    location: str
    lot: str | None
    expected: QuantityText | None
    """What the order still lacked; null without an order, and for those who receive blind."""
    outcome: Literal["as_expected", "over", "short", "unordered"] | None
    """The good units against `expected`; null where that is."""


class ReceiptView(View):
    id: str
    site_id: str
    order_id: str | None
    order_number: str | None
    vendor_id: str | None
    document: str
    note: str
    lines: list[ReceiptLineView]
    actor: str
    received_at: Time


class Receipts(View):
    items: list[ReceiptView]
    next_cursor: str | None


class ReceiptsQuery(PageQuery):
    site_id: Uuid | None = None
    order_id: Uuid | None = None
    vendor_id: Uuid | None = None


_ERRORS = (NotFound, Conflict, Invalid)


@table.add("GET", "/receipts", permission=Permission.STOCK_READ, query=ReceiptsQuery, answer=Receipts)
async def list_receipts(call: Call[ReceiptsQuery, None]) -> Answer:
    """Receipts at your sites, newest first"""
    query = call.query
    wanted = ReceiptFilter(call.principal.sites_of(query.site_id), query.order_id, query.vendor_id)
    rows = await call.hub.receiving.list(wanted, query.after(int, UUID), query.skip, query.limit)
    return listed(call, Receipts, rows, lambda row: view_of(row, call.principal), lambda row: (row.received_at, row.id))


@table.add("GET", "/receipts/{receipt_id}", permission=Permission.STOCK_READ, answer=ReceiptView, errors=(NotFound,))
async def get_receipt(call: Call[None, None]) -> ReceiptView:
    """One receipt"""
    return view_of(await call.hub.receiving.get(call.path["receipt_id"], call.principal), call.principal)


@table.add("POST", "/receipts", permission=Permission.STOCK_WRITE, body=NewReceipt, answer=ReceiptView, status=201,
           others={200: ReceiptView}, errors=_ERRORS, idempotent=True, body_bytes_max=1_048_576)  # fmt: skip
async def create_receipt(call: Call[None, NewReceipt]) -> Answer:
    """Take a delivery in at a site that the hub runs: what is counted is taken as it is"""
    body = call.body
    site_id = body.site_id
    if body.order_id is not None:
        order = await call.hub.purchasing.get(body.order_id, call.principal)
        if site_id not in (None, order.site_id):
            raise Conflict("order_site", "expected the order's own site, or none", pointer="/site_id")
        site_id = order.site_id
    site = await call.hub.stock.site_for(call.principal, site_id)
    lines = [_came(index, line) for index, line in enumerate(body.lines)]
    delivery = Delivery(body.order_id, body.vendor_id, body.document, body.note, lines)
    receipt, replayed = await call.hub.receiving.receive(site, delivery, call.key, call.principal, call.now_ms)
    return _made(receipt, call.principal, replayed=replayed)


@table.add("POST", "/products/{product_id}/restock", permission=Permission.STOCK_WRITE, body=Restock,
           answer=ReceiptView, status=201, others={200: ReceiptView, 202: CommandView}, errors=_ERRORS,
           idempotent=True)  # fmt: skip
async def restock_product(call: Call[None, Restock]) -> Answer:
    """Restock one product without an order; a store's box decides and answers (202)"""
    body, product_id = call.body, call.path["product_id"]
    quantity = parse_quantity(body.quantity)
    site = await call.hub.stock.site_for(call.principal, body.site_id)
    if site.kind == "edge":
        asked = Adjustment(
            product_id=product_id, delta=quantity, location=body.location, reason=str(Reason.RECEIPT),
            note=" ".join(filter(None, (body.document, body.note))) or None,
        )  # fmt: skip
        given = await call.hub.adjusting.ask(site, asked, call.key, call.principal, call.now_ms)
        return asked_answer(given)
    came = Came(product_id, quantity, 0, body.location, None)
    delivery = Delivery(None, body.vendor_id, body.document, body.note, [came])
    receipt, replayed = await call.hub.receiving.receive(site, delivery, call.key, call.principal, call.now_ms)
    return _made(receipt, call.principal, replayed=replayed)


def _came(index: int, line: NewReceiptLine) -> Came:
    if line.quantity + line.damaged == 0:
        raise Conflict("nothing_came", f"line {index}: expected good or damaged units", pointer=f"/lines/{index}")
    return Came(line.product_id, parse_quantity(line.quantity), parse_quantity(line.damaged), line.location, line.lot)


def _made(receipt: Receipt, who: Principal, *, replayed: bool) -> Answer:
    headers = {"Idempotency-Replayed": "true"} if replayed else {"Location": f"{PREFIX}/receipts/{receipt.id}"}
    return Answer(view=view_of(receipt, who), status=200 if replayed else 201, headers=headers)


def view_of(receipt: Receipt, who: Principal) -> ReceiptView:
    """A receipt as the API shows it to somebody."""
    is_open = who.may(Permission.ORDERS_EXPECTED)
    return ReceiptView(
        id=receipt.id, site_id=receipt.site_id, order_id=receipt.order_id, order_number=receipt.order_number,
        vendor_id=receipt.vendor_id, document=receipt.document, note=receipt.note, actor=receipt.actor,
        received_at=rfc3339(receipt.received_at), lines=[_line(line, is_open=is_open) for line in receipt.lines],
    )  # fmt: skip


def _line(line: ReceiptLine, *, is_open: bool) -> ReceiptLineView:
    expected = line.expected if is_open else None
    return ReceiptLineView(
        product_id=line.product_id, quantity=format_quantity(line.quantity), damaged=format_quantity(line.damaged),
        location=line.location, lot=line.lot, expected=None if expected is None else format_quantity(expected),
        outcome=None if expected is None else _outcome(line.quantity, expected),
    )  # fmt: skip


def _outcome(quantity: int, expected: int) -> Literal["as_expected", "over", "short", "unordered"]:
    if quantity == expected:
        return "as_expected"
    if quantity < expected:
        return "short"
    return "over" if expected else "unordered"
