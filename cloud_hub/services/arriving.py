"""Goods that came under an order's number move that order on, whichever writer received them.

Part of what follows from accepted records: the same transaction, once per movement. What
came is a fact: more than its order lacked, or for an order that expects nothing (any more),
it is counted all the same and raised for a person.
"""

from collections.abc import Sequence
from typing import Any

from cloud_hub.domain.arrivals import arrivals, beyond
from cloud_hub.domain.purchasing import TABLE, State, receipt_step
from cloud_hub.storage import exceptions, purchase_orders
from cloud_hub.storage.database import Connection
from cloud_hub.storage.exceptions import Odd
from cloud_hub.storage.origins import Origin
from sync_protocol.quantity import format_quantity


async def fold(connection: Connection, origin: Origin, movements: Sequence[tuple[Any, ...]], now_ms: int) -> None:
    """Add what came to the orders of the origin's site; its row is locked, so these are its only receipts now."""
    for number, came in sorted(arrivals(movements).items()):
        order = await purchase_orders.lock_by_number(connection, str(origin.site_id), number)
        if order is None:
            continue  # somebody's own paper has a number like ours
        lines = await purchase_orders.receive(connection, order, came, now_ms)
        state = TABLE.get((State(order.state), receipt_step(lines)))
        if state is None:
            detail = f"goods came for {number}, which is {order.state}"
            odd = [Odd(origin.site_id, origin.origin_id, "order_not_open", number, detail)]
        else:
            odd = [
                Odd(origin.site_id, origin.origin_id, "over_receipt", f"{number} {product_id}",
                    f"{format_quantity(more)} more than {number} lacked came of product {product_id}")
                for product_id, more in beyond(order.lines, came).items()
            ]  # fmt: skip
        await exceptions.raise_all(connection, odd, now_ms=now_ms)
        await purchase_orders.update(connection, order, {"state": state or order.state, "received_at": now_ms}, now_ms)
