"""What a group of batches comes to, before anything is written: pure but for a log line.

The batches of one origin run through the Receiver one after another, as one stretch; what
is no batch at all is dropped, since nobody has signed for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import structlog

from cloud_hub.domain.intake import Plan
from cloud_hub.storage.origins import Origin
from sync_protocol import messages as say
from sync_protocol.batch import Batch, parse
from sync_protocol.errors import ProtocolError
from sync_protocol.keys import verifier
from sync_protocol.receiver import Accepted, Disbelieved, Duplicate, Gap, NeedRaw, receive
from sync_protocol.topics import Address

log = structlog.get_logger(__name__)

CREDITS = 8
REJECTED_MAX = 1_000
"""Positions in one ack; a digest says which the box knows of, and is answered with more."""
_verifier = lru_cache(maxsize=4096)(verifier)


class Frame(NamedTuple):
    """A sealed batch as it came, under the lease it claims."""

    lease: str
    sealed: bytes


@dataclass(slots=True)
class Judged:
    """What to write and what to say of one origin's batches."""

    accepted: Accepted | None = None
    kept: list[tuple[Batch, bytes]] | None = None
    nack: say.Nack | None = None
    trouble: Disbelieved | None = None
    is_heard: bool = False
    """At least one batch was new or a duplicate: acknowledge (again)."""


def parse_all(address: Address, frames: Iterable[Frame]) -> list[tuple[str, Batch, bytes]]:
    """Headers only: (lease, batch, bytes) of this origin's batches."""
    batches = []
    for frame in frames:
        try:
            batch = parse(frame.sealed)
        except ProtocolError as error:
            log.warning(
                "dropped a payload that is no batch", origin=address.origin_id, code=error.code, detail=error.detail
            )
            continue
        if batch.origin_id == address.origin_id:
            batches.append((frame.lease, batch, frame.sealed))
    return batches


def judge(origin: Origin, live: list[tuple[Batch, bytes]]) -> Judged:
    """Run the batches through the Receiver, one after another, as one stretch."""
    judged = Judged()
    mark, mark_hash, lease = origin.mark, origin.chain_hash, str(origin.lease)
    stretch: list[Accepted] = []
    kept: list[tuple[Batch, bytes]] = []
    verify = _verifier(origin.public_key)
    for batch, sealed in live:
        outcome = receive(batch, mark=mark, mark_hash=mark_hash, verify=verify)
        if isinstance(outcome, Accepted):
            stretch.append(outcome)
            kept.append((batch, sealed))
            mark, mark_hash, judged.is_heard = outcome.mark, outcome.hashes[-1], True
        elif isinstance(outcome, Duplicate):
            judged.is_heard = True
        else:
            judged.nack = _nack(outcome, lease, mark + 1)
            judged.trouble = outcome if isinstance(outcome, Disbelieved) else None
            break
    if stretch:
        judged.accepted, judged.kept = _joined(stretch), kept
    return judged


def answers(origin: Origin, judged: Judged, made: Plan | None) -> list[bytes]:
    """What the box is told once all of it is committed."""
    said: list[bytes] = []
    if judged.is_heard:
        mark, mark_hash = (made.mark, made.mark_hash) if made else (origin.mark, origin.chain_hash)
        said.append(acknowledgement(origin, mark, mark_hash, judged.accepted.rejected if judged.accepted else []))
    if judged.nack is not None:
        said.append(say.encode(judged.nack))
    return said


def acknowledgement(origin: Origin, mark: int, mark_hash: bytes, rejected: list[int]) -> bytes:
    """All up to the mark is committed; `rejected` are in quarantine, as many as fit."""
    ack = say.Ack(
        lease=str(origin.lease), mark=mark, mark_hash=mark_hash.hex(), safe_mark=min(origin.safe_mark, mark),
        rejected=rejected[:REJECTED_MAX], credits=CREDITS,
    )  # fmt: skip
    return say.encode(ack)


def _joined(stretch: list[Accepted]) -> Accepted:
    if len(stretch) == 1:
        return stretch[0]
    rows = [row for each in stretch for row in each.rows]
    hashes = [chain_hash for each in stretch for chain_hash in each.hashes]
    return Accepted(stretch[0].first, rows, hashes, [position for each in stretch for position in each.rejected])


def _nack(outcome: Gap | NeedRaw | Disbelieved, lease: str, expected: int) -> say.Nack:
    if isinstance(outcome, Gap):
        return say.Nack(lease=lease, code="gap", expected=outcome.expected)
    if isinstance(outcome, NeedRaw):
        return say.Nack(lease=lease, code="raw", expected=outcome.expected, detail=outcome.detail[:400])
    code: Literal["signature", "chain"] = "signature" if outcome.code == "signature" else "chain"
    return say.Nack(lease=lease, code=code, expected=expected, detail=outcome.detail[:400])
