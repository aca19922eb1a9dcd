"""A hub in memory on a real broker: the protocol's own answers, and knobs to misbehave with.

It keeps what a hub's row would keep (mark, hash, lease) and the records it accepted, so a
test can ask what really arrived. It is no fake of the protocol: `answer_hello`, `receive`
and the batches are the real ones.
"""

import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol import batch as batches
from sync_protocol import chain, topics
from sync_protocol import messages as say
from sync_protocol.errors import Lost
from sync_protocol.handshake import KnownFeed, KnownOrigin
from sync_protocol.hub_session import Offer, answer_hello
from sync_protocol.keys import verifier
from sync_protocol.receiver import Accepted, Disbelieved, Duplicate, Gap, NeedRaw, receive
from sync_protocol.records import Decoded, Fact, encode
from sync_protocol.transport.mqtt import BrokerAddress, Connection


@dataclass
class ScriptedHub:
    """One site's hub."""

    site_id: str
    device_id: str
    origin_id: str
    record_key: bytes
    """Public, of the box."""
    feed_origin: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    acks: bool = True
    """False: it takes batches and says nothing."""
    credits: int = 8
    epoch: int = 1
    records: list[Decoded] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    hellos: list[say.Hello] = field(default_factory=list)
    messages: list[object] = field(default_factory=list)
    arrived_ns: dict[int, int] = field(default_factory=dict)
    safe_mark: int = 0
    successor: str | None = None
    is_closed: bool = False
    lease: str = ""
    boot: int = 0
    instance: str | None = None
    feed: list[bytes] = field(default_factory=list)
    feed_hashes: list[bytes] = field(default_factory=list)
    feed_acked: say.FeedCursor | None = None
    returned: list[bytes] = field(default_factory=list)
    salvaged: list[Decoded] = field(default_factory=list)
    _salvage_lease: str = ""
    _salvage_hash: bytes = b""
    _salvage_mark: int = 0
    _connection: Connection | None = None

    def __post_init__(self) -> None:
        self.verify = verifier(self.record_key)
        self.changed = asyncio.Event()

    @property
    def mark(self) -> int:
        return len(self.records)

    def hash_at(self, position: int) -> bytes:
        return self.hashes[position - 1] if position else chain.genesis(self.site_id, self.origin_id)

    def feed_hash_at(self, position: int) -> bytes:
        return self.feed_hashes[position - 1] if position else chain.genesis(self.site_id, self.feed_origin)

    def restore_to(self, mark: int) -> None:
        """A backup of the hub was put back."""
        del self.records[mark:], self.hashes[mark:]
        self.safe_mark = min(self.safe_mark, mark)

    async def serve(self, address: BrokerAddress) -> None:
        """Until cancelled."""
        connection = await Connection.open(address, client_id=f"hub-{secrets.token_hex(4)}")
        self._connection = connection
        try:
            await connection.subscribe(topics.up_filter(topics.shard_of(self.device_id)))
            self._notify()
            with suppress(Lost):
                async for topic, payload in connection.messages():
                    self._on_message(topic, payload)
        finally:
            await connection.close()

    async def until(self, is_so, what: str, timeout_s: float = 15.0) -> None:
        """Wait on a condition of this hub."""
        try:
            async with asyncio.timeout(timeout_s):
                while not is_so():
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"expected within {timeout_s} s: {what}") from None

    def tell(self, message) -> None:
        """Say something to the box."""
        self._send(say.encode(message))

    def publish_feed(self, records: list[Fact]) -> None:
        """Append to the site's feed and send it."""
        first, previous = len(self.feed) + 1, self.feed_hash_at(len(self.feed))
        encoded = [encode(record) for record in records]
        self.feed += encoded
        self.feed_hashes += chain.extend_each(previous, encoded)
        self.send_feed(first)

    def send_feed(self, first: int) -> None:
        """Send all of the feed from a position."""
        encoded = self.feed[first - 1 :]
        if encoded and self.lease:
            sealed = batches.seal(self.feed_origin, first, self.feed_hash_at(first - 1), encoded, self.key.sign)
            self._send(say.frame(self.lease, sealed))

    # --- what the box says --------------------------------------------------------------

    def _on_message(self, topic: str, payload: bytes) -> None:
        if topics.parse_up(topic).origin_id != self.origin_id:
            return
        if say.is_frame(payload):
            self._on_batch(*say.unframe(payload))
        else:
            message = say.decode_up(payload)
            self.messages.append(message)
            if isinstance(message, say.Hello):
                self._on_hello(message)
            elif isinstance(message, say.FeedAck):
                self.feed_acked = message.feed
        self._notify()

    def _on_hello(self, hello: say.Hello) -> None:
        self.hellos.append(hello)
        lease = secrets.token_hex(8)
        known = KnownOrigin(
            mark=self.mark,
            mark_hash=self.hash_at(self.mark).hex(),
            hash_at_head=self.hash_at(hello.head).hex() if hello.head <= self.mark else None,
            boot=self.boot,
            instance=self.instance,
            is_closed=self.is_closed,
        )
        position = hello.feed.position if hello.feed else 0
        feed = KnownFeed(
            origin_id=self.feed_origin,
            head=len(self.feed),
            first_retained=1,
            hash_at_cursor=self.feed_hash_at(position).hex() if position <= len(self.feed) else None,
        )
        offer = Offer(
            lease=lease, credits=self.credits, start_after_ms=0, hub_epoch=self.epoch,
            hub_time_ms=time.time_ns() // 1_000_000, safe_mark=self.safe_mark,
            feed_head_hash=self.feed_hash_at(len(self.feed)).hex(), feed_return_after=0,
            successor=self.successor, salvage_after=0,
        )  # fmt: skip
        answer = answer_hello(hello, known, feed, offer)
        if isinstance(answer.message, say.Welcome):
            self.lease, self.boot, self.instance = lease, hello.boot, hello.instance
        if answer.is_salvage:
            self._salvage_lease, self._salvage_mark = lease, 0
            self._salvage_hash = chain.genesis(self.site_id, self.origin_id)
        self._send(say.encode(answer.message))
        if isinstance(answer.message, say.Welcome) and answer.message.feed_verdict == "normal":
            self.send_feed(position + 1)

    def _on_batch(self, lease: str, sealed: bytes) -> None:
        batch = batches.parse(sealed)
        if batch.origin_id != self.origin_id:
            self.returned.append(sealed)
            return
        if lease == self._salvage_lease:
            self._on_salvaged(lease, batch)
        if lease != self.lease:
            return
        outcome = receive(batch, mark=self.mark, mark_hash=self.hash_at(self.mark), verify=self.verify)
        if isinstance(outcome, Accepted):
            self.records += [record for _, record in outcome.rows]
            self.hashes += outcome.hashes
            self.arrived_ns[self.mark] = time.monotonic_ns()
        if not self.acks:
            return
        if isinstance(outcome, Accepted | Duplicate):
            self.ack()
        else:
            self._nack(outcome)

    def ack(self) -> None:
        """Say how far this hub is."""
        self.tell(
            say.Ack(lease=self.lease, mark=self.mark, mark_hash=self.hash_at(self.mark).hex(),
                    safe_mark=self.safe_mark, credits=self.credits)
        )  # fmt: skip

    def _on_salvaged(self, lease: str, batch: batches.Batch) -> None:
        outcome = receive(batch, mark=self._salvage_mark, mark_hash=self._salvage_hash, verify=self.verify)
        if isinstance(outcome, Accepted):
            self.salvaged += [record for _, record in outcome.rows]
            self._salvage_mark, self._salvage_hash = outcome.mark, outcome.hashes[-1]
        self.tell(say.Ack(lease=lease, mark=self._salvage_mark, mark_hash=self._salvage_hash.hex(),
                          safe_mark=0, credits=4))  # fmt: skip

    def _nack(self, outcome: Gap | NeedRaw | Disbelieved) -> None:
        code = "gap" if isinstance(outcome, Gap) else "raw" if isinstance(outcome, NeedRaw) else outcome.code
        expected = self.mark + 1 if isinstance(outcome, Disbelieved) else outcome.expected
        self.tell(say.Nack(lease=self.lease, code=code, expected=expected))

    def _send(self, payload: bytes) -> None:
        if self._connection is not None:
            self._connection.publish(topics.down(self.device_id, self.origin_id), payload)

    def _notify(self) -> None:
        self.changed.set()
