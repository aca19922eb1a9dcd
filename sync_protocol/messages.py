"""The control messages: JSON objects with a `type`, validated on both ends.

Batches are binary (batch.py); everything else that the two ends say is here. Fields only
grow: a reader ignores fields that it does not know, an unknown `type` is Malformed and is
answered by nothing. Hashes and leases travel as hex text, times as milliseconds of UTC.
One file, since it is one list: every word of the conversation, then how it is read.
"""

from typing import Annotated, Literal, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.fields import Count, Hash, Id, Text, Token
from sync_protocol.limits import CERTIFICATE_CHARS_MAX, CHECKPOINTS_MAX, CONTROL_BYTES_MAX


class _Message(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Checkpoint(_Message):
    """The chain hash at a position."""

    position: Count
    hash: Hash


class FeedCursor(_Message):
    """How far the edge has applied its change feed."""

    origin_id: Id
    position: Count
    hash: Hash


class Hello(_Message):
    """First word of an edge on each connection; it sends no data before a Welcome.

    `boot` grows by one at each start of the agent and `instance` is random per start: two
    live boxes with one identity cannot both be right about them. `checkpoints` are
    exponentially spaced from the head down to what is retained, newest first.
    """

    type: Literal["hello"] = "hello"
    session: Token
    site_id: Id
    origin_id: Id
    device_id: Id
    boot: Count
    instance: Token
    head: Count
    chain_head: Hash
    acked: Count
    acked_hash: Hash
    first_retained: Count
    checkpoints: Annotated[list[Checkpoint], Field(max_length=CHECKPOINTS_MAX)] = []
    feed: FeedCursor | None = None
    hub_epoch: Count = 0
    version_min: int = 1
    version_max: int = 1
    clock_ms: int
    certificate: Annotated[str, Field(max_length=CERTIFICATE_CHARS_MAX)]
    agent_version: Text = ""


class Former(_Message):
    """Records of a closed origin that a restored hub lacks: after `position` up to `last`, with both chain hashes."""

    origin_id: Id
    position: Count
    hash: Hash
    last: Count
    last_hash: Hash


class Welcome(_Message):
    """The hub's answer: this session's lease and where to go on from."""

    type: Literal["welcome"] = "welcome"
    session: Token
    lease: Token
    verdict: Text
    mark: Count
    mark_hash: Hash
    safe_mark: Count
    hub_epoch: Count
    hub_time_ms: int
    credits: Annotated[int, Field(ge=0)]
    start_after_ms: Annotated[int, Field(ge=0)] = 0
    feed: FeedCursor
    """The feed's origin with its head: where the edge's cursor will get to."""
    feed_verdict: Text
    feed_return_after: Count | None = None
    """Set when the edge holds feed records that this hub no longer has: return those above it."""
    former: Former | None = None
    """Set when records of an origin before this one are missing here: send those of it that were kept."""
    version: int = 1


class Fenced(_Message):
    """This origin may write no more; its own tail is welcome as a branch without effect."""

    type: Literal["fenced"] = "fenced"
    session: Token
    verdict: Text
    detail: Text
    salvage_lease: Token | None = None
    salvage_after: Count = 0
    former: Former | None = None
    """As in a Welcome: no person can decide about a site whose past is incomplete."""


class Successor(_Message):
    """The device's origin was closed and another one opened for it: bootstrap, then say Hello again."""

    type: Literal["successor"] = "successor"
    session: Token
    certificate: Annotated[str, Field(max_length=CERTIFICATE_CHARS_MAX)]


class Refused(_Message):
    """No session; `retry_after_ms` says when to ask again, none means: a person must act."""

    type: Literal["refused"] = "refused"
    session: Token
    code: Text
    detail: Text
    retry_after_ms: Count | None = None


class Ack(_Message):
    """All records up to `mark` are committed at the hub. Counts only with this session's lease."""

    type: Literal["ack"] = "ack"
    lease: Token
    mark: Count
    mark_hash: Hash
    safe_mark: Count
    rejected: list[Count] = []
    credits: Annotated[int, Field(ge=0)]


class Nack(_Message):
    """The hub wants something else: `gap` and `raw` name the position to go on from, others stop."""

    type: Literal["nack"] = "nack"
    lease: Token
    code: Literal["gap", "raw", "chain", "signature", "lease"]
    expected: Count
    detail: Text = ""


class FeedAck(_Message):
    """The edge has committed its feed up to here (the same cumulative ack, the other way)."""

    type: Literal["feed_ack"] = "feed_ack"
    lease: Token
    feed: FeedCursor
    expected: Count | None = None
    """Set in answer to a gap: go on from here."""


class FeedSafe(_Message):
    """How far the feed is contained in a verified backup of the hub."""

    type: Literal["feed_safe"] = "feed_safe"
    lease: Token
    origin_id: Id
    safe_mark: Count


class FormerWanted(_Message):
    """What the hub still lacks of the origins before this one, after some of it came; None: nothing more."""

    type: Literal["former_wanted"] = "former_wanted"
    lease: Token
    former: Former | None = None


class Digest(_Message):
    """Sums of the level hashes per bucket as of a position (digest.py)."""

    type: Literal["digest"] = "digest"
    lease: Token
    position: Count
    chain_hash: Hash
    buckets: Annotated[str, Field(max_length=8_192)]
    """base64 of DIGEST_BUCKETS sums of 8 bytes."""
    incomplete: list[Count] = []


class DigestResult(_Message):
    """The hub's comparison; for buckets that differ it asks for the levels in them."""

    type: Literal["digest_result"] = "digest_result"
    lease: Token
    position: Count
    equal: bool
    differing: list[int] = []


class BucketLevels(_Message):
    """Drill-down: all that the edge has in these buckets as of the digest's position.

    A bucket that does not fit one message comes in several, each with the products above
    `after` and up to `until`.
    """

    type: Literal["bucket_levels"] = "bucket_levels"
    lease: Token
    position: Count
    levels: list[tuple[str, str, int]]
    """(product_id, location, quantity)"""
    buckets: list[Annotated[int, Field(ge=0, lt=256)]] | None = None
    """Absent: those of the products in `levels`."""
    after: Text | None = None
    until: Text | None = None


class RebuildLevels(_Message):
    """The logs agree and the levels do not: rebuild these products from your ledger and report."""

    type: Literal["rebuild_levels"] = "rebuild_levels"
    lease: Token
    products: list[Id]


class LevelSummary(_Message):
    """Advisory net change of the shelf per product, sent first after a long outage."""

    type: Literal["level_summary"] = "level_summary"
    lease: Token
    head: Count
    available: list[tuple[str, int]]
    """(product_id, on-hand quantity at `head`); chunked by the sender to fit CONTROL_BYTES_MAX."""


ItemFields = tuple[int, str, str | None, int, str, int | None, int | None, str | None]
"""The fields of an item record in their order."""


class PrunedLevels(_Message):
    """Signed evidence for what a restored hub can no longer receive: levels at a position."""

    type: Literal["pruned_levels"] = "pruned_levels"
    lease: Token
    position: Count
    chain_hash: Hash
    part: Count
    parts: Count
    """Of the levels; a message of items only has the number after the last."""
    levels: list[tuple[str, str, int]]
    items: list[ItemFields] = []
    """What the pruned records defined: movements that are still there refer to it."""
    last_item: int = 0
    """The highest item number defined at or below the position; they begin at 1 and none is left out."""
    signature: Text
    """hex Ed25519 of the canonical JSON [position, chain_hash, part, parts, levels, items, last_item]."""

    @property
    def signed(self) -> bytes:
        """What the signature is of."""
        return orjson.dumps(
            [self.position, self.chain_hash, self.part, self.parts, self.levels, self.items, self.last_item]
        )


class Ping(_Message):
    """Is this session still the one? Answered by an Ack, or by a Nack(lease) after a restore or a fence.

    Without it a box with nothing to send would never notice that its hub was put back.
    """

    type: Literal["ping"] = "ping"
    lease: Token


class Goodbye(_Message):
    """The box stops on purpose: the hub may release the lease at once."""

    type: Literal["goodbye"] = "goodbye"
    lease: Token


UpMessage = Annotated[
    Hello | FeedAck | Digest | BucketLevels | LevelSummary | PrunedLevels | Ping | Goodbye,
    Field(discriminator="type"),
]
DownMessage = Annotated[
    Welcome | Fenced | Successor | Refused | Ack | Nack | FeedSafe | FormerWanted | DigestResult | RebuildLevels,
    Field(discriminator="type"),
]
_UP: TypeAdapter[UpMessage] = TypeAdapter(UpMessage)
_DOWN: TypeAdapter[DownMessage] = TypeAdapter(DownMessage)

_M = TypeVar("_M")
_LEASE_BYTES = 8


def encode(message: _Message) -> bytes:
    """JSON bytes of a control message. Raises TooLarge."""
    data = message.model_dump_json(exclude_none=True).encode()
    if len(data) > CONTROL_BYTES_MAX:
        raise TooLarge(f"{type(message).__name__}: expected at most {CONTROL_BYTES_MAX} bytes, got {len(data)}")
    return data


def decode_up(data: bytes) -> UpMessage:
    """What an edge said. Raises Malformed or TooLarge."""
    return _decode(_UP, data)


def decode_down(data: bytes) -> DownMessage:
    """What the hub said. Raises Malformed or TooLarge."""
    return _decode(_DOWN, data)


def frame(lease: str, batch: bytes) -> bytes:
    """A sealed batch as published: NUL, this session's lease (8 bytes), the batch."""
    return b"\0" + bytes.fromhex(lease) + batch


def is_frame(data: bytes) -> bool:
    """Whether a payload is a framed batch; all others are JSON."""
    return data[:1] == b"\0"


def unframe(data: bytes) -> tuple[str, bytes]:
    """Lease and sealed batch of a framed payload. Raises Malformed."""
    if len(data) <= 1 + _LEASE_BYTES or data[0] != 0:
        raise Malformed(f"frame: expected a lease and a batch, got {len(data)} bytes")
    return data[1 : 1 + _LEASE_BYTES].hex(), data[1 + _LEASE_BYTES :]


def _decode(adapter: TypeAdapter[_M], data: bytes) -> _M:
    if len(data) > CONTROL_BYTES_MAX:
        raise TooLarge(f"message: expected at most {CONTROL_BYTES_MAX} bytes, got {len(data)}")
    try:
        return adapter.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Malformed(f"message: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
