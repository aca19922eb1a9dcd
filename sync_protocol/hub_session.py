"""The hub's end of the conversation, pure: what a Hello is answered with.

The hub keeps no conversation in memory that it could not lose: what counts is in the
origin's row. `answer_hello` turns the Hello and that row into the answer and what to save;
the shell saves first, commits, then publishes.
"""

from dataclasses import dataclass

from sync_protocol import messages as say
from sync_protocol.handshake import (
    ACTIONS,
    Action,
    FeedVerdict,
    KnownFeed,
    KnownOrigin,
    Verdict,
    decide,
    decide_feed,
)
from sync_protocol.limits import VERSION_MAX, VERSION_MIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the hub can give this session, decided by the shell before the table is asked."""

    lease: str
    """A new random lease; it becomes a salvage lease when the verdict is a fence."""
    credits: int
    start_after_ms: int
    hub_epoch: int
    hub_time_ms: int
    safe_mark: int
    feed_head_hash: str
    feed_return_after: int | None
    """The last position of the edge's own feed origin that this hub still has (0: none)."""
    successor: str | None
    """A take-over certificate that waits for this device; None while records up to the head of
    this Hello are neither in the ledger nor on a branch: the tail is salvaged first."""
    salvage_after: int
    """The newest position that both ends have alike, in the ledger or on a branch (handshake.common_position)."""
    former: say.Former | None = None
    """What this hub lacks of the predecessor, up to where the certificate closed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Publish `message`; when `lease` is set, save it with the origin (or its branch) first."""

    verdict: Verdict
    feed_verdict: FeedVerdict | None
    message: say.Welcome | say.Fenced | say.Successor | say.Refused
    lease: str | None
    is_salvage: bool = False
    is_rolled_back: bool = False
    """The hub finds by the numbers that it was restored: record a new epoch."""


def answer_hello(hello: say.Hello, known: KnownOrigin | None, feed: KnownFeed | None, offer: Offer) -> Answer:
    """The one answer to a Hello. `feed` may be None only when the verdict is no Welcome."""
    verdict = decide(hello, known, versions=(VERSION_MIN, VERSION_MAX))
    action, meaning = ACTIONS[verdict]
    if offer.successor is not None and action is Action.FENCE:
        message = say.Successor(session=hello.session, certificate=offer.successor)
        return Answer(verdict=verdict, feed_verdict=None, message=message, lease=None)
    if action is Action.REFUSE:
        refused = say.Refused(session=hello.session, code=verdict, detail=meaning)
        return Answer(verdict=verdict, feed_verdict=None, message=refused, lease=None)
    if action is Action.FENCE:
        return _fence(hello, verdict, meaning, offer)
    assert known is not None and feed is not None
    return _welcome(hello, known, feed, verdict, offer)


def _fence(hello: say.Hello, verdict: Verdict, meaning: str, offer: Offer) -> Answer:
    fenced = say.Fenced(
        session=hello.session, verdict=verdict, detail=meaning,
        salvage_lease=offer.lease, salvage_after=min(offer.salvage_after, hello.head), former=offer.former,
    )  # fmt: skip
    return Answer(verdict=verdict, feed_verdict=None, message=fenced, lease=offer.lease, is_salvage=True)


def _welcome(hello: say.Hello, known: KnownOrigin, feed: KnownFeed, verdict: Verdict, offer: Offer) -> Answer:
    feed_verdict = decide_feed(hello.feed, feed)
    welcome = say.Welcome(
        session=hello.session, lease=offer.lease, verdict=verdict, mark=known.mark,
        mark_hash=known.mark_hash, safe_mark=min(offer.safe_mark, known.mark),
        hub_epoch=offer.hub_epoch, hub_time_ms=offer.hub_time_ms, credits=offer.credits,
        start_after_ms=offer.start_after_ms,
        feed=say.FeedCursor(origin_id=feed.origin_id, position=feed.head, hash=offer.feed_head_hash),
        feed_verdict=feed_verdict,
        feed_return_after=offer.feed_return_after if feed_verdict is FeedVerdict.FEED_AHEAD else None,
        former=offer.former, version=min(hello.version_max, VERSION_MAX),
    )  # fmt: skip
    rolled_back = verdict in (Verdict.HUB_ROLLED_BACK, Verdict.BEYOND_RETENTION)
    return Answer(
        verdict=verdict, feed_verdict=feed_verdict, message=welcome, lease=offer.lease,
        is_rolled_back=rolled_back or feed_verdict is FeedVerdict.FEED_AHEAD,
    )  # fmt: skip


def answer_ping(
    ping: say.Ping, *, lease: str | None, mark: int, mark_hash: str, safe_mark: int, credits: int
) -> say.Ack | say.Nack:
    """What a silent box is told: where its origin stands, or that its session is not the one any more."""
    if ping.lease != lease:
        return say.Nack(lease=ping.lease, code="lease", expected=mark + 1, detail="this session is over")
    return say.Ack(lease=ping.lease, mark=mark, mark_hash=mark_hash, safe_mark=min(safe_mark, mark), credits=credits)
