"""What is on its way to this store: head office's orders and other sites' transfers, as far as it has not come.

What the store took in and head office has not acknowledged is added to what head office said,
so that a store without a line does not wait for goods that are on its shelf.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from edge_agent.storage import history, identity, purchase_orders, transfers
from edge_agent.storage.purchase_orders import Order


class Expected(NamedTuple):
    """An open order, and of each product what was ordered and what has come."""

    order: Order
    lines: list[tuple[str, int, int]]

    def outstanding(self) -> dict[str, int]:
        """What has not come, by product."""
        return {product_id: max(0, ordered - came) for product_id, ordered, came in self.lines}


def list_expected(connection: sqlite3.Connection) -> list[Expected]:
    """The open orders, newest number first."""
    here = history.came_above(connection, identity.get(connection).acked)
    return [
        Expected(order, [(product, ordered, came + here.get((order.number, product), 0))
                         for product, ordered, came in order.wanted])
        for order in purchase_orders.list_open(connection)
    ]  # fmt: skip


def find_expected(connection: sqlite3.Connection, number: str) -> Expected | None:
    """The open order of this number."""
    return next((each for each in list_expected(connection) if each.order.number == number), None)


def on_order(connection: sqlite3.Connection) -> Counter[str]:
    """What is still to come of orders, by product."""
    coming: Counter[str] = Counter()
    for each in list_expected(connection):
        coming.update(each.outstanding())
    return coming


def orders_of(connection: sqlite3.Connection, product_id: str) -> Iterator[tuple[str, int]]:
    """(number, what has not come of the product) of the orders that lack it."""
    for each in list_expected(connection):
        if coming := each.outstanding().get(product_id):
            yield each.order.number, coming


def transfers_of(connection: sqlite3.Connection, product_id: str) -> Iterator[tuple[str, int]]:
    """(transfer, what is not received of the product) of those on their way here."""
    here = identity.get(connection).site_id
    for each in transfers.list_transfers(connection):
        if each.to_site == here and each.state in ("dispatched", "received"):
            for line in transfers.lines_of(connection, each.transfer_id):
                if line.product_id == product_id and line.dispatched > line.received:
                    yield each.transfer_id, line.dispatched - line.received
