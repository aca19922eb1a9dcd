"""A site's reference data in one piece, for a new box or one that is too far behind.

One database snapshot: products, policies, sites, transfers and commands without an
outcome, standing at a feed position and naming the uplink position merged into it. A
successor's snapshot also carries levels, lots, keys and its predecessor's retained records.
Chunks are kept under their hash, so equal parts are made and downloaded once; those of the
products are made again only when a product was written.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from uuid import UUID

from cloud_hub.domain.purchasing import EXPECTING
from cloud_hub.domain.transfers import Step
from cloud_hub.errors import NotFound
from cloud_hub.services import feed as feed_service
from cloud_hub.services import staff_news, transit
from cloud_hub.services.ports import Sign
from cloud_hub.storage import (
    batches,
    branches,
    chunks,
    commands,
    feeds,
    ledger,
    levels,
    lots,
    origins,
    purchase_orders,
    reference,
    transfers,
)
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.feeds import Feed
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.purchase_orders import OrderFilter
from cloud_hub.storage.transfers import TransferFilter
from sync_protocol import batch, bootstrap
from sync_protocol import changes as wire
from sync_protocol.messages import FeedCursor
from sync_protocol.records import encode
from sync_protocol.snapshot import ChunkRef, Manifest, Uplink, chunk, sign_manifest

CATALOGUES_MAX = 64
"""Product chunks remembered (their names only): one per chain, and one per site with products of its own."""

ORDERS_MAX = 10_000
TRANSFERS_MAX = 10_000
"""Of one site under way at a time."""


class Snapshots:
    """Makes manifests and serves chunks."""

    def __init__(self, database: Database, *, sign: Sign) -> None:
        self._database = database
        self._sign = sign
        self._catalogues: OrderedDict[tuple[object, ...], list[ChunkRef]] = OrderedDict()
        self._making = asyncio.Lock()

    async def manifest(self, site_id: str, kind: str, now_ms: int) -> bytes:
        """A snapshot of the site, made now, as its signed manifest. Raises NotFound."""
        if kind not in ("catalogue", "successor"):
            raise NotFound("snapshot", f"expected kind catalogue or successor, got {kind!r}")
        # One at a time: a read snapshot that waits for another connection could starve the pool.
        async with self._making:
            while (made := await self._make(site_id, kind, now_ms)) is None:
                pass
        return sign_manifest(made, self._sign).model_dump_json(exclude_none=True).encode()

    async def _make(self, site_id: str, kind: str, now_ms: int) -> Manifest | None:
        """None: chunks of an earlier snapshot have been forgotten meanwhile; the next try makes them again."""
        feed = await self._feed(site_id, now_ms)
        async with self._database.transaction(isolation="repeatable_read") as connection:
            feed = await feeds.find(connection, site_id) or feed
            fingerprint = await reference.product_fingerprint(connection, site_id)
            products: list[bytes] = []
            if fingerprint not in self._catalogues:
                products = await reference.product_lines(connection, site_id)
            lines = [line async for line in self._reference(connection, site_id)]
            uplink = await _uplink(connection, site_id)
            if kind == "successor":
                lines += [line async for line in self._bootstrap(connection, site_id)]
        catalogue = await self._catalogue(fingerprint, products, now_ms)
        if catalogue is None:
            return None
        return Manifest(
            site_id=site_id, kind=kind, products=sum(each.records for each in catalogue), uplink=uplink,
            chunks=catalogue + await self._keep(lines, now_ms),
            feed=FeedCursor(origin_id=str(feed.feed_origin), position=feed.head, hash=feed.chain_hash.hex()),
        )  # fmt: skip

    async def chunk(self, _site_id: str, name: str) -> bytes | None:
        """A chunk by its hash, None when it is no longer kept."""
        try:
            wanted = bytes.fromhex(name)
        except ValueError:
            return None
        async with self._database.connection() as connection:
            return await chunks.find(connection, wanted)

    async def _feed(self, site_id: str, now_ms: int) -> Feed:
        """The feed with all changes of this moment in it: what comes later is above its head."""
        async with self._database.transaction() as connection:
            feed = await feed_service.ensure(connection, UUID(site_id), now_ms)
        while True:
            async with self._database.transaction() as connection:
                extended = await feed_service.extend(connection, site_id, now_ms)
            if extended is None or extended.changes_cursor == feed.changes_cursor:
                return extended or feed
            feed = extended

    async def _catalogue(
        self, fingerprint: tuple[object, ...], lines: list[bytes], now_ms: int
    ) -> list[ChunkRef] | None:
        """The chunks of the products: of these lines, or those that the box before this one got."""
        known = self._catalogues.pop(fingerprint, None)
        if known is None:
            known = await self._keep(lines, now_ms)
        elif not await self._touch(known, now_ms):
            return None
        self._catalogues[fingerprint] = known
        while len(self._catalogues) > CATALOGUES_MAX:
            self._catalogues.popitem(last=False)
        return known

    async def _reference(self, connection: Connection, site_id: str) -> AsyncIterator[bytes]:
        """Everything else that the feed would have told, as it is now."""
        for change in await reference.sites_and_policy(connection, site_id):
            yield encode(wire.change(change))
        for each in await staff_news.people_of(connection, site_id):
            yield encode(wire.change(each))
        under_way = TransferFilter(sites=[site_id], is_open=True)
        for transfer in await transfers.list_newest(connection, under_way, None, 0, TRANSFERS_MAX):
            if transfer.step in (Step.DISPATCHED, Step.REFUSED):
                for notice in transit.notices_of(transfer, transfer.step):
                    yield encode(wire.change(notice))
        for state in EXPECTING:
            expected = OrderFilter([site_id], state=state)
            for order in await purchase_orders.list_newest(connection, expected, None, 0, ORDERS_MAX):
                for body in purchase_orders.feed_bodies(order):
                    yield encode(wire.change(body))
        for command in await commands.list_pending(connection, site_id):
            told = wire.Command(
                command_id=command.id, kind=command.kind, key=command.key, body=command.body,
                expected_quantity=command.expected_quantity, expires_at=command.expires_at_ms, actor=command.actor,
            )  # fmt: skip
            yield encode(wire.change(told))

    async def _bootstrap(self, connection: Connection, site_id: str) -> AsyncIterator[bytes]:
        """Levels, lots, keys, and the records of former writers above their safe marks."""
        for product, place, quantity in await levels.list_levels(connection, site_id):
            if quantity:
                yield encode(bootstrap.level(product, place, quantity))
        for product in await lots.list_products(connection, site_id):
            for place, parts in (await lots.held(connection, site_id, product)).items():
                for lot, quantity in parts.items():
                    yield encode(bootstrap.lot(product, place, lot, quantity))
        for row in await ledger.list_keys(connection, site_id):
            yield encode(bootstrap.used_key(row["key"], row["body_hash"] or b""))
        for name in sorted(await branches.list_adopted(connection, site_id)):
            # A box that goes on must not adopt again, by whatever lies on a branch, what was adopted before it.
            yield encode(bootstrap.used_key(f"adopt:{name}", b""))
        for origin in await origins.list_of_site(connection, site_id):
            if origin.state != "open":
                for line in await _former(connection, origin):
                    yield line

    async def _keep(self, lines: list[bytes], now_ms: int) -> list[ChunkRef]:
        """Cut lines into chunks, beside the loop, and store those that are new."""
        made = await asyncio.to_thread(lambda: list(chunk(lines)))
        async with self._database.transaction() as connection:
            await chunks.keep(connection, made, now_ms)
        return [ChunkRef(hash=each.hash, bytes=len(each.data), records=each.records) for each in made]

    async def _touch(self, known: list[ChunkRef], now_ms: int) -> bool:
        async with self._database.transaction() as connection:
            return await chunks.touch(connection, (each.hash for each in known), now_ms)


async def _uplink(connection: Connection, site_id: str) -> Uplink | None:
    """Up to where the site's own records are merged; a successor that has sent nothing stands at its predecessor."""
    found = [origin for origin in await origins.list_of_site(connection, site_id) if origin.state != "fenced"]
    if not found:
        return None
    newest = found[-1]
    if newest.mark == 0 and newest.predecessor_origin is not None:
        before = next((each for each in found if each.origin_id == newest.predecessor_origin), newest)
        newest = before
    return Uplink(origin_id=str(newest.origin_id), position=newest.mark)


async def _former(connection: Connection, origin: Origin) -> list[bytes]:
    lines: list[bytes] = []
    for row in await batches.list_batches_after(connection, origin.site_id, origin.origin_id, origin.safe_mark):
        opened = batch.open_batch(batch.parse(row["sealed"]))
        for i, ((encoded, _), chain_hash) in enumerate(zip(opened.rows, opened.hashes, strict=True)):
            position = row["first_sequence"] + i
            if position > origin.safe_mark:
                told = bootstrap.former(str(origin.origin_id), position, encoded, chain_hash)
                lines += [encode(fact) for fact in told]
    return lines
