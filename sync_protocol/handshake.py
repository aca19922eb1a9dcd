"""What a Hello means: the one decision table of the protocol.

`decide` compares what the edge says with what the hub knows of its origin and names a
verdict; VERDICTS says what each one means and what both ends do. Nothing here reads a
database or a clock. The rows are those of SPEC.md, "Hello", and each has a test.
"""

from dataclasses import dataclass
from enum import StrEnum

from sync_protocol.messages import Checkpoint, FeedCursor, Hello


class Verdict(StrEnum):
    """The uplink rows of the table."""

    NORMAL = "normal"
    LOST_ACK = "lost_ack"
    HUB_ROLLED_BACK = "hub_rolled_back"
    BEYOND_RETENTION = "beyond_retention"
    EDGE_ROLLED_BACK = "edge_rolled_back"
    FORK = "fork"
    CLONE = "clone"
    CLOSED = "closed"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    VERSION = "version"


class FeedVerdict(StrEnum):
    """The downlink rows of the table."""

    NORMAL = "normal"
    SNAPSHOT = "snapshot"
    FEED_AHEAD = "feed_ahead"


class Action(StrEnum):
    """What the hub answers."""

    WELCOME = "welcome"
    FENCE = "fence"
    REFUSE = "refuse"


ACTIONS: dict[Verdict, tuple[Action, str]] = {
    Verdict.NORMAL: (Action.WELCOME, "both ends agree; go on from mark + 1"),
    Verdict.LOST_ACK: (Action.WELCOME, "the hub has more than was acknowledged; jump to its mark"),
    Verdict.HUB_ROLLED_BACK: (Action.WELCOME, "the hub was restored; the edge sends again from mark + 1"),
    Verdict.BEYOND_RETENTION: (Action.WELCOME, "the hub was restored to before what the edge retains; "
                               "signed levels stand in for the pruned records, and an exception is raised"),
    Verdict.EDGE_ROLLED_BACK: (Action.FENCE, "the box was restored from a backup; a person confirms it, "
                               "then it gets a successor origin and what the hub knows"),
    Verdict.FORK: (Action.FENCE, "one position has two hashes; the tail is salvaged as a branch, "
                   "a person confirms which box survives"),
    Verdict.CLONE: (Action.FENCE, "two live boxes have one identity; the second is fenced"),
    Verdict.CLOSED: (Action.FENCE, "the origin has a successor; the tail is salvaged as a branch"),
    Verdict.REVOKED: (Action.REFUSE, "the device was revoked; its data stays on the box until a person approves"),
    Verdict.UNKNOWN: (Action.REFUSE, "no such origin and no certificate of this hub; the data stays on the box"),
    Verdict.VERSION: (Action.REFUSE, "no protocol version that both ends speak"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOrigin:
    """What the hub's database says of the origin in a Hello."""

    mark: int
    mark_hash: str
    hash_at_head: str | None
    """The hub's hash at the edge's head when that is below the mark and still known."""
    boot: int = 0
    instance: str | None = None
    is_closed: bool = False
    is_revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFeed:
    """What the hub's database says of the site's feed."""

    origin_id: str
    head: int
    first_retained: int
    hash_at_cursor: str | None
    """The feed's hash at the edge's cursor, None when above the head or pruned."""


def decide(hello: Hello, known: KnownOrigin | None, *, versions: tuple[int, int]) -> Verdict:
    """The uplink verdict. `known` is None when the hub has no such origin and no valid certificate."""
    if hello.version_max < versions[0] or hello.version_min > versions[1]:
        return Verdict.VERSION
    if known is None:
        return Verdict.UNKNOWN
    if known.is_revoked:
        return Verdict.REVOKED
    if known.is_closed:
        return Verdict.CLOSED
    if _is_clone(hello, known):
        return Verdict.CLONE
    return _compare_positions(hello, known)


def _is_clone(hello: Hello, known: KnownOrigin) -> bool:
    """A start that the hub has already seen from another process, or one older than the newest."""
    if known.instance is None or hello.boot > known.boot:
        return False
    return not (hello.boot == known.boot and hello.instance == known.instance)


def _compare_positions(hello: Hello, known: KnownOrigin) -> Verdict:
    if known.mark > hello.head:
        agrees = known.hash_at_head in (None, hello.chain_head)
        return Verdict.EDGE_ROLLED_BACK if agrees else Verdict.FORK
    own = own_hash(hello, known.mark)
    if own is not None and own != known.mark_hash:
        return Verdict.FORK
    if known.mark < hello.acked:
        beyond = known.mark + 1 < hello.first_retained
        return Verdict.BEYOND_RETENTION if beyond else Verdict.HUB_ROLLED_BACK
    return Verdict.LOST_ACK if known.mark > hello.acked else Verdict.NORMAL


def own_hash(hello: Hello, position: int) -> str | None:
    """The edge's hash at a position, where the Hello tells it."""
    told = {point.position: point.hash for point in hello.checkpoints}
    told |= {hello.acked: hello.acked_hash, hello.head: hello.chain_head}
    return told.get(position)


def decide_feed(cursor: FeedCursor | None, known: KnownFeed) -> FeedVerdict:
    """The downlink verdict; a cursor of another feed origin is ahead of whatever this hub remembers."""
    if cursor is None:
        return FeedVerdict.SNAPSHOT
    if cursor.origin_id != known.origin_id or cursor.position > known.head:
        return FeedVerdict.FEED_AHEAD
    if cursor.position + 1 < known.first_retained:
        return FeedVerdict.SNAPSHOT
    return FeedVerdict.NORMAL if known.hash_at_cursor == cursor.hash else FeedVerdict.FEED_AHEAD


def checkpoint_positions(head: int, first_retained: int, most: int) -> list[int]:
    """Exponentially spaced positions from the head down, newest first; what a Hello tells."""
    oldest = max(first_retained - 1, 0)
    positions, step = [head], 1
    while len(positions) < most - 1 and head - step > oldest:
        positions.append(head - step)
        step *= 2
    # Always the oldest one as well: a branch that began below it could not be sent at all.
    return [*positions, oldest] if oldest < head else positions


def common_position(checkpoints: list[Checkpoint], hashes: dict[int, str]) -> int:
    """The newest checkpoint on which the hub's hashes agree, 0 if none: a branch begins after it."""
    return max((p.position for p in checkpoints if hashes.get(p.position) == p.hash), default=0)
