"""Goods that came under an order's number move that order on, whichever writer received them.

Part of what follows from accepted records: the same transaction, once per movement. What
came is a fact: more than its order lacked, or for an order that expects nothing (any more),
it is counted all the same and raised for a person. What a store's box took in becomes a
receipt here; for its own sites the hub has made one already (`receiving.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid5

from cloud_hub.domain.arrivals import Arrived, Goods, arrivals, beyond, by_product, counted, lacked, moments
from cloud_hub.domain.purchasing import TABLE, State, receipt_step
from cloud_hub.services import order_news
from cloud_hub.storage import exceptions, products, purchase_orders, receipts, sites
from cloud_hub.storage.changes import Change
from cloud_hub.storage.database import Connection
from cloud_hub.storage.exceptions import Odd
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.purchase_orders import Order
from cloud_hub.storage.receipts import ReceiptLine
from sync_protocol.quantity import format_quantity


async def fold(
    connection: Connection, origin: Origin, movements: Sequence[tuple[Any, ...]], now_ms: int
) -> list[Change]:
    """Add what came to the orders of the origin's site; its row is locked, so these are its only receipts now.

    Returns what to tell the site's store of its orders.
    """
    said: list[Change] = []
    for number, goods in sorted(arrivals(movements).items()):
        order = await purchase_orders.lock_by_number(connection, str(origin.site_id), number)
        if order is None:
            continue  # somebody's own paper has a number like ours
        await _keep_receipts(connection, origin, order, goods, now_ms)
        came = by_product(goods)
        lines = await purchase_orders.receive(connection, order, came, now_ms)
        state = TABLE.get((State(order.state), receipt_step(lines)))
        await exceptions.raise_all(connection, await _odd(connection, origin, order, came, state), now_ms=now_ms)
        fields = {"state": state or order.state, "received_at": now_ms}
        moved = await purchase_orders.update(connection, order, fields, now_ms)
        said += await order_news.tell(connection, moved, now_ms)
    return said


async def _odd(
    connection: Connection, origin: Origin, order: Order, came: Mapping[str, Arrived], state: State | None
) -> list[Odd]:
    number = order.number
    if state is None:
        detail = f"goods came for {number}, which is {order.state}"
        return [Odd(origin.site_id, origin.origin_id, "order_not_open", number, detail)]
    over = beyond(order.lines, came)
    known = await products.find_all(connection, list(over)) if over else {}
    named = {product_id: f"{each.sku} ({each.name})" for product_id, each in known.items()}
    return [
        Odd(origin.site_id, origin.origin_id, "over_receipt", f"{number} {product_id}",
            f"{format_quantity(more)} more than {number} lacked came of {named.get(product_id, product_id)}")
        for product_id, more in over.items()
    ]  # fmt: skip


async def _keep_receipts(
    connection: Connection, origin: Origin, order: Order, goods: Sequence[Goods], now_ms: int
) -> None:
    """Of a store's box; those that began in an earlier batch get the rest of their lines."""
    site = await sites.find(connection, order.site_id)
    if site is None or site.kind != "edge":
        return
    parts = list(moments(goods).items())
    lines = [counted(each) for _, each in parts]
    expected = iter(lacked(order.lines, [line for each in lines for line in each]))
    for ((at, actor), first), came in zip(parts, lines, strict=True):
        made = [ReceiptLine(expected=next(expected), **line._asdict()) for line in came]
        fields = _receipt(origin, order, at, actor, first[0].note, now_ms)
        if await receipts.claim(connection, fields):
            await receipts.insert_lines(connection, order.site_id, fields["id"], made)
            receipt = await receipts.find(connection, fields["id"])
            assert receipt is not None
            await order_news.say_received(connection, receipt, now_ms)
        else:
            await receipts.add_lines(connection, order.site_id, fields["id"], made)


def _receipt(
    origin: Origin, order: Order, at: datetime, actor: str | None, note: str | None, now_ms: int
) -> dict[str, Any]:
    """Its id follows from what it is, so that no second batch makes another."""
    name = str(uuid5(origin.origin_id, f"{order.number}/{at.isoformat()}/{actor or ''}"))
    return {
        "site_id": order.site_id, "id": name, "key": name, "body_hash": b"", "order_id": order.id,
        "vendor_id": order.vendor_id, "document": "", "note": note or "", "actor": actor or "",
        "received_at": min(now_ms, int(at.timestamp() * 1000)),
    }  # fmt: skip
