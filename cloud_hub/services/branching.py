"""A fenced box hands in its tail: signed records are stored as a branch, without effect.

A salvage lease belongs to one branch and to nothing else. The branch begins at the last
position on which both ends agree; the Receiver checks its chain and signature as it does
for a ledger. What becomes of it is decided by a person (services/recovery.py).
"""

from cloud_hub.crashpoints import crashpoint
from cloud_hub.storage import branches, exceptions
from cloud_hub.storage.branches import Branch
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin
from sync_protocol import messages as say
from sync_protocol.batch import Batch
from sync_protocol.keys import verifier
from sync_protocol.receiver import Accepted, Disbelieved, Duplicate, Gap, NeedRaw, receive

CREDITS = 4


async def salvage(
    connection: Connection, origin: Origin, batches: list[tuple[str, Batch, bytes]], now_ms: int
) -> list[bytes]:
    """Store batches that carry a salvage lease; others are told that their lease counts no more."""
    answers: list[bytes] = []
    for lease, batch, sealed in batches:
        branch = await branches.lock_by_lease(connection, origin.origin_id, lease)
        if branch is None:
            nack = say.Nack(lease=lease, code="lease", expected=origin.mark + 1, detail="another session began")
            answers.append(say.encode(nack))
        else:
            answers.append(say.encode(await _store(connection, origin, branch, (batch, sealed), now_ms)))
    return answers[-2:]


async def _store(
    connection: Connection, origin: Origin, branch: Branch, came: tuple[Batch, bytes], now_ms: int
) -> say.Ack | say.Nack:
    batch, sealed = came
    lease = str(branch.lease)
    outcome = receive(batch, mark=branch.head, mark_hash=branch.head_hash, verify=verifier(origin.public_key))
    if isinstance(outcome, Accepted):
        encoded = [text for text, _ in outcome.rows]
        await branches.append(connection, branch, outcome.first, encoded, outcome.hashes, sealed, now_ms)
        await exceptions.raise_exception(
            connection, origin.site_id, "branch", str(branch.branch_id),
            f"{outcome.mark - branch.fork_position} records of a fenced box ({branch.verdict}) wait for a decision",
            now_ms=now_ms, origin_id=origin.origin_id, sequence=branch.fork_position,
        )  # fmt: skip
        crashpoint("salvage.before_commit")
        return _ack(lease, outcome.mark, outcome.hashes[-1])
    if isinstance(outcome, Duplicate):
        return _ack(lease, branch.head, branch.head_hash)
    return _nack(outcome, lease, branch.head + 1)


def _ack(lease: str, mark: int, mark_hash: bytes) -> say.Ack:
    return say.Ack(lease=lease, mark=mark, mark_hash=mark_hash.hex(), safe_mark=0, credits=CREDITS)


def _nack(outcome: Gap | NeedRaw | Disbelieved, lease: str, expected: int) -> say.Nack:
    if isinstance(outcome, Gap):
        return say.Nack(lease=lease, code="gap", expected=outcome.expected)
    if isinstance(outcome, NeedRaw):
        return say.Nack(lease=lease, code="raw", expected=outcome.expected)
    return say.Nack(lease=lease, code="chain", expected=expected, detail=outcome.detail[:400])
