"""What an EdgeSession asks of its shell: carried out in order, reported back where they say so."""

from dataclasses import dataclass

from sync_protocol import messages as say
from sync_protocol.receiver import Accepted


@dataclass(frozen=True, slots=True)
class Publish:
    """Send these bytes on the origin's up topic."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SaveMark:
    """Persist what the hub has: also when it has gone back after a restore."""

    mark: int
    safe_mark: int
    hub_epoch: int | None = None
    rejected: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HubTime:
    """A sample for the offset estimate: local times around the exchange and the hub's clock."""

    hub_time_ms: int
    sent_clock_ms: int
    received_clock_ms: int


@dataclass(frozen=True, slots=True)
class CompareHash:
    """Read the ledger's own hash at this position and call `hash_known`."""

    position: int


@dataclass(frozen=True, slots=True)
class ApplyFeed:
    """Apply these feed records, the cursor and the sealed batch in one transaction, then `feed_applied`."""

    accepted: Accepted
    sealed: bytes
    cursor: say.FeedCursor


@dataclass(frozen=True, slots=True)
class SaveFeedSafe:
    """Feed batches up to here need not be kept for handing back."""

    origin_id: str
    safe_mark: int


@dataclass(frozen=True, slots=True)
class ReturnFeed:
    """Publish (`return_feed`) the retained sealed feed batches above this position."""

    after: int


@dataclass(frozen=True, slots=True)
class ReturnFormer:
    """Publish the records of an origin before this one, if all that were kept lead to the stretch's last hash."""

    wanted: say.Former


@dataclass(frozen=True, slots=True)
class FetchSnapshot:
    """Take a snapshot over HTTPS, swap it in, then `snapshot_done`."""

    feed_origin: str


@dataclass(frozen=True, slots=True)
class MakeDigest:
    """Compute the bucket sums as of this position and call `digest`."""

    position: int


@dataclass(frozen=True, slots=True)
class TellBuckets:
    """Publish the levels in these buckets as of the position (BucketLevels)."""

    position: int
    buckets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RebuildLevels:
    """Fold these products again from the ledger and raise a task: a level was wrong."""

    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MakeSummary:
    """Publish the advisory LevelSummary before the backlog."""


@dataclass(frozen=True, slots=True)
class TellPruned:
    """Publish PrunedLevels from the checkpoint at this position; the hub lacks what was pruned."""

    position: int


@dataclass(frozen=True, slots=True)
class Become:
    """Open the successor origin that this certificate names.

    The hub has this ledger's records up to `told_head` on record, as its prefix or as a branch;
    what the store wrote after that Hello is taken over when the successor is opened.
    """

    certificate: str
    told_head: int


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Drop this connection; connect again with a new client after backing off."""

    reason: str


Effect = (
    Publish | SaveMark | HubTime | CompareHash | ApplyFeed | SaveFeedSafe | ReturnFeed
    | ReturnFormer | FetchSnapshot | MakeDigest | TellBuckets | RebuildLevels | MakeSummary | TellPruned
    | Become | Disconnect
)  # fmt: skip
