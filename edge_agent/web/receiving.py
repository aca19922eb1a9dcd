"""The orders whose goods this store expects, deliveries and restocks taken in, and what came so far.

Who receives blind (everybody by the setting `blind_receiving`, whoever lacks `orders.expected`
always) is told no ordered quantity, so that what is counted is what came. Once it is booked, whoever
may see orders sees what differs: a claim is made of it.
"""

import sqlite3
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from edge_agent.domain.people import ORDERS_EXPECTED, Caller
from edge_agent.domain.receiving import Line, Why
from edge_agent.errors import NotFound
from edge_agent.services import expecting, reading, receiving, scanning
from edge_agent.services.counting import product_of
from edge_agent.services.expecting import Expected
from edge_agent.services.once import Answer, Kept, fingerprint, once
from edge_agent.services.receiving import Delivery
from edge_agent.storage import history, receipts
from edge_agent.storage.catalogue import Product
from edge_agent.storage.receipts import Receipt
from edge_agent.web import render
from edge_agent.web.body import Body, Day, Key, Limit, LotName, Name, NotNegative, Positive, Query, Text, either, key_of
from edge_agent.web.context import actor_of, answer, caller_of, kept, now_ms, store_of
from edge_agent.web.inventory import MovementQuery, as_of
from edge_agent.web.operations import Table
from edge_agent.web.scans import Code
from edge_agent.web.views.goods import MovementPage, Posted
from edge_agent.web.views.values import Items
from edge_agent.web.views.work import OrderView, ReceiptMade, ReceiptPage, ReceiptView

TABLE = Table("deliveries")


class CameBody(Body):
    product_id: Key | None = None
    code: Annotated[Code | None, either("product_id"), Field(validate_default=True)] = None
    """What was scanned, in place of the product: lot and expiry come with it."""
    quantity: NotNegative
    """Good units."""
    damaged: NotNegative = 0
    """They go to hold and do not fulfil the order."""
    location: Literal["shelf", "backroom"] = "shelf"
    lot: LotName | None = None
    expiry: Day | None = None
    reason: Why | None = None
    """Why the line is not as it should be."""
    note: Name | None = None


class ReceiptBody(Body):
    order: Name | None = None
    """The order's number."""
    document: Text | None = None
    """The number of the delivery note."""
    note: Text | None = None
    is_all: bool = False
    """What of the order was not counted has not come."""
    lines: Annotated[tuple[CameBody, ...], Field(max_length=500)] = ()


class RestockBody(Body):
    quantity: Positive
    location: Literal["shelf", "backroom"] = "shelf"
    document: Text | None = None
    note: Text | None = None
    lot: LotName | None = None
    expiry: Day | None = None


class ReceiptQuery(Query):
    before: Key | None = None
    """The last receipt of the page before."""
    limit: Limit = 100


@TABLE.add("GET", "/purchase-orders", answer=Items[OrderView])
async def get_orders(request: web.Request) -> web.Response:
    """Orders that are sent and not all here."""
    return answer(await store_of(request).database.read(_orders, caller_of(request)))


@TABLE.add("POST", "/receipts", answer=ReceiptMade, status=201, keyed=True)
async def post_receipt(request: web.Request, body: ReceiptBody) -> web.Response:
    """Take a delivery in, with or without an order; the answer says line by line what differs."""
    return kept(await store_of(request).database.write(_receive, body, caller_of(request), key_of(request)))


@TABLE.add("GET", "/receipts", answer=ReceiptPage)
async def get_receipts(request: web.Request, query: ReceiptQuery) -> web.Response:
    """Deliveries that were taken in, the newest first."""
    return answer(await store_of(request).database.read(_receipts, query, caller_of(request)))


@TABLE.add("GET", "/receipts/{id}", answer=ReceiptView)
async def get_receipt(request: web.Request) -> web.Response:
    """One delivery with its lines."""
    return answer(await store_of(request).database.read(_one, request.match_info["id"], caller_of(request)))


@TABLE.add("POST", "/products/{id}/restock", answer=Posted, status=201, keyed=True)
async def post_restock(request: web.Request, body: RestockBody) -> web.Response:
    """Take in some of one product, without an order."""
    product_id = request.match_info["id"]
    return kept(await store_of(request).database.write(_restock, product_id, body, actor_of(request), key_of(request)))


@TABLE.add("GET", "/restocks", answer=MovementPage)
async def get_restocks(request: web.Request, query: MovementQuery) -> web.Response:
    """Goods that came, oldest first."""
    return answer(await store_of(request).database.read(_restocks, query))


def is_blind_to_orders(connection: sqlite3.Connection, caller: Caller) -> bool:
    """Whether this caller is told no ordered quantity before the goods are counted."""
    return receiving.is_blind(connection) or not caller.may(ORDERS_EXPECTED)


