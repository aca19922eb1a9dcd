"""Deliveries: what head office has ordered for this store, and taking in what comes.

What is counted is booked as it is; damaged units go to hold. The movements carry the order's
number as their document, by which head office moves the order on. What the store took in and
head office has not acknowledged is added to what head office said, so that a store without a
line does not wait for goods that are on its shelf.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.domain.movement import Draft
from edge_agent.errors import Invalid, NotFound
from edge_agent.services.posting import Move, Posted, goods_of, post
from edge_agent.storage import catalogue, history, identity, purchase_orders
from edge_agent.storage.catalogue import Product
from edge_agent.storage.purchase_orders import Order
from sync_protocol.limits import KEY_CHARS_MAX
from sync_protocol.vocabulary import Location, Reason


class Expected(NamedTuple):
    """An open order, and of each product what was ordered and what has come."""

    order: Order
    lines: list[tuple[str, int, int]]


class Came(NamedTuple):
    """Counted units of one product (and lot)."""

    product: Product
    good: int
    damaged: int = 0
    location: str = Location.SHELF
    lot: str | None = None


class Delivery(NamedTuple):
    """What arrived, with its papers; `order` is the number of one of head office's orders."""

    lines: Sequence[Came]
    order: str | None = None
    document: str | None = None
    note: str | None = None


def is_blind(connection: sqlite3.Connection) -> bool:
    """Whether who counts here is not told what was ordered."""
    return bool(catalogue.settings(connection).get("blind_receiving"))


def list_expected(connection: sqlite3.Connection) -> list[Expected]:
    """The open orders, newest number first."""
    here = history.came_above(connection, identity.get(connection).acked)
    return [
        Expected(order, [(product, ordered, came + here.get((order.number, product), 0))
                         for product, ordered, came in order.wanted])
        for order in purchase_orders.list_open(connection)
    ]  # fmt: skip


def on_order(connection: sqlite3.Connection) -> Counter[str]:
    """What is still to come, by product."""
    coming: Counter[str] = Counter()
    for each in list_expected(connection):
        for product_id, ordered, came in each.lines:
            coming[product_id] += max(0, ordered - came)
    return coming


def receive(
    connection: sqlite3.Connection, delivery: Delivery, actor: str | None, key: str | None, now_ms: int
) -> Posted:
    """Take it in. Raises NotFound (no such open order), Invalid (nothing came)."""
    if delivery.order is not None and purchase_orders.find_by_number(connection, delivery.order) is None:
        raise NotFound("purchase_order", f"there is no open order {delivery.order[:60]!r}")
    drafts = [
        (line.product, quantity, place, line.lot)
        for line in delivery.lines
        for quantity, place in ((line.good, line.location), (line.damaged, str(Location.HOLD)))
        if quantity
    ]
    if not drafts:
        raise Invalid("nothing_came", "expected good or damaged units", pointer="/lines")
    # With an order the delivery note's number is a note: the document is the order's.
    document, papers = (delivery.order, delivery.document) if delivery.order else (delivery.document, None)
    note = " ".join(filter(None, (papers, delivery.note))) or None
    moves = [
        Move(
            Draft(
                goods_of(product), quantity, str(Location.SUPPLIER), place, str(Reason.RECEIPT), now_ms, None, actor,
                document or None, lot, key=_key(key, number), note=note,
            ),
            product,
        )
        for number, (product, quantity, place, lot) in enumerate(drafts)
    ]  # fmt: skip
    return post(connection, moves, now_ms, on_negative="allow")


def _key(key: str | None, number: int) -> str | None:
    """The caller's key on the first record, numbered ones on the others: keys are unique per site."""
    return key if key is None or number == 0 else f"{key}/{number}"[-KEY_CHARS_MAX:]
