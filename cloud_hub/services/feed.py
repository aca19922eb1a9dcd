"""Step 8 of the data's way: changes become each site's feed, sealed by the hub, sent down.

`extend` gives positions under the lock of the feed's row, in the commit order of the
changes, so there are no gaps and nothing is skipped. `Line` is the sending end of one
live session; what it forgets when a worker dies, the next FeedAck or Hello tells.
"""

from collections.abc import Sequence
from uuid import UUID

from cloud_hub.crashpoints import crashpoint
from cloud_hub.services.ports import Sign
from cloud_hub.services.registering import new_id
from cloud_hub.storage import changes, feeds, site_products
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.feeds import Feed
from sync_protocol import batch as batches
from sync_protocol import messages as say
from sync_protocol.errors import TooLarge
from sync_protocol.records import Fact, encode
from sync_protocol.sender import Range, Sender, SenderState, Stall
from sync_protocol.topics import Address

CREDITS = 4
FEED_RECORDS_MAX = 200
"""A box applies a batch in one transaction, at about 70 µs a change: 14 ms for which a sale may have to wait."""
EXTEND_MAX = 2_000


async def ensure(connection: Connection, site_id: UUID, now_ms: int) -> Feed:
    """The site's feed, begun at today's changes if it has none: a new box takes a snapshot first."""
    return (await ensure_all(connection, [site_id], now_ms))[site_id]


async def ensure_all(connection: Connection, site_ids: Sequence[UUID], now_ms: int) -> dict[UUID, Feed]:
    """The feeds of several sites, begun where there is none."""
    found = await feeds.find_all(connection, site_ids)
    if missing := set(site_ids) - found.keys():
        # In one order everywhere, so that two transactions that begin the same feeds do not deadlock.
        begun = [(site_id, new_id()) for site_id in sorted(missing)]
        await feeds.insert_feeds(connection, begun, await changes.head(connection), now_ms)
        found = await feeds.find_all(connection, site_ids)
    return found


async def fork(connection: Connection, old: Feed, now_ms: int) -> None:
    """A new feed origin that names where it left the old one; boxes take a snapshot to join it."""
    await feeds.replace_feed(connection, old, new_id(), await changes.head(connection), now_ms)


async def extend(connection: Connection, site_id: object, now_ms: int) -> Feed | None:
    """Take up to EXTEND_MAX waiting changes into the site's feed; the feed as it is then."""
    feed = await feeds.lock(connection, site_id)
    if feed is None:
        return None
    head = await changes.head(connection)
    waiting = await changes.list_after(connection, str(site_id), feed.changes_cursor, EXTEND_MAX)
    last = waiting[-1]["position"] if waiting else 0
    # All up to `head` were committed when it was read, so what was not listed is of other sites.
    cursor = last if len(waiting) == EXTEND_MAX else max(head, last)
    if cursor <= feed.changes_cursor:
        return feed
    told = await site_products.overlay(connection, site_id, [(row["kind"], row["body"]) for row in waiting])
    encoded = [text for kind, body in told if (text := _encoded(kind, body)) is not None]
    return await feeds.append(connection, feed, encoded, cursor, now_ms)


def _encoded(kind: str, body: dict[str, object]) -> bytes | None:
    try:
        return encode(Fact(kind, body))
    except TooLarge:
        return None


class Line:
    """The feed of one live session: the same Sender as the edge's uplink."""

    def __init__(self, address: Address, site_id: UUID, feed_origin: UUID, lease: str) -> None:
        self.address, self.site_id, self.feed_origin, self.lease = address, site_id, feed_origin, lease
        self.sender = Sender(batch_records_max=FEED_RECORDS_MAX)

    def start(self, cursor: int, head: int, now: int) -> None:
        """The box stands at this cursor."""
        self.sender.start(lease=self.lease, mark=cursor, head=max(head, cursor), credits=CREDITS, now=now)

    def heard(self, ack: say.FeedAck, head: int, now: int) -> bool:
        """A FeedAck came: go on, or go back; False when it is of another feed."""
        cursor = ack.feed
        if cursor.origin_id != str(self.feed_origin):
            return False
        if self.sender.state is not SenderState.STREAMING or cursor.position < self.sender.mark:
            self.start(cursor.position, head, now)
            return True
        self.sender.appended(head, now)
        as_ack = say.Ack(lease=self.lease, mark=cursor.position, mark_hash=cursor.hash, safe_mark=0, credits=CREDITS)
        self.sender.on_ack(as_ack, now)
        if ack.expected is not None:
            nack = say.Nack(lease=self.lease, code="gap", expected=ack.expected)
            if self.sender.mark < ack.expected <= self.sender.head + 1:
                self.sender.on_nack(nack, now)
        return True

    def tick(self, now: int) -> None:
        """Silence goes back to the mark; the box itself decides when to drop the connection."""
        if self.sender.on_timer(now) is Stall.RECONNECT:
            mark, head = self.sender.mark, self.sender.head
            self.start(mark, head, now)


class Feeder:
    """Extends feeds and reads what lines have to send."""

    def __init__(self, database: Database, *, sign: Sign) -> None:
        self._database = database
        self._sign = sign

    async def extend_all(self, site_ids: Sequence[UUID], now_ms: int) -> dict[UUID, Feed]:
        """Take all waiting changes into the feeds of several sites; the feeds as they are then."""
        async with self._database.connection() as connection:
            current = await feeds.find_all(connection, site_ids)
            head = await changes.head(connection)
        for site_id, feed in current.items():
            if feed.changes_cursor < head:
                current[site_id] = await self.extend(site_id, now_ms) or feed
        return current

    async def extend(self, site_id: UUID, now_ms: int) -> Feed | None:
        """Take all waiting changes into the site's feed."""
        while True:
            async with self._database.connection() as connection:
                feed = await feeds.find(connection, site_id)
                head = await changes.head(connection)
            if feed is None or feed.changes_cursor >= head:
                return feed
            async with self._database.transaction() as connection:
                await extend(connection, site_id, now_ms)
                crashpoint("feed.before_commit")
            crashpoint("feed.after_commit")

    async def seal(self, line: Line, wanted: Range) -> bytes | None:
        """The framed batch of a range, signed by the hub."""
        async with self._database.connection() as connection:
            after = wanted.first - 1
            previous = await feeds.hash_at(connection, line.site_id, line.feed_origin, after)
            encoded = await feeds.read(connection, line.site_id, line.feed_origin, after, wanted.count)
        if previous is None or not encoded:
            return None
        sealed = batches.seal(str(line.feed_origin), wanted.first, previous, encoded, self._sign, raw=wanted.raw)
        return say.frame(line.lease, sealed)

    async def acked(self, line: Line, ack: say.FeedAck) -> None:
        """Save how far the box has applied its feed."""
        async with self._database.connection() as connection:
            await feeds.save_acked(connection, line.site_id, ack.feed.origin_id, ack.feed.position)

    async def find(self, site_id: UUID) -> Feed | None:
        """The site's feed as it is now."""
        async with self._database.connection() as connection:
            return await feeds.find(connection, site_id)