def _orders(connection: sqlite3.Connection, caller: Caller) -> Answer:
    is_blind = is_blind_to_orders(connection, caller)
    return {"items": [_order(each, is_blind=is_blind) for each in expecting.list_expected(connection)]}


def _order(expected: Expected, *, is_blind: bool) -> Answer:
    order = expected.order
    lines = [
        {"product_id": product, "quantity": None if is_blind else render.quantity(ordered),
         "received": None if is_blind else render.quantity(came)}
        for product, ordered, came in expected.lines
    ]  # fmt: skip
    return {"order_id": order.order_id, "number": order.number, "state": order.state, "vendor": order.vendor,
            "expected_on": order.expected_on, "lines": lines}  # fmt: skip


def _receive(connection: sqlite3.Connection, body: ReceiptBody, caller: Caller, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        lines = [_came(connection, line) for line in body.lines]
        delivery = Delivery(lines, body.order, body.document, body.note, body.is_all)
        made = receiving.receive(connection, delivery, caller.name, key, now_ms())
        shown = _render(made.receipt, made.lines, caller)
        shown |= {
            "movement_ids": [] if made.posted is None else made.posted.movement_ids,
            "warnings": [] if made.posted is None else made.posted.warnings,
        }
        return shown, made.receipt.position

    return once(connection, key, fingerprint(body.model_dump(mode="json")), act)


def _came(connection: sqlite3.Connection, body: CameBody) -> tuple[Product, Line]:
    lot, expiry = body.lot, body.expiry
    if body.product_id is not None:
        product = product_of(connection, body.product_id)
    else:
        raw = reading.raw_of((body.code or "").encode("utf-8", "replace"), "api", now_ms())
        scan = reading.read(connection, raw, now_ms())
        product = scanning.find_scanned(connection, scan).product
        lot, expiry = lot or scan.lot, expiry or scan.expiry
    reason = None if body.reason is None else str(body.reason)
    line = Line(product.product_id, body.quantity, body.damaged, body.location, lot, expiry, reason, body.note)
    return product, line


def _receipts(connection: sqlite3.Connection, query: ReceiptQuery, caller: Caller) -> Answer:
    found = receipts.list_newest(connection, before=query.before, limit=query.limit)
    items = [_render(each, receipts.lines_of(connection, each.receipt_id), caller) for each in found]
    return {"items": items, "next_before": found[-1].receipt_id if len(found) == query.limit else None}


def _one(connection: sqlite3.Connection, receipt_id: str, caller: Caller) -> Answer:
    found = receipts.find(connection, receipt_id)
    if found is None:
        raise NotFound("receipt", f"there is no receipt {receipt_id[:60]!r}")
    return _render(found, receipts.lines_of(connection, receipt_id), caller)


def _render(receipt: Receipt, lines: list[Line], caller: Caller) -> Answer:
    is_blind = not caller.may(ORDERS_EXPECTED)
    shown = [line for line in lines if not is_blind or line.good or line.damaged or line.reason]
    return {
        "receipt_id": receipt.receipt_id, "order": receipt.order_number, "document": receipt.document,
        "note": receipt.note, "actor": receipt.actor, "received_at": render.time(receipt.occurred_at),
        "position": receipt.position, "lines": [_render_line(line, is_blind=is_blind) for line in shown],
    }  # fmt: skip


def _render_line(line: Line, *, is_blind: bool) -> Answer:
    difference = None if is_blind or line.difference is None else str(line.difference)
    return {
        "product_id": line.product_id, "quantity": render.quantity(line.good), "damaged": render.quantity(line.damaged),
        "location": line.location, "lot": line.lot, "expiry": line.expiry, "reason": line.reason, "note": line.note,
        "expected": None if is_blind else render.quantity(line.expected), "difference": difference,
    }  # fmt: skip


def _restock(connection: sqlite3.Connection, product_id: str, body: RestockBody, actor: str, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        line = Line(product_id, body.quantity, 0, body.location, body.lot, body.expiry)
        delivery = Delivery([(product_of(connection, product_id), line)], document=body.document, note=body.note)
        posted = receiving.receive(connection, delivery, actor, key, now_ms()).posted
        assert posted is not None
        return render.posted(posted) | {"product_id": product_id}, posted.head

    return once(connection, key, fingerprint({"product_id": product_id, **body.model_dump(mode="json")}), act)


def _restocks(connection: sqlite3.Connection, query: MovementQuery) -> Answer:
    lines = history.receipts(connection, product_id=query.product_id, after=query.after or 0, limit=query.limit)
    return {
        "items": [render.movement(line) for line in lines],
        "next_after": lines[-1].sequence if len(lines) == query.limit else None,
        "as_of": as_of(connection),
    }
