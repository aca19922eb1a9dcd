"""Feed records that boxes hand back after a restore: the hub's own, signed, forgotten.

They are believed by the hub's signature and the chain, and adopted under their ids:
products whose version is newer than what the restored hub has, and commands, which stay
pending until their outcome is known. What was adopted goes down every feed again. An order
that was forgotten is raised for a person: a store knows its goods, not its prices.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg
import structlog

from cloud_hub.domain.proposed import check_product
from cloud_hub.services.judging import Frame
from cloud_hub.services.ports import Verify
from cloud_hub.storage import (
    barcodes,
    changes,
    commands,
    exceptions,
    feeds,
    origins,
    outcomes,
    products,
    purchase_orders,
    reservations,
)
from cloud_hub.storage.changes import Change
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.origins import Origin
from sync_protocol import changes as wire
from sync_protocol.batch import parse
from sync_protocol.errors import Malformed, ProtocolError
from sync_protocol.receiver import Accepted, receive
from sync_protocol.records import Fact
from sync_protocol.topics import Address

log = structlog.get_logger(__name__)


class Returned:
    """Takes back the feed records that a restored hub has lost."""

    def __init__(self, database: Database, *, verify: Verify) -> None:
        self._database = database
        self._verify = verify

    async def take(self, address: Address, frame: Frame, now_ms: int) -> None:
        """Adopt one returned batch, if it continues what this hub still has of that feed."""
        async with self._database.transaction() as connection:
            origin = await origins.lock(connection, address.origin_id)
            if origin is None or origin.lease != frame.lease:
                return
            batch = parse(frame.sealed)
            current = await feeds.lock(connection, origin.site_id)
            if current is None or str(current.feed_origin) == batch.origin_id:
                return
            last = await feeds.last_of(connection, origin.site_id, batch.origin_id)
            known = await feeds.hash_at(connection, origin.site_id, batch.origin_id, last)
            try:
                outcome = receive(batch, mark=last, mark_hash=known or b"", verify=self._verify)
            except ProtocolError:
                return
            if isinstance(outcome, Accepted):
                await self._adopt(connection, origin, batch.origin_id, outcome, now_ms)

    async def _adopt(
        self, connection: Connection, origin: Origin, feed_origin: str, accepted: Accepted, now_ms: int
    ) -> None:
        rows = [(text, chain_hash) for (text, _), chain_hash in zip(accepted.rows, accepted.hashes, strict=True)]
        await feeds.insert_returned(connection, origin.site_id, feed_origin, accepted.first, rows, now_ms)
        said: list[Change] = []
        for _, record in accepted.rows:
            if isinstance(record, Fact):
                said += await self._adopt_one(connection, origin, record, now_ms)
        await exceptions.raise_exception(
            connection, origin.site_id, "feed_returned", feed_origin,
            f"records up to {accepted.mark} of an earlier feed were handed back and adopted", now_ms=now_ms,
            origin_id=origin.origin_id,
        )  # fmt: skip
        await changes.append_all(connection, said, now_ms)

    async def _adopt_one(self, connection: Connection, origin: Origin, record: Fact, now_ms: int) -> list[Change]:
        try:
            body = wire.parse_change(record)
        except Malformed:
            return []
        if isinstance(body, wire.Product):
            return await _adopt_product(connection, body, now_ms)
        if isinstance(body, wire.ProductGone):
            return await _adopt_gone(connection, body, now_ms)
        if isinstance(body, wire.Command):
            return await _adopt_command(connection, origin, record, body, now_ms)
        if isinstance(body, wire.Order):
            await _miss_order(connection, origin, body, now_ms)
        return []


async def _miss_order(connection: Connection, origin: Origin, body: wire.Order, now_ms: int) -> None:
    """A store was told of an order that this hub has forgotten with its prices: a person makes it anew."""
    if await purchase_orders.find(connection, body.order_id) is None:
        detail = f"{body.number} of {body.vendor or 'a vendor'} was {body.state} when the hub was restored without it"
        await exceptions.raise_exception(
            connection, origin.site_id, "order_forgotten", body.number, detail, now_ms=now_ms,
            origin_id=origin.origin_id,
        )  # fmt: skip


async def _adopt_product(connection: Connection, body: wire.Product, now_ms: int) -> list[Change]:
    known = await products.lock(connection, body.product_id)
    if known is not None and known.version >= body.version:
        return []
    names = ("sku", "name", "category", "unit", "price", "cost", "currency", "lifecycle", "metadata", "reorder_point",
             "critical_level", "negative_policy")  # fmt: skip
    own = body.own or ()  # what only that site says is not the chain's
    said = {name: None if name in own else getattr(body, name) for name in names if known is None or name not in own}
    fields: Mapping[str, Any] = check_product(said, body.currency).fields
    trial = connection.transaction()
    await trial.start()
    try:
        if known is None:
            await products.insert(connection, body.product_id, fields, now_ms)
        else:
            await products.update(connection, known, fields, now_ms)
        for each in body.barcodes:
            await barcodes.link(connection, body.product_id, each.code, each.pack_quantity, now_ms)
        await trial.commit()
    except asyncpg.UniqueViolationError:
        await trial.rollback()
        return []
    return await _told(connection, body.product_id)


async def _adopt_gone(connection: Connection, body: wire.ProductGone, now_ms: int) -> list[Change]:
    known = await products.lock(connection, body.product_id)
    if body.own or known is None or known.version >= body.version:
        return []
    await products.update(connection, known, {"lifecycle": "archived"}, now_ms)
    return await _told(connection, body.product_id)


async def _told(connection: Connection, product_id: str) -> list[Change]:
    product = await products.find(connection, product_id)
    return [] if product is None else [(None, wire.change(products.feed_body(product)))]


async def _adopt_command(
    connection: Connection, origin: Origin, record: Fact, body: wire.Command, now_ms: int
) -> list[Change]:
    """Pending under its own id until the outcome is here; the box runs no command twice."""
    made = await commands.insert_command(
        connection, site_id=origin.site_id, id=body.command_id, key=body.key, kind=body.kind, body=body.body,
        expected_quantity=body.expected_quantity, expires_at=body.expires_at, actor=body.actor, product_id=None,
        pending_quantity=0, created_at=now_ms,
    )  # fmt: skip
    if made is None:
        return []
    outcome = await outcomes.find(connection, origin.site_id, body.command_id)
    if outcome is not None:
        await commands.settle(connection, [{**outcome, "settled_at": now_ms}])
        await reservations.settle(connection, origin.site_id, [body.command_id], now_ms)
        return []
    return [(str(origin.site_id), record)]
