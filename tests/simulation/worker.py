"""One ingest worker of the hub: leased shards, row locks, transactions, answers after the commit.

It runs `answer_hello`, `receive`, `intake.plan` and `Sender` on the simulated tables in the
way that cloud_hub/services do on PostgreSQL. A worker may die between any two steps, may
come back as a zombie that still believes in its shards, and remembers nothing that counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_hub.domain.formers import Stretch
from sync_protocol import messages as say
from sync_protocol.batch import parse, seal
from sync_protocol.errors import ProtocolError
from sync_protocol.hub_session import answer_ping
from sync_protocol.messages import Ack, Nack
from sync_protocol.sender import Range, Sender, Stall
from sync_protocol.topics import shard_of
from tests.simulation import greeting, intake
from tests.simulation.evidence import on_pruned
from tests.simulation.tables import Feed, Origin, Transaction

if TYPE_CHECKING:
    from tests.simulation.hub import Hub

Reply = tuple[str, str, bytes]
"""(device, origin, payload) to publish after the commit."""
CREDITS = 4


@dataclass(slots=True)
class Session:
    """A worker's memory of a conversation: only to feed it; everything that counts is in the row."""

    device_id: str
    origin_id: str
    site_id: str
    feed_origin: str
    sender: Sender
    timer_at: int | None = None


