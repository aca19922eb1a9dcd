"""Deliveries: taking in what comes, against one of head office's orders or without any.

What is counted is booked as it is; damaged units go to hold. The movements carry the order's
number as their document, by which head office moves the order on. What differs from the order,
and why, is kept line by line and told to head office, which claims it from the vendor.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import uuid_utils

from edge_agent.domain.movement import Draft
from edge_agent.domain.receiving import Difference, Line, against
from edge_agent.errors import Invalid, NotFound
from edge_agent.services import expecting, tasks
from edge_agent.services.posting import Move, Posted, goods_of, post
from edge_agent.services.ruling import rules_of
from edge_agent.storage import catalogue, identity, ledger, receipts
from edge_agent.storage.catalogue import Product
from edge_agent.storage.receipts import Receipt
from sync_protocol import facts
from sync_protocol.limits import KEY_CHARS_MAX, TEXT_CHARS_MAX
from sync_protocol.quantity import format_quantity
from sync_protocol.vocabulary import Location, Reason

RECEIPT_VARIANCE = "receipt_variance"
TOLD_IN_WORDS = 5
"""Lines in a task's sentence."""
TOLD_TOGETHER = 10
"""Lines in one record: with notes as long as they may be they fit."""


class Delivery(NamedTuple):
    """What arrived, with its papers; `order` is the number of one of head office's orders."""

    lines: Sequence[tuple[Product, Line]]
    order: str | None = None
    document: str | None = None
    note: str | None = None
    is_all: bool = False
    """What of the order was not counted has not come."""


class Received(NamedTuple):
    """A receipt as it is kept; `posted` is None when nothing came."""

    receipt: Receipt
    lines: list[Line]
    posted: Posted | None


def is_blind(connection: sqlite3.Connection) -> bool:
    """Whether who counts here is not told what was ordered."""
    return rules_of(connection).blind_receiving


def receive(
    connection: sqlite3.Connection, delivery: Delivery, actor: str | None, key: str | None, now_ms: int
) -> Received:
    """Take it in. Raises NotFound (no such open order), Invalid (nothing came)."""
    lines = _expected(connection, delivery)
    moves = _moves(delivery, actor, key, now_ms)
    if not moves and delivery.order is None:
        raise Invalid("nothing_came", "expected good or damaged units", pointer="/lines")
    posted = post(connection, moves, now_ms, on_negative="allow") if moves else None
    made = Receipt(
        str(uuid_utils.uuid7()), delivery.order, delivery.document or None, delivery.note or None, actor, now_ms, 0
    )
    made = made._replace(position=_tell(connection, made, lines, now_ms))
    receipts.add(connection, made, lines)
    return Received(made, lines, posted)


def _expected(connection: sqlite3.Connection, delivery: Delivery) -> list[Line]:
    counted = [line for _, line in delivery.lines]
    if delivery.order is None:
        return counted
    order = expecting.find_expected(connection, delivery.order)
    if order is None:
        raise NotFound("purchase_order", f"there is no open order {delivery.order[:60]!r}")
    return against(order.outstanding(), counted, is_all=delivery.is_all)


def _moves(delivery: Delivery, actor: str | None, key: str | None, now_ms: int) -> list[Move]:
    # With an order the delivery note's number is a note: the document is the order's.
    document, papers = (delivery.order, delivery.document) if delivery.order else (delivery.document, None)
    parts = [
        (product, line, quantity, place)
        for product, line in delivery.lines
        for quantity, place in ((line.good, line.location), (line.damaged, str(Location.HOLD)))
        if quantity
    ]
    return [
        Move(
            Draft(
                goods_of(product), quantity, str(Location.SUPPLIER), place, str(Reason.RECEIPT), now_ms, None, actor,
                document or None, line.lot, line.expiry, _key(key, number),
                note=_note(papers, delivery.note, line.reason, line.note),
            ),
            product,
        )
        for number, (product, line, quantity, place) in enumerate(parts)
    ]  # fmt: skip


def _tell(connection: sqlite3.Connection, made: Receipt, lines: list[Line], now_ms: int) -> int:
    """What differs, and why, in records and as a task for a manager; the position after it."""
    odd = [line for line in lines if line.is_odd]
    bodies = [
        facts.Receipt(
            occurred_at=now_ms, clock_offset=identity.clock_offset(connection), actor=made.actor,
            receipt_id=made.receipt_id, order=made.order_number, document=made.document,
            lines=[facts.ReceiptLine(**line._asdict()) for line in odd[at : at + TOLD_TOGETHER]],
        )
        for at in range(0, len(odd), TOLD_TOGETHER)
    ]  # fmt: skip
    if bodies:
        ledger.append(connection, [facts.fact(body) for body in bodies])
    if odd and made.order_number:
        told = [_in_words(connection, line) for line in odd[:TOLD_IN_WORDS]]
        told += [f"{len(odd) - TOLD_IN_WORDS} more lines"] if len(odd) > TOLD_IN_WORDS else []
        tasks.raise_task(connection, RECEIPT_VARIANCE, None, now_ms, f"{made.order_number}: {'; '.join(told)}")
    return ledger.last_position(connection)


def _in_words(connection: sqlite3.Connection, line: Line) -> str:
    """`Oat drink, 12 more than ordered`."""
    product = catalogue.find_product(connection, line.product_id)
    by = format_quantity(abs(line.good - (line.expected or 0)))
    differs = {
        Difference.SHORT: f"{by} fewer than ordered",
        Difference.OVER: f"{by} more than ordered",
        Difference.UNORDERED: f"{by} that nobody ordered",
    }
    damaged = f"{format_quantity(line.damaged)} damaged" if line.damaged else None
    said = line.reason and line.reason.replace("_", " ")
    name = line.product_id if product is None else product.name
    return ", ".join(filter(None, (name, line.difference and differs.get(line.difference), damaged, said)))


def _note(*parts: str | None) -> str | None:
    return " ".join(filter(None, parts))[:TEXT_CHARS_MAX] or None


def _key(key: str | None, number: int) -> str | None:
    """The caller's key on the first record, numbered ones on the others: keys are unique per site."""
    return key if key is None or number == 0 else f"{key}/{number}"[-KEY_CHARS_MAX:]
