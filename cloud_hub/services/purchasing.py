"""Purchase orders: what a site asks of a vendor, from the draft until the goods are in.

Each step is one transaction that locks the order, asks the state table and writes the
next version. An order is made for any site; who may approve it depends on its total and
on the limit of the person, else of their role. Administrators have no limit.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from uuid_utils import uuid7

from cloud_hub.domain.permissions import Principal, Role
from cloud_hub.domain.purchasing import Limit, Line, State, Step, after, require_limit
from cloud_hub.errors import Conflict, Invalid, NotFound, Stale
from cloud_hub.services import order_news
from cloud_hub.services.vendors import day_of
from cloud_hub.storage import approval_limits, changes, purchase_orders, request_keys, sites, vendor_prices, vendors
from cloud_hub.storage.approval_limits import ApprovalLimit
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.purchase_orders import Order, OrderFilter
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sites import Site
from cloud_hub.storage.vendors import Vendor

__all__ = ["ApprovalLimit", "Order", "OrderFilter", "Purchasing", "Wanted"]


class Wanted(NamedTuple):
    """A line as asked for; `unit_price` None: what the vendor's price list says today."""

    product_id: str
    quantity: int
    unit_price: Decimal | None


class Purchasing:
    """The use cases of purchase orders."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def list(self, wanted: OrderFilter, before: tuple[int, str] | None, skip: int, limit: int) -> list[Order]:
        """Orders, newest first."""
        return await self._reads.run(purchase_orders.list_newest, wanted, before, skip, limit)

    async def get(self, order_id: str, who: Principal) -> Order:
        """Raises NotFound, also for an order of a site that is not theirs."""
        return _theirs(await self._reads.run(purchase_orders.find, order_id), who)

    async def create(
        self,
        site: Site,
        vendor_id: str,
        fields: Mapping[str, Any],
        lines: Sequence[Wanted],
        key: str,
        who: Principal,
        now_ms: int,
    ) -> tuple[Order, bool]:
        """A new draft, or the one that this key made before. Raises NotFound, Conflict, Invalid."""
        body = orjson.dumps([site.id, vendor_id, fields, lines], default=str, option=orjson.OPT_SORT_KEYS)
        order_id = str(uuid7())
        async with self._database.transaction() as connection:
            earlier = await request_keys.claim(connection, who.id, key, sha256(body).digest(), order_id, now_ms)
            if earlier is not None:
                return _theirs(await purchase_orders.find(connection, earlier), who), True
            vendor = await _active(connection, vendor_id)
            priced = await _priced(connection, vendor, lines, now_ms)
            await sites.lock(connection, site.id)  # the site's next number is ours until the commit
            whole = {**fields, "site_id": site.id, "vendor_id": vendor.id, "state": State.DRAFT,
                     "currency": vendor.currency, "created_by": who.name}  # fmt: skip
            made = await purchase_orders.insert(connection, order_id, whole, priced, now_ms)
            return await _told(connection, made, now_ms), False

    async def edit(
        self,
        order_id: str,
        fields: Mapping[str, Any],
        lines: Sequence[Wanted] | None,
        if_match: str | None,
        who: Principal,
        now_ms: int,
    ) -> Order:
        """Change a draft. Raises NotFound, Stale, Conflict, Invalid."""
        async with self._database.transaction() as connection:
            order = await self._locked(connection, order_id, if_match, who)
            after(order.state, Step.EDIT)
            priced = None
            if lines is not None:
                priced = await _priced(connection, await _active(connection, order.vendor_id), lines, now_ms)
            edited = await purchase_orders.update(connection, order, fields, now_ms, lines=priced)
            return await _told(connection, edited, now_ms)

    async def approve(self, order_id: str, if_match: str | None, who: Principal, now_ms: int) -> Order:
        """Raises NotFound, Stale, Conflict; Forbidden beyond the person's limit."""
        async with self._database.transaction() as connection:
            order = await self._locked(connection, order_id, if_match, who)
            state = after(order.state, Step.APPROVE)
            if who.role != Role.ADMIN:
                found = await approval_limits.find(connection, who.id, who.role, order.currency)
                require_limit(order.total, order.currency, None if found is None else Limit(amount=found.amount))
            fields = {"state": state, "approved_by": who.name, "approved_at": now_ms}
            return await _told(connection, await purchase_orders.update(connection, order, fields, now_ms), now_ms)

    async def step(
        self,
        order_id: str,
        step: Step,
        fields: Mapping[str, Any],
        if_match: str | None,
        who: Principal,
        now_ms: int,
    ) -> Order:
        """Send, acknowledge, close or cancel. Raises NotFound, Stale, Conflict."""
        moments = {Step.SEND: "sent_at", Step.ACKNOWLEDGE: "acknowledged_at"}
        async with self._database.transaction() as connection:
            order = await self._locked(connection, order_id, if_match, who)
            changed = {**fields, "state": after(order.state, step), moments.get(step, "closed_at"): now_ms}
            return await _told(connection, await purchase_orders.update(connection, order, changed, now_ms), now_ms)

    async def limits(self) -> Sequence[ApprovalLimit]:
        """All approval limits, by subject."""
        return await self._reads.run(approval_limits.list_all)

    async def set_limit(self, subject: str, currency: str, amount: Decimal | None, now_ms: int) -> ApprovalLimit:
        """Say how much a role or person may approve in one order."""
        limit = ApprovalLimit(subject, currency, amount, now_ms)
        async with self._database.transaction() as connection:
            await approval_limits.save(connection, limit)
        return limit

    async def remove_limit(self, subject: str, currency: str) -> None:
        """Raises NotFound."""
        async with self._database.transaction() as connection:
            if not await approval_limits.remove(connection, subject, currency):
                raise NotFound("approval_limit", "there is no such approval limit")

    async def _locked(self, connection: Connection, order_id: str, if_match: str | None, who: Principal) -> Order:
        order = _theirs(await purchase_orders.lock(connection, order_id), who)
        if if_match is not None and if_match != order.etag:
            raise Stale("version", f"expected version {order.etag}, got {if_match[:60]}")
        return order


