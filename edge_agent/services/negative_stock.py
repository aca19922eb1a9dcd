"""Stock below zero on record is a task with its likeliest cause, not a lost sale and not silence.

Raised in the transaction of the movement that took it there, once per product while it is open;
when nothing of the product is below zero any more the task is done by itself.
"""

import sqlite3
from typing import NamedTuple

from edge_agent.domain.movement import OWN
from edge_agent.domain.stock import Position
from edge_agent.domain.suspicion import Evidence, suspect
from edge_agent.services import expecting, tasks
from edge_agent.storage import alerts, levels, proposals
from edge_agent.storage.catalogue import Product
from sync_protocol.low_stock import NEGATIVE_STOCK


class Shortage(NamedTuple):
    """A movement took a place below zero."""

    product: Product
    place: str
    left: int
    code: str | None
    """What was scanned, and how many units it stands for."""
    pack_quantity: int


def tell(connection: sqlite3.Connection, short: Shortage, now_ms: int) -> None:
    """Raise the task unless it is open."""
    product_id = short.product.product_id
    if alerts.find_open_task(connection, NEGATIVE_STOCK, product_id) is None:
        found = suspect(_evidence(connection, short))
        detail = f"{short.product.name}: {found.words}"
        tasks.raise_task(connection, NEGATIVE_STOCK, product_id, now_ms, detail, cause=str(found.cause))


def settle(connection: sqlite3.Connection, product: Product, before: Position, after: Position, now_ms: int) -> None:
    """The task is done when what was missing has been booked."""
    if before.lowest < 0 <= after.lowest:
        tasks.finish_about(connection, (NEGATIVE_STOCK,), product.product_id, None, now_ms)


def _evidence(connection: sqlite3.Connection, short: Shortage) -> Evidence:
    product_id = short.product.product_id
    held = levels.of_product(connection, product_id)
    elsewhere = [(place, held[place]) for place in sorted(OWN) if place != short.place and held.get(place, 0) > 0]
    is_unconfirmed = short.code is not None and proposals.is_linked_here(connection, short.code)
    return Evidence(
        short.place, short.left, next(iter(elsewhere), None),
        next(expecting.transfers_of(connection, product_id), None),
        next(expecting.orders_of(connection, product_id), None),
        short.code if is_unconfirmed else None, short.pack_quantity,
    )  # fmt: skip
