"""Purchase orders: drafted, approved up to a limit, sent, acknowledged, received, closed or cancelled.

Who lacks `orders.expected` receives blind: ordered quantities, prices and totals are null
in every answer to them, so that what they count is what came.
"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import MISSING, Field

from cloud_hub.domain.permissions import Permission, Principal
from cloud_hub.domain.purchasing import State, Step
from cloud_hub.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from cloud_hub.services.purchasing import Order, OrderFilter, Wanted
from cloud_hub.web.fields import (
    AmountText,
    Code,
    Day,
    DayText,
    Input,
    PositiveQuantity,
    QuantityText,
    Text,
    Time,
    UnitAmount,
    UnitAmountText,
    Uuid,
    View,
)
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.vendor_prices import unit_amount
from cloud_hub.web.views import listed
from sync_protocol.quantity import format_quantity, parse_quantity

table = Table("purchasing")


class NewOrderLine(Input):
    product_id: Uuid
    quantity: PositiveQuantity
    unit_price: UnitAmount | None = None
    """Left out: what the vendor's price list says today."""


Lines = Annotated[list[NewOrderLine], Field(min_length=1, max_length=500)]


class NewOrder(Input):
    vendor_id: Uuid
    site_id: Uuid | None = None
    """Where the goods shall come; left out: your only site, else the default site."""
    lines: Lines
    expected_on: Day | None = None
    note: Text = ""


class OrderPatch(Input):
    """RFC 7396; lines given replace all lines."""

    lines: Lines | MISSING = MISSING
    expected_on: Day | MISSING | None = MISSING
    note: Text | MISSING = MISSING


class Acknowledgement(Input):
    """What the vendor answered."""

    reference: Text | MISSING = MISSING
    expected_on: Day | MISSING = MISSING


class OrderLineView(View):
    product_id: str
    quantity: QuantityText | None
    unit_price: UnitAmountText | None
    received: QuantityText | None
    """Good units that came so far."""
    damaged: QuantityText | None
    """They went to hold and do not fulfil the line."""
    outstanding: QuantityText | None
    """What still has to come; never below zero."""


class OrderView(View):
    id: str
    site_id: str
    number: str
    vendor_id: str
    vendor_name: str
    state: State
    currency: str
    total: AmountText | None
    """Null for those who receive blind, like the quantities and prices of the lines."""
    lines: list[OrderLineView]
    note: str
    reference: str
    """The vendor's own number for it."""
    expected_on: DayText | None
    version: str
    created_by: str
    created_at: Time
    approved_by: str | None
    approved_at: Time | None
    sent_at: Time | None
    acknowledged_at: Time | None
    received_at: Time | None
    """When goods came last."""
    closed_at: Time | None
    updated_at: Time


class Orders(View):
    items: list[OrderView]
    next_cursor: str | None


class OrdersQuery(PageQuery):
    site_id: Uuid | None = None
    vendor_id: Uuid | None = None
    state: State | None = None
    number: Code | None = None


_ONE = "/purchase-orders/{order_id}"
_ERRORS = (NotFound, Conflict, Stale)


@table.add("GET", "/purchase-orders", permission=Permission.ORDERS_READ, query=OrdersQuery, answer=Orders)
async def list_purchase_orders(call: Call[OrdersQuery, None]) -> Answer:
    """Purchase orders of your sites, newest first"""
    query = call.query
    wanted = OrderFilter(call.principal.sites_of(query.site_id), query.state, query.vendor_id, query.number)
    rows = await call.hub.purchasing.list(wanted, query.after(int, UUID), query.skip, query.limit)
    return listed(call, Orders, rows, lambda row: view_of(row, call.principal), lambda row: (row.created_at, row.id))


@table.add("POST", "/purchase-orders", permission=Permission.ORDERS_WRITE, body=NewOrder, answer=OrderView,
           status=201, others={200: OrderView}, errors=(NotFound, Conflict, Invalid), idempotent=True,
           body_bytes_max=1_048_576)  # fmt: skip
async def create_purchase_order(call: Call[None, NewOrder]) -> Answer:
    """Draft an order; it gets the next number of its site"""
    body = call.body
    site = await call.hub.stock.site_for(call.principal, body.site_id)
    fields = {"note": body.note, "expected_on": body.expected_on}
    order, replayed = await call.hub.purchasing.create(
        site, body.vendor_id, fields, _wanted(body.lines), call.key, call.principal, call.now_ms
    )
    headers = {"Idempotency-Replayed": "true"} if replayed else {"Location": f"{PREFIX}/purchase-orders/{order.id}"}
    return _tagged(call, order, status=200 if replayed else 201, **headers)


@table.add("GET", _ONE, permission=Permission.ORDERS_READ, answer=OrderView, errors=(NotFound,))
async def get_purchase_order(call: Call[None, None]) -> Answer:
    """One purchase order, with its version as ETag"""
    return _tagged(call, await call.hub.purchasing.get(call.path["order_id"], call.principal))


