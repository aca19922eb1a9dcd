"""The one way stock changes: check, append, alert, and raise tasks, in the caller's transaction.

Every use case that moves goods ends here. What a decrement below zero means is policy: the
product's own, else what the caller says (an API blocks, a scanned sale is allowed, because
the goods are in the customer's hand).
"""

import sqlite3
from collections.abc import Sequence
from typing import Literal, NamedTuple

from edge_agent.domain.movement import OWN, Draft, Goods, check
from edge_agent.domain.people import Caller
from edge_agent.domain.stock import Position, position_of
from edge_agent.errors import Conflict
from edge_agent.services import alerting, approving, negative_stock, shelf_life
from edge_agent.services.approving import NEGATIVE_STOCK
from edge_agent.services.negative_stock import Shortage
from edge_agent.storage import ledger, levels
from edge_agent.storage.catalogue import Product
from sync_protocol.chain import movement_id
from sync_protocol.quantity import format_quantity
from sync_protocol.records import Fact

OnNegative = Literal["block", "warn", "allow", "record"]
"""`record` is for what has happened already and is only being written down: no policy blocks it."""


class Move(NamedTuple):
    """A draft and the product it moves."""

    draft: Draft
    product: Product


class Posted(NamedTuple):
    """What was written; hashes, ids and positions stand in the order of the moves."""

    hashes: list[bytes]
    positions: list[int]
    stock: dict[str, Position]
    """Product id -> its stock afterwards."""
    warnings: list[str]
    head: int

    @property
    def movement_ids(self) -> list[str]:
        """Public ids, made when they are asked for: a delivery of twelve lines needs none."""
        return [str(movement_id(at)) for at in self.hashes]


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
    caller: Caller | None = None,
) -> Posted:
    """Write the moves, then the facts. Raises Invalid or Conflict (`insufficient_stock`); nothing is written then.

    An approval that the caller brought lifts a block.
    """
    books = _Books(connection)
    for move in moves:
        check(move.draft)
        books.move(move, on_negative)
    if books.blocked:
        approving.lift(connection, caller, NEGATIVE_STOCK, now_ms, books.blocked[0])
    appended = ledger.append(connection, [*[move.draft for move in moves], *facts])
    changes = books.changes()
    for product, before, after in changes:
        alerting.evaluate(connection, product, before, after, appended.last, now_ms)
        negative_stock.settle(connection, product, before, after, now_ms)
        if product.product_id in appended.lots:
            shelf_life.evaluate(connection, product, appended.last, now_ms)
    for short in books.to_tell:
        negative_stock.tell(connection, short, now_ms)
    stock = {product.product_id: after for product, _, after in changes}
    return Posted(appended.hashes, appended.positions, stock, books.warnings, appended.last)


class Change(NamedTuple):
    """The stock of one product before and after all moves."""

    product: Product
    before: Position
    after: Position


class _Account(NamedTuple):
    """A product's stock before the moves, and its levels as they stand after those so far."""

    product: Product
    before: Position
    levels: dict[str, int]
    reserved: int


class _Books:
    """The touched products, followed in memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._accounts: dict[str, _Account] = {}
        self.warnings: list[str] = []
        self.to_tell: list[Shortage] = []
        self.blocked: list[Conflict] = []
        """What the policy says no to."""

    def move(self, move: Move, on_negative: OnNegative) -> None:
        draft, product = move
        account = self._accounts.get(product.product_id) or self._open(product)
        after = account.levels
        left = after.get(draft.from_location, 0) - draft.quantity
        if left < 0 and draft.from_location in OWN:
            self._below_zero(move, left, on_negative)
        after[draft.from_location] = left
        after[draft.to_location] = after.get(draft.to_location, 0) + draft.quantity

    def changes(self) -> list[Change]:
        return [
            Change(product, before, position_of(after, reserved))
            for product, before, after, reserved in self._accounts.values()
        ]

    def _open(self, product: Product) -> _Account:
        held, reserved = levels.held(self._connection, product.product_id)
        account = _Account(product, position_of(held, reserved), held, reserved)
        self._accounts[product.product_id] = account
        return account

    def _below_zero(self, move: Move, left: int, on_negative: OnNegative) -> None:
        rule = "allow" if on_negative == "record" else move.product.negative_policy or on_negative
        if rule == "block":
            has = left + move.draft.quantity
            self.blocked.append(Conflict(
                "insufficient_stock",
                f"{move.product.name}: expected at most {format_quantity(has)} from "
                f"{move.draft.from_location}, got {format_quantity(move.draft.quantity)}",
                remedy="count it, or a manager approves it",
            ))  # fmt: skip
        if "negative_stock" not in self.warnings:
            self.warnings.append("negative_stock")
        if rule != "warn":
            goods = move.draft.goods
            short = Shortage(move.product, move.draft.from_location, left, goods.code, goods.pack_quantity)
            self.to_tell.append(short)