class Worker:
    """One process."""

    def __init__(self, hub: "Hub", number: int) -> None:
        self.hub, self.number = hub, number
        self.is_on = True
        self.is_paused = False
        self.shards: set[int] = set()
        self.sessions: dict[str, Session] = {}
        self.held: dict[str, Stretch] = {}
        """Records of closed origins that their successors tell again, by successor."""
        self.fuse: int | None = None
        self._life = 0
        self._waiting: list[tuple[str, str, bytes]] = []

    # --- life -------------------------------------------------------------------------

    def start(self) -> None:
        """Up again, with nothing in memory."""
        if self.is_on:
            return
        self.is_on, self.fuse = True, None
        self._life += 1
        self.hub.now_shards()

    def stop(self) -> None:
        """Killed: open transactions are rolled back, locks fall."""
        self.is_on = False
        self._life += 1
        self.sessions.clear()
        self.held.clear()
        self._waiting.clear()
        for key in [key for key, owner in self.hub.locks.items() if owner is self]:
            del self.hub.locks[key]

    def pause(self) -> None:
        """SIGSTOP: it keeps its memory and believes in its shards when it wakes up."""
        self.is_paused = True

    def wake(self) -> None:
        self.is_paused = False
        waiting, self._waiting = self._waiting, []
        for device_id, origin_id, payload in waiting:
            self.receive(device_id, origin_id, payload)
        self.feed_all()

    def take_shards(self, shards: set[int]) -> None:
        """A zombie is not asked, and keeps what it had."""
        if self.is_paused:
            return
        gained = shards - self.shards
        self.shards = shards
        for (origin_id,), row in self.hub.tables.scan("origins"):
            if row.lease is not None and shard_of(row.device_id) in gained and row.lease not in self.sessions:
                self.recall(origin_id, row)

    def recall(self, origin_id: str, row: Origin) -> None:
        """Take over a live session whose worker is gone: its feed goes on from what was acknowledged."""
        feed = self.hub.tables.get("feeds", row.site_id)
        if row.lease is not None:
            session = self.open(row.lease, row.device_id, origin_id, row.site_id, feed.origin_id)
            session.sender.start(
                lease=row.lease,
                mark=self.hub.tables.get("feed_acked", feed.origin_id) or 0,
                head=feed.head,
                credits=CREDITS,
                now=self._now,
            )
            self._feed(session)

    @property
    def _now(self) -> int:
        return self.hub.world.timeline.now

    def point(self, name: str) -> None:
        """A place where this worker may be killed."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.hub.world.timeline.note(f"worker {self.number} dies {name}")
                raise WorkerKilled(name)

    # --- messages ---------------------------------------------------------------------

    def receive(self, device_id: str, origin_id: str, payload: bytes) -> None:
        """A payload on one of the up topics that this worker subscribed to."""
        if self.is_paused:
            self._waiting.append((device_id, origin_id, payload))
            return
        if self.is_on and shard_of(device_id) in self.shards:
            self._handle(device_id, origin_id, payload)

    def _handle(self, device_id: str, origin_id: str, payload: bytes) -> None:
        try:
            if say.is_frame(payload):
                lease, sealed = say.unframe(payload)
                batch = parse(sealed)
                self.transact(
                    device_id, origin_id, lambda txn: intake.on_batch(self, txn, device_id, origin_id, lease, batch)
                )
                return
            message = say.decode_up(payload)
        except ProtocolError as error:
            self.hub.world.screen.show(None, f"unreadable: {error.code}")
            return
        if isinstance(message, say.Hello):
            self.transact(device_id, origin_id, lambda txn: greeting.on_hello(self, txn, device_id, origin_id, message))
        elif isinstance(message, say.FeedAck):
            self.transact(device_id, origin_id, lambda txn: self._on_feed_ack(txn, origin_id, message))
        elif isinstance(message, say.Ping):
            self.transact(device_id, origin_id, lambda txn: self._on_ping(txn, device_id, origin_id, message))
        elif isinstance(message, say.PrunedLevels):
            self.transact(device_id, origin_id, lambda txn: on_pruned(self, txn, device_id, origin_id, message))
        elif isinstance(message, say.Digest | say.BucketLevels):
            self.transact(device_id, origin_id, lambda txn: intake.on_proof(self, txn, device_id, origin_id, message))

    def transact(self, device_id: str, origin_id: str, body: Callable[[Transaction], list[Reply]]) -> None:
        """Lock the origin's row; a moment later run, commit and answer.

        The rows are read when the transaction commits: what two of them count (positions of changes,
        levels) is under row locks in PostgreSQL, so nobody overwrites what another has just added.
        """
        timeline, hub = self.hub.world.timeline, self.hub
        if origin_id in hub.locks:
            timeline.after(1 + timeline.random.randrange(5), self._again, self._life, device_id, origin_id, body)
            return
        hub.locks[origin_id] = self
        timeline.after(timeline.random.randrange(8), self._commit, self._life, origin_id, body)

    def _again(self, life: int, device_id: str, origin_id: str, body: Callable[[Transaction], list[Reply]]) -> None:
        if life == self._life and self.is_on:
            self.transact(device_id, origin_id, body)

    def _commit(self, life: int, origin_id: str, body: Callable[[Transaction], list[Reply]]) -> None:
        if life != self._life or not self.is_on:
            return
        txn = Transaction(self.hub.tables)
        try:
            replies = body(txn)
            self.point("before the commit")
            txn.commit()
            del self.hub.locks[origin_id]
            self.point("after the commit")
            for device_id, to_origin, payload in replies:
                self.hub.world.broker.down(device_id, to_origin, payload)
                self.point("after an answer")
        except WorkerKilled:
            self._die()
            return
        for session in list(self.sessions.values()):
            if session.origin_id == origin_id:
                self._feed(session)
        self.hub.announce()

    def _die(self) -> None:
        self.hub.world.met["hub worker killed"] += 1
        self.stop()
        timeline = self.hub.world.timeline
        timeline.after(timeline.random.randrange(2_000, 15_000), self.hub.now_shards)
        timeline.after(timeline.random.randrange(3_000, 30_000), self.start)

    # --- the feed ---------------------------------------------------------------------

    def open(self, lease: str, device_id: str, origin_id: str, site_id: str, feed_origin: str) -> Session:
        """Remember a session; an origin has one."""
        for old in [old for old, session in self.sessions.items() if session.origin_id == origin_id]:
            del self.sessions[old]
        session = Session(device_id, origin_id, site_id, feed_origin, Sender(batch_records_max=20))
        self.sessions[lease] = session
        return session

    def _on_ping(self, txn: Transaction, device_id: str, origin_id: str, message: say.Ping) -> list[Reply]:
        row: Origin | None = txn.get("origins", origin_id)
        if row is None:
            return []
        answer = answer_ping(
            message, lease=None if row.is_closed else row.lease, mark=row.mark, mark_hash=row.chain_hash.hex(),
            safe_mark=row.safe_mark, credits=CREDITS,
        )  # fmt: skip
        if isinstance(answer, Ack) and message.lease not in self.sessions:
            self.recall(origin_id, row)
        return [(device_id, origin_id, say.encode(answer))]

    def _on_feed_ack(self, txn: Transaction, origin_id: str, message: say.FeedAck) -> list[Reply]:
        row: Origin | None = txn.get("origins", origin_id)
        if row is None or row.lease != message.lease:
            device_id = row.device_id if row is not None else ""
            nack = Nack(lease=message.lease, code="lease", expected=0, detail="this session is over")
            return [(device_id, origin_id, say.encode(nack))]
        feed = self.hub.extend_feed(row.site_id)
        cursor = message.feed
        if cursor.origin_id != feed.origin_id:
            return []
        txn.put("feed_acked", feed.origin_id, max(cursor.position, txn.get("feed_acked", feed.origin_id) or 0))
        session = self.sessions.get(message.lease)
        if session is None or session.feed_origin != feed.origin_id:
            session = self.open(message.lease, row.device_id, origin_id, row.site_id, feed.origin_id)
        sender = session.sender
        if message.lease != sender.lease:
            sender.start(lease=message.lease, mark=cursor.position, head=feed.head, credits=CREDITS, now=self._now)
        sender.on_ack(Ack(
            lease=message.lease, mark=cursor.position, mark_hash=cursor.hash, safe_mark=0, credits=CREDITS
        ), self._now)  # fmt: skip
        if message.expected is not None:
            sender.on_nack(Nack(lease=message.lease, code="gap", expected=message.expected), self._now)
        self._feed(session)
        return []

    def feed_all(self) -> None:
        """Something new may be there."""
        for session in list(self.sessions.values()):
            self._feed(session)

    def tell_safe(self) -> None:
        """Tell the boxes in conversation how much of their feed is in a verified backup."""
        for lease, session in self.sessions.items():
            feed = self.hub.tables.get("feeds", session.site_id)
            safe = say.FeedSafe(lease=lease, origin_id=feed.origin_id, safe_mark=feed.safe_mark)
            self.hub.world.broker.down(session.device_id, session.origin_id, say.encode(safe))

    def _feed(self, session: Session) -> None:
        feed = self.hub.extend_feed(session.site_id)
        sender = session.sender
        sender.appended(feed.head, self._now)
        while feed.origin_id == session.feed_origin and (wanted := sender.next_range(self._now)) is not None:
            self._send(session, feed, wanted)
        due = sender.timer()
        if due is not None and (session.timer_at is None or due < session.timer_at):
            session.timer_at = due
            self.hub.world.timeline.after(due - self._now, self._on_timer, self._life, session, due)

    def _send(self, session: Session, feed: Feed, wanted: Range) -> None:
        """One batch of the feed."""
        tables, sender = self.hub.tables, session.sender
        previous = self.hub.feed_hash(tables, session.site_id, feed.origin_id, wanted.first - 1)
        encoded = [tables.get("feed_records", feed.origin_id, n).encoded for n in range(wanted.first, wanted.last + 1)]
        assert previous is not None
        assert sender.lease is not None
        sealed = seal(feed.origin_id, wanted.first, previous, encoded, self.hub.world.hub_key.sign, raw=wanted.raw)
        self.hub.world.broker.down(session.device_id, session.origin_id, say.frame(sender.lease, sealed))
        sender.published(wanted)

    def _on_timer(self, life: int, session: Session, due: int) -> None:
        if life != self._life or session.timer_at != due:
            return
        session.timer_at = None
        lease = session.sender.lease
        if lease is None or self.sessions.get(lease) is not session:
            return
        if session.sender.on_timer(self._now) is Stall.RECONNECT:
            del self.sessions[lease]
            return
        self._feed(session)


class WorkerKilled(BaseException):
    """SIGKILL at a point."""
