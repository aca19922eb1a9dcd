"""The edge's end of the conversation, sans-IO: bytes in, effects out, time as an argument.

The shell owns the database and the connection. It calls `connected` on each new one, hands
in every payload, carries out the effects in order, reports back (`hash_known`,
`feed_applied`, `snapshot_done`, ...), publishes what `next_range` names, and calls
`on_timer` when `timer` is due. The simulator is such a shell too. One state machine, so one
file; its parts with a state of their own are `sender.py` and `feed_reader.py`.

    offline --connected--> greeting --Welcome--> checking --hash_known--> streaming
    greeting --Fenced--> salvaging (the tail goes up as a branch without effect) -> fenced
    greeting --Successor--> offline (the shell bootstraps the new origin, then connects)
    greeting --Refused--> refused (asks again after retry_after_ms, or waits for a person)
"""

from dataclasses import replace
from enum import StrEnum

from sync_protocol import batch as batches
from sync_protocol import messages as say
from sync_protocol.effects import (
    Become,
    CompareHash,
    Disconnect,
    Effect,
    HubTime,
    MakeDigest,
    MakeSummary,
    Publish,
    RebuildLevels,
    ReturnFormer,
    SaveFeedSafe,
    SaveMark,
    TellBuckets,
    TellPruned,
)
from sync_protocol.errors import ProtocolError
from sync_protocol.feed_reader import FeedReader, feed_ack
from sync_protocol.handshake import Verdict
from sync_protocol.ledger_view import LedgerView
from sync_protocol.limits import HELLO_TIMEOUT_MS, PING_AFTER_MS, STALL_TIMEOUT_MS
from sync_protocol.sender import Range, Sender, SenderState, Stall

SUMMARY_FROM_RECORDS = 2_000
"""A backlog of this many records is preceded by an advisory level summary."""
FENCED_RETRY_MS = 15_000
DIGEST_EVERY_MS = 24 * 3_600_000


class Link(StrEnum):
    """Where the conversation stands; the screen shows it."""

    OFFLINE = "offline"
    GREETING = "greeting"
    CHECKING = "checking"
    STREAMING = "streaming"
    SALVAGING = "salvaging"
    FENCED = "fenced"
    REFUSED = "refused"