async def _told(connection: Connection, order: Order, now_ms: int) -> Order:
    """Last in a transaction: the changes counter is everybody's lock."""
    await changes.append_all(connection, await order_news.tell(connection, order, now_ms), now_ms)
    return order


def _theirs(order: Order | None, who: Principal) -> Order:
    if order is None or not who.sees(order.site_id):
        raise NotFound("purchase_order", "no such purchase order")
    return order


async def _active(connection: Connection, vendor_id: str) -> Vendor:
    vendor = await vendors.find(connection, vendor_id)
    if vendor is None:
        raise NotFound("vendor", "no such vendor", pointer="/vendor_id")
    if vendor.lifecycle == "archived":
        raise Conflict("archived", "expected a vendor that is not archived", pointer="/vendor_id")
    return vendor


async def _priced(connection: Connection, vendor: Vendor, lines: Sequence[Wanted], now_ms: int) -> list[Line]:
    """Lines with prices in the vendor's currency, each product once."""
    wanted = [line.product_id for line in lines]
    existing = await vendor_prices.list_existing_products(connection, wanted)
    prices = await _prices_of(connection, vendor, wanted, day_of(now_ms))
    made = []
    for index, (product_id, quantity, price) in enumerate(lines):
        where = f"/lines/{index}"
        if product_id not in existing:
            raise NotFound("product", f"line {index}: no such product", pointer=f"{where}/product_id")
        if product_id in wanted[:index]:
            raise Invalid("twice", f"line {index}: expected each product once", pointer=f"{where}/product_id")
        unit_price = prices.get(product_id) if price is None else price
        if unit_price is None:
            raise Invalid(
                "unit_price", f"line {index}: expected a price, the vendor has none in {vendor.currency}",
                pointer=f"{where}/unit_price",
            )  # fmt: skip
        made.append(Line(product_id=product_id, quantity=quantity, unit_price=unit_price))
    return made


async def _prices_of(
    connection: Connection, vendor: Vendor, product_ids: Sequence[str], day: date
) -> dict[str, Decimal]:
    offers = await vendor_prices.list_offers(connection, product_ids, day)
    return {
        price.product_id: price.unit_price
        for price, _ in offers
        if price.vendor_id == vendor.id and price.currency == vendor.currency
    }
