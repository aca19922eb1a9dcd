"""The orders whose goods this store expects, deliveries and restocks taken in, and what came so far.

With the setting `blind_receiving` no ordered quantity is told, so that what is counted is what came.
"""

import sqlite3
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from edge_agent.services import receiving
from edge_agent.services.counting import product_of
from edge_agent.services.once import Answer, Kept, fingerprint, once
from edge_agent.services.receiving import Came, Delivery, Expected
from edge_agent.storage import history
from edge_agent.web import render
from edge_agent.web.body import Body, Key, Name, NotNegative, Positive, Text, key_of, read_body, read_query
from edge_agent.web.context import actor_of, answer, kept, now_ms, store_of
from edge_agent.web.inventory import MovementQuery, as_of


class CameBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    product_id: Key
    quantity: NotNegative
    """Good units."""
    damaged: NotNegative = 0
    """They go to hold and do not fulfil the order."""
    location: Literal["shelf", "backroom"] = "shelf"
    lot: Annotated[Name, Field(max_length=40)] | None = None


class ReceiptBody(Body):
    order: Name | None = None
    """The order's number."""
    document: Text | None = None
    """The number of the delivery note."""
    note: Text | None = None
    lines: Annotated[tuple[CameBody, ...], Field(min_length=1, max_length=500)]


class RestockBody(Body):
    quantity: Positive
    location: Literal["shelf", "backroom"] = "shelf"
    document: Text | None = None
    note: Text | None = None


async def get_orders(request: web.Request) -> web.Response:
    """Orders that are sent and not all here."""
    return answer(await store_of(request).database.read(_orders))


async def post_receipt(request: web.Request) -> web.Response:
    """Take a delivery in, with or without an order."""
    body = await read_body(request, ReceiptBody)
    return kept(await store_of(request).database.write(_receive, body, actor_of(request), key_of(request)))


async def post_restock(request: web.Request) -> web.Response:
    """Take in some of one product, without an order."""
    body = await read_body(request, RestockBody)
    product_id = request.match_info["id"]
    return kept(await store_of(request).database.write(_restock, product_id, body, actor_of(request), key_of(request)))


async def get_restocks(request: web.Request) -> web.Response:
    """Goods that came, oldest first."""
    return answer(await store_of(request).database.read(_restocks, read_query(request, MovementQuery)))


def _orders(connection: sqlite3.Connection) -> Answer:
    is_blind = receiving.is_blind(connection)
    return {"items": [_order(each, is_blind=is_blind) for each in receiving.list_expected(connection)]}


def _order(expected: Expected, *, is_blind: bool) -> Answer:
    order = expected.order
    lines = [
        {"product_id": product, "quantity": None if is_blind else render.quantity(ordered),
         "received": None if is_blind else render.quantity(came)}
        for product, ordered, came in expected.lines
    ]  # fmt: skip
    return {"order_id": order.order_id, "number": order.number, "state": order.state, "vendor": order.vendor,
            "expected_on": order.expected_on, "lines": lines}  # fmt: skip


def _receive(connection: sqlite3.Connection, body: ReceiptBody, actor: str, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        lines = [
            Came(product_of(connection, line.product_id), line.quantity, line.damaged, line.location, line.lot)
            for line in body.lines
        ]
        delivery = Delivery(lines, body.order, body.document, body.note)
        posted = receiving.receive(connection, delivery, actor, key, now_ms())
        made: Answer = {
            "order": body.order, "document": body.document, "movement_ids": posted.movement_ids,
            "position": posted.head, "warnings": posted.warnings,
        }  # fmt: skip
        return made, posted.head

    return once(connection, key, fingerprint(body.model_dump(mode="json")), act)


def _restock(connection: sqlite3.Connection, product_id: str, body: RestockBody, actor: str, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        came = Came(product_of(connection, product_id), body.quantity, location=body.location)
        delivery = Delivery([came], document=body.document, note=body.note)
        posted = receiving.receive(connection, delivery, actor, key, now_ms())
        return render.posted(posted) | {"product_id": product_id}, posted.head

    return once(connection, key, fingerprint({"product_id": product_id, **body.model_dump(mode="json")}), act)


def _restocks(connection: sqlite3.Connection, query: MovementQuery) -> Answer:
    lines = history.receipts(connection, product_id=query.product_id, after=query.after or 0, limit=query.limit)
    return {
        "items": [render.movement(line) for line in lines],
        "next_after": lines[-1].sequence if len(lines) == query.limit else None,
        "as_of": as_of(connection),
    }
