"""Many stores in one process: the real protocol and transport over ledgers kept in memory.

Each emulated edge has a device key, an enrolment at the hub, `count` sales and its own MQTT
connection. `drain` brings all of them back at the same moment, waits until the hub has
acknowledged everything, and then lets all of them say goodbye, so that no later measurement
pays for sessions of stores that are gone. What a real agent adds is measured elsewhere.
"""

import asyncio
import contextlib
import random
import secrets
import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol import batch, chain, messages, topics
from sync_protocol.edge_session import EdgeSession, Link
from sync_protocol.effects import CompareHash, Effect, Publish
from sync_protocol.errors import TransportError
from sync_protocol.keys import verifier
from sync_protocol.ledger_view import LedgerView
from sync_protocol.limits import BATCH_RECORDS_BACKLOG
from sync_protocol.records import Item, Movement, encode
from sync_protocol.transport.mqtt import BrokerAddress, Connection


@dataclass(kw_only=True)
class EmulatedEdge:
    """One store's identity and its unsent records."""

    site_id: str
    device_id: str
    origin_id: str
    certificate: str
    key: Ed25519PrivateKey
    hub_key: bytes
    records: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    acked_at: float = 0.0
    _sealed: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def sell(self, products: list[str], count: int, rng: random.Random) -> None:
        """Append `count` sales of random products, with the item definitions they need."""
        refs: dict[str, int] = {}
        at = 1_790_000_000_000
        for _ in range(count):
            product = products[int(len(products) * rng.random() ** 2)]
            if product not in refs:
                refs[product] = len(refs) + 1
                self._append(encode(Item(refs[product], product, None, 1000, "each", 199 + len(refs), None, "EUR")))
            at += rng.randrange(500, 60_000)
            sale = Movement(refs[product], 1000, "shelf", "customer", "sale", at, 0)
            self._append(encode(sale))

    def _append(self, encoded: bytes) -> None:
        previous = self.hashes[-1] if self.hashes else chain.genesis(self.site_id, self.origin_id)
        self.records.append(encoded)
        self.hashes.append(chain.extend(previous, encoded))

    def hash_at(self, position: int) -> bytes:
        """The chain hash at a position."""
        return self.hashes[position - 1] if position else chain.genesis(self.site_id, self.origin_id)

    def sealed(self, first: int, last: int) -> bytes:
        """The signed batch of a range, made once: a thousand stores have a thousand processors to seal with."""
        found = self._sealed.get((first, last))
        if found is None:
            records = self.records[first - 1 : last]
            found = batch.seal(self.origin_id, first, self.hash_at(first - 1), records, self.key.sign)
            self._sealed[first, last] = found
        return found

    def view(self, boot: int) -> LedgerView:
        """What a Hello tells; nothing was ever acknowledged."""
        head = len(self.records)
        return LedgerView(
            site_id=self.site_id, origin_id=self.origin_id, device_id=self.device_id, certificate=self.certificate,
            boot=boot, instance=secrets.token_hex(8), head=head, chain_head=self.hash_at(head), acked=0,
            acked_hash=self.hash_at(0), first_retained=1, checkpoints=[], feed=None, hub_epoch=0,
        )  # fmt: skip


async def drain(edges: list[EmulatedEdge], broker: BrokerAddress, timeout_s: float = 120) -> float:
    """All of them at once; seconds until the last acknowledgement. Raises TimeoutError."""
    for edge in edges:
        for first in range(1, len(edge.records) + 1, BATCH_RECORDS_BACKLOG):
            edge.sealed(first, min(first + BATCH_RECORDS_BACKLOG - 1, len(edge.records)))
    started = time.perf_counter()
    everybody = asyncio.Barrier(len(edges))
    async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as group:
        for edge in edges:
            group.create_task(_come_back(edge, broker, everybody))
    return max(edge.acked_at for edge in edges) - started


async def _come_back(edge: EmulatedEdge, broker: BrokerAddress, everybody: asyncio.Barrier) -> None:
    boot, rng = 1, random.Random(edge.device_id)
    while True:
        try:
            connection = await Connection.open(broker, client_id=edge.device_id)
            try:
                lease = await _talk(edge, connection, boot)
                if lease is not None:
                    await everybody.wait()
                    goodbye = messages.encode(messages.Goodbye(lease=lease))
                    with contextlib.suppress(TransportError):
                        await connection.publish_confirmed(topics.up(edge.device_id, edge.origin_id), goodbye)
                    return
            finally:
                await connection.close()
        except (OSError, TransportError):
            pass
        await asyncio.sleep(rng.random() * 2)


async def _talk(edge: EmulatedEdge, connection: Connection, boot: int) -> str | None:
    """Send all there is; the session's lease once it is acknowledged, None when the hub wants us later."""
    session = EdgeSession(verify_hub=verifier(edge.hub_key))
    up, down = topics.up(edge.device_id, edge.origin_id), topics.down(edge.device_id, edge.origin_id)
    await connection.subscribe(down)
    view = edge.view(boot)
    _execute(
        edge, session, session.connected(view, secrets.token_hex(8), now=_now(), clock_ms=_clock()), connection, up
    )
    async for _, payload in connection.messages():
        effects = session.received(payload, now=_now(), clock_ms=_clock())
        _execute(edge, session, effects, connection, up)
        if session.link is Link.REFUSED:
            return None
        if session.link is Link.STREAMING and session.sender.pending == 0:
            edge.acked_at = time.perf_counter()
            return session.lease
        _pump(edge, session, connection, up)
    return None


def _execute(edge: EmulatedEdge, session: EdgeSession, effects: list[Effect], connection: Connection, up: str) -> None:
    for effect in effects:
        if isinstance(effect, Publish):
            connection.publish(up, effect.data)
        elif isinstance(effect, CompareHash):
            own = edge.hash_at(effect.position)
            _execute(edge, session, session.hash_known(own, now=_now(), clock_ms=_clock()), connection, up)


def _pump(edge: EmulatedEdge, session: EdgeSession, connection: Connection, up: str) -> None:
    while (found := session.next_range(_now())) is not None:
        assert session.sender.lease is not None
        connection.publish(up, messages.frame(session.sender.lease, edge.sealed(found.first, found.last)))
        session.published(found)


def _now() -> int:
    return time.monotonic_ns() // 1_000_000


def _clock() -> int:
    return time.time_ns() // 1_000_000
