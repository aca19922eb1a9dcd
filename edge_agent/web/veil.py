"""What whoever counts blind is not shown: the books' figures of what is being counted, in no answer at all.

One place for every call and for the events: while a blind stocktake is open, a person without
`counts.expected` gets null where an answer would say what is on record of its products, or by how much a
count differed. Nobody who writes a call has to think of it.
"""

import sqlite3
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from edge_agent.domain.people import COUNTS_EXPECTED, Caller
from edge_agent.errors import Conflict
from edge_agent.storage import counts, zones
from edge_agent.web.context import CALLER, store_of
from edge_agent.web.operations import JSON
from edge_agent.web.problems import Handler

FIGURES = frozenset(
    ("level", "stock", "on_hand", "available", "reserved", "hold", "locations", "use_first", "was", "becomes")
)
"""Members of answers that tell what is on record."""
_OF_COUNTS = frozenset(("expected", "variance"))
_WITHOUT_FIGURES = {"insufficient_stock": "expected less than that: the books do not have so many"}


class Hidden(NamedTuple):
    """The products that are being counted blind; None: all."""

    products: frozenset[str] | None

    def covers(self, product_id: str | None) -> bool:
        return self.products is None or product_id in self.products


def hidden_from(connection: sqlite3.Connection, caller: Caller) -> Hidden | None:
    """What this caller is not to be told of; None: nothing."""
    if caller.may(COUNTS_EXPECTED):
        return None
    found: set[str] = set()
    is_open = [each for each in counts.list_stocktakes(connection) if each.is_blind and each.state != "closed"]
    for each in is_open:
        of_it = zones.products_of(connection, each.stocktake_id)
        if not of_it:
            return Hidden(None)
        found.update(product_id for product_id, _, _ in of_it)
    return Hidden(frozenset(found)) if is_open else None


@web.middleware
async def veiling(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Take the figures out of an answer to somebody who counts blind."""
    caller = request.get(CALLER)
    if caller is None or caller.may(COUNTS_EXPECTED):
        return await handler(request)
    hidden = store_of(request).database.read_here(hidden_from, caller)
    if hidden is None:
        return await handler(request)
    try:
        response = await handler(request)
    except Conflict as error:
        told = Conflict(error.code, _WITHOUT_FIGURES.get(error.code, error.detail), remedy=error.remedy)
        told.approval_for = error.approval_for
        raise told from error
    if isinstance(response, web.Response) and isinstance(response.body, bytes) and response.content_type == JSON:
        response.body = orjson.dumps(veiled(orjson.loads(response.body), hidden))
    return response


def veiled(body: Any, hidden: Hidden, product_id: str | None = None) -> Any:
    """The same answer without what is hidden; `product_id` is what the object around it is about."""
    if isinstance(body, list):
        return [veiled(each, hidden, product_id) for each in body]
    if not isinstance(body, dict):
        return body
    product_id = _product_of(body) or product_id
    names = FIGURES | _OF_COUNTS if hidden.covers(product_id) else frozenset()
    if names and {"reason", "from", "to"} <= body.keys():
        # Of few movements the sum is known as soon as they are.
        names |= {"quantity", "from", "to"} if body["reason"] == "count" else {"quantity"}
    if names and {"lot", "is_expired", "location"} <= body.keys():
        names |= {"quantity"}
    if names and ("cause" in body or "severity" in body):
        names |= {"detail"}
    return {name: None if name in names else veiled(value, hidden, product_id) for name, value in body.items()}


def _product_of(body: dict[str, Any]) -> str | None:
    if isinstance(body.get("product_id"), str):
        return str(body["product_id"])
    inner = body["product"] if isinstance(body.get("product"), dict) else body
    return str(inner["id"]) if "sku" in inner and "id" in inner else None