@table.add("PATCH", _ONE, permission=Permission.ORDERS_WRITE, body=OrderPatch, answer=OrderView,
           errors=(*_ERRORS, Invalid), conditional=True, body_bytes_max=1_048_576)  # fmt: skip
async def patch_purchase_order(call: Call[None, OrderPatch]) -> Answer:
    """Change a draft (RFC 7396 merge patch); what was approved is not changed any more"""
    fields = call.body.model_dump(exclude={"lines"})
    lines = None if call.body.lines is MISSING else _wanted(call.body.lines)
    order = await call.hub.purchasing.edit(
        call.path["order_id"], fields, lines, call.if_match, call.principal, call.now_ms
    )
    return _tagged(call, order)


@table.add("POST", f"{_ONE}/approve", permission=Permission.ORDERS_APPROVE, answer=OrderView,
           errors=(*_ERRORS, Forbidden), conditional=True)  # fmt: skip
async def approve_purchase_order(call: Call[None, None]) -> Answer:
    """Approve a draft, within your approval limit"""
    order = await call.hub.purchasing.approve(call.path["order_id"], call.if_match, call.principal, call.now_ms)
    return _tagged(call, order)


@table.add("POST", f"{_ONE}/send", permission=Permission.ORDERS_WRITE, answer=OrderView, errors=_ERRORS,
           conditional=True)  # fmt: skip
async def send_purchase_order(call: Call[None, None]) -> Answer:
    """Say that the vendor has it: from now on its goods are on order and its lead time runs"""
    return await _step(call, Step.SEND)


@table.add("POST", f"{_ONE}/acknowledge", permission=Permission.ORDERS_WRITE, body=Acknowledgement, answer=OrderView,
           errors=_ERRORS, conditional=True)  # fmt: skip
async def acknowledge_purchase_order(call: Call[None, Acknowledgement]) -> Answer:
    """Note the vendor's confirmation, with its reference and day"""
    return await _step(call, Step.ACKNOWLEDGE, **call.body.model_dump())


@table.add("POST", f"{_ONE}/close", permission=Permission.ORDERS_WRITE, answer=OrderView, errors=_ERRORS,
           conditional=True)  # fmt: skip
async def close_purchase_order(call: Call[None, None]) -> Answer:
    """Close a received order; a partly received one is closed short, nothing more is expected"""
    return await _step(call, Step.CLOSE)


@table.add("POST", f"{_ONE}/cancel", permission=Permission.ORDERS_WRITE, answer=OrderView, errors=_ERRORS,
           conditional=True)  # fmt: skip
async def cancel_purchase_order(call: Call[None, None]) -> Answer:
    """Cancel an order of which nothing has come"""
    return await _step(call, Step.CANCEL)


async def _step(call: Call[Any, Any], step: Step, **fields: str | date) -> Answer:
    order = await call.hub.purchasing.step(
        call.path["order_id"], step, fields, call.if_match, call.principal, call.now_ms
    )
    return _tagged(call, order)


def _wanted(lines: list[NewOrderLine]) -> list[Wanted]:
    return [Wanted(line.product_id, parse_quantity(line.quantity), line.unit_price) for line in lines]


def _tagged(call: Call[Any, Any], order: Order, *, status: int | None = None, **headers: str) -> Answer:
    return Answer(view=view_of(order, call.principal), status=status, headers={"ETag": f'"{order.etag}"', **headers})


def view_of(order: Order, who: Principal) -> OrderView:
    """An order as the API shows it to somebody."""
    is_open = who.may(Permission.ORDERS_EXPECTED)

    def shown(quantity: int) -> str | None:
        return format_quantity(quantity) if is_open else None

    return OrderView(
        id=order.id, site_id=order.site_id, number=order.number, vendor_id=order.vendor_id,
        vendor_name=order.vendor_name, state=State(order.state), currency=order.currency,
        total=f"{order.total:f}" if is_open else None, note=order.note, reference=order.reference,
        lines=[
            OrderLineView(
                product_id=line.product_id, quantity=shown(line.quantity), received=shown(line.received),
                damaged=shown(line.damaged), outstanding=shown(line.outstanding),
                unit_price=unit_amount(line.unit_price) if is_open else None,
            )
            for line in order.lines
        ],
        expected_on=None if order.expected_on is None else order.expected_on.isoformat(), version=order.etag,
        created_by=order.created_by, created_at=rfc3339(order.created_at), approved_by=order.approved_by,
        approved_at=rfc3339(order.approved_at), sent_at=rfc3339(order.sent_at),
        acknowledged_at=rfc3339(order.acknowledged_at), received_at=rfc3339(order.received_at),
        closed_at=rfc3339(order.closed_at), updated_at=rfc3339(order.updated_at),
    )  # fmt: skip
