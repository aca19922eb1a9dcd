"""The sending half, sans-IO: what to send next, what to send again, when to give up.

One Sender serves one origin for one session after another, upward (an edge's ledger) and
downward (a site's feed). It holds positions only; the caller reads the records, seals and
publishes them. Time is an argument, so every timeout is deterministic.

    idle --start()--> streaming --on_ack()--> streaming
    streaming --on_nack(stop code)--> stopped;  any --disconnected()--> idle
"""

from dataclasses import dataclass
from enum import StrEnum

from sync_protocol.limits import (
    BATCH_RECORDS_BACKLOG,
    CREDITS_MAX,
    RESEND_TIMEOUT_MS,
    STALL_TIMEOUT_MS,
)
from sync_protocol.messages import Ack, Nack

NO_CREDIT_PATIENCE = 10


class SenderState(StrEnum):
    IDLE = "idle"
    STREAMING = "streaming"
    STOPPED = "stopped"


class Stall(StrEnum):
    """What `on_timer` found; RECONNECT means: drop the connection and make a new client."""

    NONE = "none"
    RESEND = "resend"
    RECONNECT = "reconnect"


@dataclass(frozen=True, slots=True)
class Range:
    """Records to read, seal and publish: `count` from position `first`."""

    first: int
    count: int
    raw: bool = False

    @property
    def last(self) -> int:
        return self.first + self.count - 1


class Sender:
    """Window, cumulative acks and timeouts of one origin."""

    def __init__(self, *, batch_records_max: int = BATCH_RECORDS_BACKLOG) -> None:
        self.batch_records_max = batch_records_max
        self.state = SenderState.IDLE
        self.lease: str | None = None
        self.mark = 0
        self.head = 0
        self._next = 1
        self._in_flight: list[int] = []
        self._credits = 0
        self._raw_at: int | None = None
        self._rewound_to: int | None = None
        self._is_resent = False
        """Everything after the mark was sent again, and the mark has not moved since."""
        self._start_at = 0
        self._progress_at = 0
        self._heard_at = 0

    @property
    def pending(self) -> int:
        """Records that are not yet acknowledged."""
        return self.head - self.mark

    def start(self, *, lease: str, mark: int, head: int, credits: int, now: int, start_after_ms: int = 0) -> None:
        """A Welcome came: go on from mark + 1 once `start_after_ms` has passed."""
        self.state = SenderState.STREAMING
        self.lease, self.mark, self.head = lease, mark, head
        self._next, self._in_flight = mark + 1, []
        self._raw_at = self._rewound_to = None
        self._is_resent = False
        self._credits = min(credits, CREDITS_MAX)
        self._start_at = now + start_after_ms
        self._progress_at = self._heard_at = self._start_at

    def disconnected(self) -> None:
        """The session is over; everything unacknowledged will be sent again in the next one."""
        self.state, self.lease, self._in_flight = SenderState.IDLE, None, []

    def appended(self, head: int, now: int) -> None:
        """The ledger has grown."""
        if self.pending == 0:
            self._progress_at = max(now, self._start_at)
            self._heard_at = max(self._heard_at, self._progress_at)
        self.head = max(self.head, head)

    def next_range(self, now: int) -> Range | None:
        """The next records to publish, or None: nothing pending, no credit, or not yet."""
        if self.state is not SenderState.STREAMING or now < self._start_at:
            return None
        if self._next > self.head or len(self._in_flight) >= self._credits:
            return None
        count = min(self.batch_records_max, self.head - self._next + 1)
        return Range(self._next, count, raw=self._raw_at == self._next)

    def published(self, sent: Range) -> None:
        """These records are on their way; the next range follows them."""
        self._in_flight.append(sent.last)
        self._next = sent.last + 1

    def heard(self, now: int) -> None:
        """Any reply of this session came from the other end."""
        self._heard_at = now

    def on_ack(self, ack: Ack, now: int) -> bool:
        """Take a cumulative ack; False when it is not of this session or goes beyond what exists."""
        if self.state is not SenderState.STREAMING or ack.lease != self.lease or ack.mark > self.head:
            return False
        self._heard_at = now
        self._credits = min(ack.credits, CREDITS_MAX)
        if ack.mark > self.mark:
            self.mark = ack.mark
            self._progress_at = now
            self._raw_at = self._rewound_to = None
            self._is_resent = False
        self._in_flight = [last for last in self._in_flight if last > self.mark]
        self._next = max(self._next, self.mark + 1)
        return True

    def on_nack(self, nack: Nack, now: int) -> bool:
        """Go back to what is expected, or stop; False when the nack is not of this session.

        Each batch behind a gap is answered by a nack of its own, so one position is gone
        back to once; until there is progress or a resend is due, the others say nothing new.
        One that expects what was acked is late; if it still is expected after a resend, the other
        end has lost what it acked (a database that came back without its last commits): a Hello
        compares the numbers.
        """
        if self.state is not SenderState.STREAMING or nack.lease != self.lease:
            return False
        self._heard_at = now
        is_forgotten = self._is_resent and nack.expected <= self.mark
        if nack.code not in ("gap", "raw") or nack.expected > self.head + 1 or is_forgotten:
            self.state = SenderState.STOPPED
            return True
        wants_raw = nack.code == "raw" and self._raw_at != nack.expected
        if nack.expected > self.mark and (wants_raw or self._rewound_to != nack.expected):
            self._raw_at = nack.expected if wants_raw else self._raw_at
            self._rewind(nack.expected)
        return True

    def timer(self) -> int | None:
        """When `on_timer` has something to do, or None."""
        if self.state is not SenderState.STREAMING or self.pending == 0:
            return None
        due = self._stalled_at()
        if self._in_flight:
            due = min(due, self._progress_at + RESEND_TIMEOUT_MS)
        return max(due, self._start_at)

    def on_timer(self, now: int) -> Stall:
        """No state may wait for the next write: resend, then reconnect."""
        due = self.timer()
        if due is None or now < due:
            return Stall.NONE
        if now >= self._stalled_at():
            return Stall.RECONNECT
        self._progress_at = now
        self._rewind(self.mark + 1)
        self._rewound_to, self._is_resent = None, True
        return Stall.RESEND

    def _stalled_at(self) -> int:
        """Without a credit the hub's silence is patience for longer, yet not for ever."""
        return self._heard_at + STALL_TIMEOUT_MS * (1 if self._credits else NO_CREDIT_PATIENCE)

    def _rewind(self, position: int) -> None:
        self._next = self._rewound_to = position
        self._in_flight = [last for last in self._in_flight if last < position]
