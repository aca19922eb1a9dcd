"""Who hears of orders and receipts: the site's store by its feed, everybody else by events.

Called in the transaction that changes them. Events carry no quantity: a reader who receives
blind may read them too.
"""

from typing import Any

from cloud_hub.storage import events
from cloud_hub.storage.changes import Change
from cloud_hub.storage.database import Connection
from cloud_hub.storage.events import News
from cloud_hub.storage.purchase_orders import Order, feed_bodies
from cloud_hub.storage.receipts import Receipt
from sync_protocol import changes as wire


async def tell(connection: Connection, order: Order, now_ms: int) -> list[Change]:
    """Say that an order is new or has changed; returns what to append for its store: nothing until it is sent."""
    data: dict[str, Any] = {"order_id": order.id, "number": order.number, "state": order.state,
                            "vendor_id": order.vendor_id}  # fmt: skip
    await events.say(
        connection,
        News(type="order.changed", site_id=order.site_id, subject=order.id, data=data, occurred_at_ms=now_ms),
    )
    return [] if order.sent_at is None else [(order.site_id, wire.change(body)) for body in feed_bodies(order)]


async def say_received(connection: Connection, receipt: Receipt, now_ms: int) -> None:
    """Say that a delivery was taken in."""
    data = {"receipt_id": receipt.id, "order_id": receipt.order_id, "order_number": receipt.order_number,
            "document": receipt.document, "actor": receipt.actor}  # fmt: skip
    await events.say(
        connection,
        News(type="receipt.created", site_id=receipt.site_id, subject=receipt.id, data=data, occurred_at_ms=now_ms),
    )