class EdgeSession:
    """One origin's conversation with the hub, over one connection after another."""

    def __init__(self, *, verify_hub: batches.Verify, batch_records_max: int | None = None) -> None:
        self.link = Link.OFFLINE
        self.detail = ""
        self.sender = Sender(**({"batch_records_max": batch_records_max} if batch_records_max else {}))
        self.lease: str | None = None
        self._view: LedgerView | None = None
        self._session = ""
        self._hello_at = self._hello_clock = 0
        self._retry_at: int | None = None
        self._welcome: say.Welcome | None = None
        self._feed = FeedReader(verify_hub)
        self._digest_at: int | None = None
        self._former: say.Former | None = None
        self._former_at = 0
        self._heard_at = 0
        self._asked_at: int | None = None

    # --- what the shell calls ---------------------------------------------------------

    def connected(self, view: LedgerView, session: str, *, now: int, clock_ms: int) -> list[Effect]:
        """A new connection is up: say Hello. `session` is random, `now` monotonic milliseconds."""
        self.disconnected()
        self._view, self._session = view, session
        self._feed.cursor = view.feed
        self.link, self.detail = Link.GREETING, ""
        self._hello_at, self._hello_clock = now, clock_ms
        return [Publish(say.encode(view.hello(session, clock_ms)))]

    def disconnected(self) -> None:
        """The connection is gone; nothing of it is remembered."""
        self.link, self.lease, self._welcome, self._retry_at = Link.OFFLINE, None, None, None
        self._digest_at = self._asked_at = self._former = None
        self.sender.disconnected()

    def received(self, payload: bytes, *, now: int, clock_ms: int) -> list[Effect]:
        """A payload from the origin's down topic; what cannot be read is dropped and changes nothing."""
        try:
            if say.is_frame(payload):
                return self._on_feed(payload, now)
            message = say.decode_down(payload)
        except ProtocolError as error:
            self.detail = f"{error.code}: {error.detail}"
            return []
        if isinstance(message, say.Welcome | say.Fenced | say.Successor | say.Refused):
            return self._on_greeting(message, now, clock_ms)
        if message.lease != self.lease:
            return []
        self._hear(now)
        return self._on_control(message, now)

    def hash_known(self, own_hash: bytes | None, *, now: int, clock_ms: int) -> list[Effect]:
        """The answer to CompareHash; None when the position is pruned (the safe mark vouches for it)."""
        welcome, view = self._welcome, self._view
        if self.link is not Link.CHECKING or welcome is None or view is None:
            return []
        if own_hash is not None and own_hash.hex() != welcome.mark_hash:
            point = say.Checkpoint(position=welcome.mark, hash=own_hash.hex())
            disputed = replace(view, checkpoints=[point, *view.checkpoints][:40])
            return self.connected(disputed, self._session, now=now, clock_ms=clock_ms)
        return self._stream(welcome, view, now)

    def appended(self, head: int, *, now: int) -> None:
        """The ledger has grown to this head."""
        self.sender.appended(head, now)

    def next_range(self, now: int) -> Range | None:
        """Records to read, seal, `say.frame(session.sender.lease, ...)` and publish; then `published`."""
        return self.sender.next_range(now)

    def published(self, sent: Range) -> None:
        """The range is on its way."""
        self.sender.published(sent)

    def feed_applied(self, cursor: say.FeedCursor) -> list[Effect]:
        """An ApplyFeed was committed: acknowledge it."""
        return self._feed_ack(cursor)

    def snapshot_done(self, cursor: say.FeedCursor) -> list[Effect]:
        """A snapshot was swapped in: the feed goes on from its position."""
        self._feed.cursor = cursor
        return self._feed_ack(cursor)

    def digest(self, position: int, chain_hash: bytes, buckets: str, incomplete: list[int]) -> list[Effect]:
        """The answer to MakeDigest."""
        if self.lease is None:
            return []
        message = say.Digest(
            lease=self.lease, position=position, chain_hash=chain_hash.hex(), buckets=buckets, incomplete=incomplete
        )
        return [Publish(say.encode(message))]

    def goodbye(self) -> list[Effect]:
        """The agent stops on purpose."""
        return [] if self.lease is None else [Publish(say.encode(say.Goodbye(lease=self.lease)))]

    def timer(self) -> int | None:
        """When `on_timer` has something to do."""
        due = [at for at in (self.sender.timer(), self._retry_at, self._digest_at) if at is not None]
        if self.link in (Link.GREETING, Link.CHECKING):
            due.append(self._hello_at + HELLO_TIMEOUT_MS)
        elif self.link is Link.STREAMING:
            due.append(self._ask_again_at())
            if self._former is not None:
                due.append(self._former_at)
        return min(due, default=None)

    def on_timer(self, now: int) -> list[Effect]:
        """Nothing waits for ever: silence drops the connection, a fence is asked about again."""
        if self.link in (Link.GREETING, Link.CHECKING) and now >= self._hello_at + HELLO_TIMEOUT_MS:
            return [Disconnect("no answer to Hello")]
        if self._retry_at is not None and now >= self._retry_at:
            return [Disconnect("asking again")]
        if self.sender.on_timer(now) is Stall.RECONNECT:
            return [Disconnect(f"no reply for {STALL_TIMEOUT_MS} ms")]
        return self._former_due(now) + self._digest_due(now) + self._ask(now)

    def _hear(self, now: int) -> None:
        """Any word of this session proves that the hub still knows it."""
        self._heard_at, self._asked_at = now, None
        self.sender.heard(now)

    def _ask_again_at(self) -> int:
        if self._asked_at is not None:
            return self._asked_at + STALL_TIMEOUT_MS
        return self._heard_at + PING_AFTER_MS

    def _ask(self, now: int) -> list[Effect]:
        """A restored hub has forgotten this session and would never say so to a box that is silent."""
        if self.link is not Link.STREAMING or self.lease is None or now < self._ask_again_at():
            return []
        if self._asked_at is not None:
            return [Disconnect(f"no answer to a ping for {STALL_TIMEOUT_MS} ms")]
        self._asked_at = now
        # A lost word about the feed is said again: nothing else would ever repeat it.
        told = [] if self._feed.cursor is None else self._feed_ack(self._feed.cursor)
        return [Publish(say.encode(say.Ping(lease=self.lease))), *told]

    # --- greeting ---------------------------------------------------------------------

    def _on_greeting(
        self, message: say.Welcome | say.Fenced | say.Successor | say.Refused, now: int, clock_ms: int
    ) -> list[Effect]:
        if message.session != self._session or self._view is None or self.link is not Link.GREETING:
            # One answer per Hello: a copy of that Hello that comes late to the hub is answered
            # by what was true then, and must not stop a conversation that goes well.
            return []
        if isinstance(message, say.Successor):
            return [Become(message.certificate, self._view.head)]
        if isinstance(message, say.Refused):
            return self._on_refused(message, now)
        if isinstance(message, say.Fenced):
            return self._on_fenced(message, now)
        self.link, self.lease, self._welcome = Link.CHECKING, message.lease, message
        sample = HubTime(message.hub_time_ms, self._hello_clock, clock_ms)
        return [sample, CompareHash(message.mark)]

    def _on_refused(self, message: say.Refused, now: int) -> list[Effect]:
        self.link, self.detail = Link.REFUSED, f"{message.code}: {message.detail}"
        wait = message.retry_after_ms
        self._retry_at = now + (wait if wait is not None else 20 * FENCED_RETRY_MS)
        return []

    def _on_fenced(self, message: say.Fenced, now: int) -> list[Effect]:
        self.lease, self.detail = message.salvage_lease, f"{message.verdict}: {message.detail}"
        self._retry_at = now + FENCED_RETRY_MS
        view = self._view
        self.link = Link.FENCED
        if view is not None and message.salvage_lease is not None and message.salvage_after < view.head:
            self.link = Link.SALVAGING
            after = max(message.salvage_after, view.first_retained - 1)
            self.sender.start(lease=message.salvage_lease, mark=after, head=view.head, credits=4, now=now)
        return self._tell_former(message.former, now)

    def _stream(self, welcome: say.Welcome, view: LedgerView, now: int) -> list[Effect]:
        self.link, self._heard_at = Link.STREAMING, now
        effects: list[Effect] = [SaveMark(welcome.mark, welcome.safe_mark, welcome.hub_epoch)]
        # Before anything of our own: what the hub hears next rests on it.
        effects += self._tell_former(welcome.former, now)
        head = max(view.head, self.sender.head)
        if welcome.verdict == Verdict.BEYOND_RETENTION:
            effects.append(TellPruned(view.first_retained - 1))
        else:
            self._start_sender(welcome, welcome.mark, head, now)
            if head - welcome.mark >= SUMMARY_FROM_RECORDS:
                effects.append(MakeSummary())
        if head == welcome.mark and self._former is None:
            effects += self._digest_now(now)
        return effects + self._feed.greeted(welcome)

    def _tell_former(self, wanted: say.Former | None, now: int) -> list[Effect]:
        self._former, self._former_at = wanted, now + STALL_TIMEOUT_MS
        return [] if wanted is None else [ReturnFormer(wanted)]

    def _start_sender(self, welcome: say.Welcome, mark: int, head: int, now: int) -> None:
        self.sender.start(
            lease=welcome.lease, mark=mark, head=head, credits=welcome.credits, now=now,
            start_after_ms=welcome.start_after_ms,
        )  # fmt: skip

    # --- streaming --------------------------------------------------------------------

    def _on_control(self, message: object, now: int) -> list[Effect]:
        if isinstance(message, say.Ack):
            return self._on_ack(message, now)
        if isinstance(message, say.Nack):
            return self._on_nack(message, now)
        if isinstance(message, say.FormerWanted):
            return self._on_former_wanted(message, now)
        if isinstance(message, say.FeedSafe):
            return [SaveFeedSafe(message.origin_id, message.safe_mark)]
        if isinstance(message, say.DigestResult):
            return [] if message.equal else [TellBuckets(message.position, tuple(message.differing))]
        if isinstance(message, say.RebuildLevels):
            return [RebuildLevels(tuple(message.products))]
        return []

    def _on_ack(self, ack: say.Ack, now: int) -> list[Effect]:
        welcome, view = self._welcome, self._view
        if self._is_unheard and welcome and view:
            if ack.mark + 1 < view.first_retained:
                return [TellPruned(view.first_retained - 1)]  # an answer to a ping: what was told got lost
            self._start_sender(welcome, ack.mark, max(view.head, self.sender.head), now)
        before = self.sender.mark
        if not self.sender.on_ack(ack, now):
            return []
        if self.link in (Link.SALVAGING, Link.FENCED):
            # What a fenced store goes on writing follows its tail; none of it is the origin's mark.
            self.link = Link.SALVAGING if self.sender.pending else Link.FENCED
            # Asking again would begin the tail from its start: not while it is moving.
            self._retry_at = now + FENCED_RETRY_MS
            return []
        effects: list[Effect] = [SaveMark(ack.mark, ack.safe_mark, None, tuple(ack.rejected))]
        if self.sender.pending == 0 and before < ack.mark and self._digest_at is None and self._former is None:
            effects += self._digest_now(now)
        return effects

    def _on_nack(self, nack: say.Nack, now: int) -> list[Effect]:
        self.sender.on_nack(nack, now)
        if self.sender.state is SenderState.STOPPED or self._is_unheard:
            self.detail = f"{nack.code}: {nack.detail}"
            return [Disconnect(f"hub refused a batch: {nack.code}")]
        return []

    @property
    def _is_unheard(self) -> bool:
        """The hub has not yet said that it booked the levels which stand for pruned records: nothing is sent before."""
        return self.link is Link.STREAMING and self.sender.state is SenderState.IDLE

    def _on_former_wanted(self, message: say.FormerWanted, now: int) -> list[Effect]:
        if message.former == self._former:
            # Each batch behind a lost one asks alike; what was told for it is on its way.
            return []
        told = self._tell_former(message.former, now)
        is_all_told = self.link is Link.STREAMING and self._former is None and self.sender.pending == 0
        return self._digest_now(now) if is_all_told else told

    def _former_due(self, now: int) -> list[Effect]:
        is_due = self._former is not None and now >= self._former_at
        return self._tell_former(self._former, now) if is_due else []

    def _digest_now(self, now: int) -> list[Effect]:
        self._digest_at = now + DIGEST_EVERY_MS
        return [MakeDigest(self.sender.mark)]

    def _digest_due(self, now: int) -> list[Effect]:
        if self._digest_at is None or now < self._digest_at or self.sender.pending:
            return []
        return self._digest_now(now)

    # --- feed -------------------------------------------------------------------------

    def _on_feed(self, payload: bytes, now: int) -> list[Effect]:
        lease, sealed = say.unframe(payload)
        if lease != self.lease or self._feed.cursor is None or self.link is not Link.STREAMING:
            return []
        self._hear(now)
        return self._feed.received(sealed, lease)

    def _feed_ack(self, cursor: say.FeedCursor) -> list[Effect]:
        if self.lease is None or self.link is not Link.STREAMING:
            return []
        return [feed_ack(self.lease, cursor)]
