"""The receiving half, sans-IO: new, duplicate, gap, or not to be believed.

`receive` is a function of the mark and hash that the receiver has *committed*; the caller
holds them in the row that it locks, writes what is Accepted in the same transaction, and
acknowledges after the commit. The hub uses it for every origin, an edge for its feed.
"""

from dataclasses import dataclass

from sync_protocol.batch import RAW, UNREADABLE, Batch, Verify, open_batch
from sync_protocol.columns import Row
from sync_protocol.errors import BadSignature, BrokenChain, Malformed, ProtocolError, TooLarge
from sync_protocol.records import Unknown


@dataclass(frozen=True, slots=True)
class Accepted:
    """Write these; the new mark is `first + len(rows) - 1` with the last of `hashes`."""

    first: int
    rows: list[Row]
    hashes: list[bytes]
    rejected: list[int]
    """Positions whose bytes are no record: quarantine them, the mark moves on."""

    @property
    def mark(self) -> int:
        return self.first + len(self.rows) - 1


@dataclass(frozen=True, slots=True)
class Duplicate:
    """All of it is stored already: acknowledge again."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something is missing before it: ask to go on from `expected`."""

    expected: int


@dataclass(frozen=True, slots=True)
class NeedRaw:
    """Signed, yet unreadable: ask for raw frames from `expected`."""

    expected: int
    detail: str


@dataclass(frozen=True, slots=True)
class Disbelieved:
    """A bad signature or a broken chain: the origin stops here and a person is told."""

    code: str
    detail: str


Outcome = Accepted | Duplicate | Gap | NeedRaw | Disbelieved


def receive(batch: Batch, *, mark: int, mark_hash: bytes, verify: Verify) -> Outcome:
    """Judge one batch against the committed mark. The signature is checked before anything is inflated."""
    if batch.first > mark + 1:
        return Gap(mark + 1)
    try:
        verify(batch.signature, batch.signed)
    except BadSignature as error:
        return Disbelieved("signature", error.detail)
    if batch.last <= mark:
        return _duplicate(batch, mark, mark_hash)
    return _open(batch, mark, mark_hash)


def _duplicate(batch: Batch, mark: int, mark_hash: bytes) -> Outcome:
    if batch.last == mark and batch.last_hash != mark_hash:
        return Disbelieved("chain", f"position {mark} has another hash here")
    return Duplicate()


def _open(batch: Batch, mark: int, mark_hash: bytes) -> Outcome:
    try:
        opened = open_batch(batch)
    except (Malformed, BrokenChain, TooLarge) as error:
        return _unreadable(batch, mark, error)
    skip = mark + 1 - batch.first
    before = opened.hashes[skip - 1] if skip else batch.previous_hash
    if before != mark_hash:
        return Disbelieved("chain", f"position {mark} has another hash here")
    rows, hashes = opened.rows[skip:], opened.hashes[skip:]
    rejected = [mark + 1 + i for i, (_, record) in enumerate(rows) if _is_unreadable(record)]
    return Accepted(mark + 1, rows, hashes, rejected)


def _unreadable(batch: Batch, mark: int, error: ProtocolError) -> Outcome:
    if batch.encoding == RAW:
        return Disbelieved("chain", error.detail)
    return NeedRaw(mark + 1, error.detail)


def _is_unreadable(record: object) -> bool:
    return type(record) is Unknown and record.kind == UNREADABLE
