"""Receiving at sites that the hub runs: what came, counted, becomes movements.

One transaction: the receipt under the caller's key, and the movements in the site's ledger
under the order's number, which move the order on as at any site (`arriving.py`). What is
counted is taken as it is, more or less than ordered; damaged units go to hold and do not
fulfil a line. A store's own box receives what comes there.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

import orjson
from uuid_utils import uuid7

from cloud_hub.domain.arrivals import Came, lacked
from cloud_hub.domain.permissions import Principal
from cloud_hub.domain.posting import Draft
from cloud_hub.domain.purchasing import Step, after, minor_cost
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services import order_news
from cloud_hub.services.hub_run import writer_of
from cloud_hub.services.posting import Posting
from cloud_hub.storage import products, purchase_orders, receipts, vendors
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.products import Product
from cloud_hub.storage.purchase_orders import Order
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.receipts import Receipt, ReceiptFilter, ReceiptLine
from cloud_hub.storage.sites import Site
from sync_protocol.vocabulary import Location, Reason

__all__ = ["Came", "Delivery", "Receipt", "ReceiptFilter", "ReceiptLine", "Receiving"]


class Delivery(NamedTuple):
    """What arrived, with its papers."""

    order_id: str | None
    vendor_id: str | None
    document: str
    note: str
    lines: Sequence[Came]


class Receiving:
    """The use cases of receipts."""

    def __init__(self, database: Database, reads: Reads, posting: Posting) -> None:
        self._database = database
        self._reads = reads
        self._posting = posting

    async def list(self, wanted: ReceiptFilter, before: tuple[int, str] | None, skip: int, limit: int) -> list[Receipt]:
        """Receipts, newest first."""
        return await self._reads.run(receipts.list_newest, wanted, before, skip, limit)

    async def get(self, receipt_id: str, who: Principal) -> Receipt:
        """Raises NotFound, also for a receipt of a site that is not theirs."""
        receipt = await self._reads.run(receipts.find, receipt_id)
        if receipt is None or not who.sees(receipt.site_id):
            raise NotFound("receipt", "no such receipt")
        return receipt

    async def receive(
        self, site: Site, delivery: Delivery, key: str, who: Principal, now_ms: int
    ) -> tuple[Receipt, bool]:
        """Take a delivery in, or answer what this key took in before. Raises NotFound, Conflict, Invalid."""
        if site.kind != "hub":
            raise Conflict("site_has_a_box", "expected a site that the hub runs; a store's box takes its deliveries in")
        body_hash = sha256(orjson.dumps(delivery, default=tuple)).digest()
        receipt_id = str(uuid7())
        async with self._database.transaction() as connection:
            # The ledger first, then the order: in this order every writer of a site locks the two.
            await writer_of(connection, site.id, now_ms)
            fields = {"site_id": site.id, "id": receipt_id, "key": key, "body_hash": body_hash, "actor": who.name,
                      "received_at": now_ms, **{name: getattr(delivery, name) for name in
                      ("order_id", "vendor_id", "document", "note")}}  # fmt: skip
            order = None if delivery.order_id is None else await _ordered(connection, delivery.order_id, site)
            if order is not None:
                fields["vendor_id"] = order.vendor_id
            elif delivery.vendor_id is not None and await vendors.find(connection, delivery.vendor_id) is None:
                raise NotFound("vendor", "no such vendor", pointer="/vendor_id")
            if not await receipts.claim(connection, fields):
                return await _replayed(connection, site, key, body_hash), True
            if order is not None:
                after(order.state, Step.RECEIVE_ALL)
            lines = _expecting(order, delivery.lines)
            await receipts.insert_lines(connection, site.id, receipt_id, lines)
            known = await _products(connection, delivery.lines)
            drafts = [draft for line in delivery.lines for draft in _drafts(line, known, order, delivery)]
            await self._posting.post_in(connection, site.id, drafts, key, actor=who.name, now_ms=now_ms)
            made = await receipts.find(connection, receipt_id)
            assert made is not None
            await order_news.say_received(connection, made, now_ms)
            return made, False


async def _ordered(connection: Connection, order_id: str, site: Site) -> Order:
    order = await purchase_orders.lock(connection, order_id)
    if order is None or order.site_id != site.id:
        raise NotFound("purchase_order", "the site has no such purchase order", pointer="/order_id")
    return order


async def _replayed(connection: Connection, site: Site, key: str, body_hash: bytes) -> Receipt:
    known = await receipts.find_by_key(connection, site.id, key)
    if known is None or known.body_hash != body_hash:
        raise Invalid("key_reused", "expected the same body as the first time with this Idempotency-Key")
    return known


def _expecting(order: Order | None, came: Sequence[Came]) -> list[ReceiptLine]:
    """The lines, each with what its order lacked of the product when it was counted."""
    expected = [None] * len(came) if order is None else lacked(order.lines, came)
    return [ReceiptLine(expected=of_order, **line._asdict()) for line, of_order in zip(came, expected, strict=True)]


async def _products(connection: Connection, came: Sequence[Came]) -> Mapping[str, Product]:
    wanted = sorted({line.product_id for line in came})
    known = {product.id: product for product in await products.list_by_ids(connection, wanted)}
    for index, line in enumerate(came):
        if line.product_id not in known:
            raise NotFound("product", f"line {index}: no such product", pointer=f"/lines/{index}/product_id")
    return known


def _drafts(line: Came, known: Mapping[str, Product], order: Order | None, delivery: Delivery) -> list[Draft]:
    """The movements of a line: good units to their place, damaged ones to hold."""
    currency = known[line.product_id].currency
    price = None if order is None or order.currency != currency else order.price_of(line.product_id)
    document = order.number if order is not None else delivery.document
    return [
        Draft(
            product_id=line.product_id, from_location=str(Location.SUPPLIER), to_location=place,
            reason=str(Reason.RECEIPT), quantity=quantity, document=document or None, lot=line.lot,
            note=delivery.note or None, cost=None if price is None else minor_cost(price, currency),
        )
        for quantity, place in ((line.quantity, line.location), (line.damaged, str(Location.HOLD)))
        if quantity
    ]  # fmt: skip
