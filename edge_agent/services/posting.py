"""The one way stock changes: check, append, alert, and raise tasks, in the caller's transaction.

Every use case that moves goods ends here. What a decrement below zero means is policy: the
product's own, else what the caller says (an API blocks, a scanned sale is allowed, because
the goods are in the customer's hand).
"""

import sqlite3
from collections.abc import Sequence
from typing import Literal, NamedTuple

from edge_agent.domain.movement import OWN, Draft, Goods, check
from edge_agent.domain.stock import Position, position_of
from edge_agent.errors import Conflict
from edge_agent.services import alerting, tasks
from edge_agent.storage import identity, ledger, levels
from edge_agent.storage.catalogue import Product
from sync_protocol.quantity import format_quantity
from sync_protocol.records import Fact

OnNegative = Literal["block", "warn", "allow", "record"]
"""`record` is for what has happened already and is only being written down: no policy blocks it."""


class Move(NamedTuple):
    """A draft and the product it moves."""

    draft: Draft
    product: Product


class Posted(NamedTuple):
    """What was written; ids and positions stand in the order of the moves."""

    movement_ids: list[str]
    positions: list[int]
    stock: dict[str, Position]
    """Product id -> its stock afterwards."""
    warnings: list[str]
    head: int


def goods_of(product: Product, *, code: str | None = None, pack_quantity: int = 1000) -> Goods:
    """What a movement freezes of this product now."""
    return Goods(product.product_id, code, pack_quantity, product.unit, product.price, product.cost, product.currency)


def post(
    connection: sqlite3.Connection,
    moves: Sequence[Move],
    now_ms: int,
    *,
    on_negative: OnNegative,
    facts: Sequence[Fact] = (),
) -> Posted:
    """Write the moves, then the facts. Raises Invalid or Conflict (`insufficient_stock`); nothing is written then."""
    books = _Books(connection)
    offset = identity.clock_offset(connection)
    drafts = []
    for move in moves:
        draft = move.draft if move.draft.clock_offset is not None else move.draft._replace(clock_offset=offset)
        drafts.append(check(draft))
        books.move(move, on_negative)
    appended = ledger.append(connection, [*drafts, *facts])
    for product, before, after in books.changes():
        alerting.evaluate(connection, product, before, after, appended.last, now_ms)
    for product, short in books.to_tell:
        tasks.raise_task(
            connection, "negative_stock", product.product_id, now_ms,
            f"{product.name}: {format_quantity(short)} on record; count it, or look for a missing receipt",
        )  # fmt: skip
    return Posted(appended.movement_ids, appended.positions, books.positions(), books.warnings, appended.last)


class _Books:
    """Levels of the touched products before and after the moves, followed in memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._products: dict[str, Product] = {}
        self._before: dict[str, dict[str, int]] = {}
        self._after: dict[str, dict[str, int]] = {}
        self._reserved: dict[str, int] = {}
        self.warnings: list[str] = []
        self.to_tell: list[tuple[Product, int]] = []

    def move(self, move: Move, on_negative: OnNegative) -> None:
        draft, product = move
        after = self._levels(product)
        left = after.get(draft.from_location, 0) - draft.quantity
        if draft.from_location in OWN and left < 0:
            self._below_zero(move, left, on_negative)
        after[draft.from_location] = left
        after[draft.to_location] = after.get(draft.to_location, 0) + draft.quantity

    def changes(self) -> list[tuple[Product, Position, Position]]:
        return [
            (
                product,
                position_of(self._before[product_id], self._reserved[product_id]),
                position_of(self._after[product_id], self._reserved[product_id]),
            )
            for product_id, product in self._products.items()
        ]

    def positions(self) -> dict[str, Position]:
        return {
            product_id: position_of(self._after[product_id], self._reserved[product_id])
            for product_id in self._products
        }

    def _levels(self, product: Product) -> dict[str, int]:
        product_id = product.product_id
        if product_id not in self._after:
            self._products[product_id] = product
            self._before[product_id] = levels.of_product(self._connection, product_id)
            self._after[product_id] = dict(self._before[product_id])
            self._reserved[product_id] = levels.reserved(self._connection, product_id)
        return self._after[product_id]

    def _below_zero(self, move: Move, left: int, on_negative: OnNegative) -> None:
        rule = "allow" if on_negative == "record" else move.product.negative_policy or on_negative
        if rule == "block":
            has = left + move.draft.quantity
            raise Conflict(
                "insufficient_stock",
                f"{move.product.name}: expected at most {format_quantity(has)} from "
                f"{move.draft.from_location}, got {format_quantity(move.draft.quantity)}",
            )
        if "negative_stock" not in self.warnings:
            self.warnings.append("negative_stock")
        if rule == "allow":
            self.to_tell.append((move.product, left))
