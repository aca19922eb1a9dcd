"""What the hub does with a batch: judge it, plan its rows, write them with the mark, acknowledge.

The judgement is sync_protocol/receiver.py, the plan cloud_hub/domain/intake.py; this file
is the transaction around them, as cloud_hub/services/intake.py is on PostgreSQL.
"""

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from cloud_hub.domain import intake as domain
from sync_protocol import digest
from sync_protocol import messages as say
from sync_protocol.batch import Batch
from sync_protocol.receiver import Accepted, Disbelieved, Duplicate, Gap, NeedRaw, receive
from tests.simulation import follow_up, formers, returning
from tests.simulation.tables import Origin, Salvage, Stored, Transaction

if TYPE_CHECKING:
    from tests.simulation.worker import Reply, Worker

CREDITS = 4
_RECORDED_AT = datetime(2026, 11, 21, tzinfo=UTC)


def on_batch(
    worker: "Worker", txn: Transaction, device_id: str, origin_id: str, lease: str, batch: Batch
) -> "list[Reply]":
    """One batch: stored, known already, or asked for again."""
    row: Origin | None = txn.get("origins", origin_id)
    if row is None:
        return []
    if batch.origin_id != origin_id:
        told = formers.take(worker, txn, origin_id, row, lease, batch)
        if told is None:
            returning.on_returned(worker, txn, row, lease, batch)
        return told or []
    if lease == row.lease and not row.is_closed:
        answer = _on_lease(worker, txn, row, origin_id, batch)
    elif row.salvage is not None and lease == row.salvage.lease:
        answer = _on_salvage(worker, txn, row, row.salvage, origin_id, batch)
    else:
        worker.hub.world.met["batch with an old lease"] += 1
        answer = say.Nack(lease=lease, code="lease", expected=0, detail="this session is over")
    return [(device_id, origin_id, say.encode(answer))]


def _on_lease(worker: "Worker", txn: Transaction, row: Origin, origin_id: str, batch: Batch) -> say.Ack | say.Nack:
    assert row.lease is not None
    verify = worker.hub.world.key_of(row.device_id).verify
    outcome = receive(batch, mark=row.mark, mark_hash=row.chain_hash, verify=verify)
    worker.hub.world.met[f"batch: {type(outcome).__name__.lower()}"] += 1
    if isinstance(outcome, Accepted):
        row = store(worker, txn, row, origin_id, outcome)
    elif not isinstance(outcome, Duplicate):
        return _refusal(worker, row, row.lease, row.mark, outcome)
    return say.Ack(
        lease=row.lease or "", mark=row.mark, mark_hash=row.chain_hash.hex(), safe_mark=row.safe_mark,
        rejected=outcome.rejected if isinstance(outcome, Accepted) else [], credits=CREDITS,
    )  # fmt: skip


def _refusal(worker: "Worker", row: Origin, lease: str, mark: int, outcome: Gap | NeedRaw | Disbelieved) -> say.Nack:
    if isinstance(outcome, Gap):
        return say.Nack(lease=lease, code="gap", expected=outcome.expected)
    if isinstance(outcome, NeedRaw):
        return say.Nack(lease=lease, code="raw", expected=outcome.expected, detail=outcome.detail)
    worker.hub.world.screen.show(row.site_id, f"disbelieved: {outcome.code}")
    code = "signature" if outcome.code == "signature" else "chain"
    return say.Nack(lease=lease, code=code, expected=mark + 1, detail=outcome.detail)


def store(worker: "Worker", txn: Transaction, row: Origin, origin_id: str, accepted: Accepted) -> Origin:
    """Write one accepted stretch; returns the origin's new row."""
    items = txn.get("items", origin_id) or {}
    made = domain.plan(
        accepted, site_id=UUID(row.site_id), origin_id=UUID(origin_id), items=items, recorded_at=_RECORDED_AT
    )
    for sequence, ((encoded, _), chain_hash) in enumerate(
        zip(accepted.rows, accepted.hashes, strict=True), start=accepted.first
    ):
        txn.put("ledger", origin_id, sequence, Stored(encoded, chain_hash))
    if made.items:
        txn.put("items", origin_id, {**items, **made.items})
    names = {product_id: str(product_id) for product_id in {place[0] for place in made.levels}}
    for (product_id, location), change in made.levels.items():
        txn.add("levels", row.site_id, names[product_id], location, change)
    for use in made.keys:
        if txn.get("keys", row.site_id, use.key) is None:
            txn.put("keys", row.site_id, use.key, (origin_id, use.sequence))
    for sequence, encoded, _ in made.quarantined:
        txn.put("quarantine", origin_id, sequence, encoded)
        worker.hub.world.screen.show(row.site_id, "quarantined")
    for oddity in made.oddities:
        worker.hub.world.screen.show(row.site_id, oddity.kind)
    follow_up.take(worker.hub, txn, row, origin_id, made)
    row = row._replace(mark=made.mark, chain_hash=made.mark_hash)
    txn.put("origins", origin_id, row)
    worker.hub.world.timeline.note(f"mark of {origin_id[-4:]} {made.mark}", made.mark_hash)
    return row


def _on_salvage(
    worker: "Worker", txn: Transaction, row: Origin, salvage: Salvage, origin_id: str, batch: Batch
) -> say.Ack | say.Nack:
    """A fenced box's tail: kept as a branch, with no effect on anything."""
    verify = worker.hub.world.key_of(row.device_id).verify
    outcome = receive(batch, mark=salvage.mark, mark_hash=salvage.chain_hash, verify=verify)
    if isinstance(outcome, Accepted):
        for sequence, ((encoded, _), chain_hash) in enumerate(
            zip(outcome.rows, outcome.hashes, strict=True), start=outcome.first
        ):
            if txn.get("branches", origin_id, chain_hash.hex()) is None:
                txn.put("branches", origin_id, chain_hash.hex(), Branch(sequence, encoded, None))
        salvage = Salvage(salvage.lease, outcome.mark, outcome.hashes[-1])
        txn.put("origins", origin_id, row._replace(salvage=salvage))
        worker.hub.world.met["branch stored"] += 1
    elif not isinstance(outcome, Duplicate):
        return _refusal(worker, row, salvage.lease, salvage.mark, outcome)
    return say.Ack(
        lease=salvage.lease, mark=salvage.mark, mark_hash=salvage.chain_hash.hex(), safe_mark=0, credits=CREDITS
    )


class Branch(NamedTuple):
    """A record that has no effect by itself, and the command that asks for its adoption."""

    position: int
    encoded: bytes
    command_id: str | None


def on_proof(
    worker: "Worker", txn: Transaction, device_id: str, origin_id: str,
    message: say.Digest | say.BucketLevels,
) -> "list[Reply]":  # fmt: skip
    """Compare levels as of one position; they are never overwritten, only named."""
    row: Origin | None = txn.get("origins", origin_id)
    if row is None or message.lease != row.lease or message.position != row.mark:
        return []
    screen = worker.hub.world.screen
    own = levels_of(txn, row.site_id)
    if isinstance(message, say.Digest):
        differing = digest.differing(
            digest.bucket_sums((p, at, q) for (p, at), q in own.items()), base64.b64decode(message.buckets)
        )
        worker.hub.world.met["digest: differs" if differing else "digest: equal"] += 1
        if differing:
            screen.show(row.site_id, "digest_differs")
        result = say.DigestResult(
            lease=message.lease, position=message.position, equal=not differing, differing=differing
        )
        return [(device_id, origin_id, say.encode(result))]
    wrong = sorted({product for product, _ in digest.compare(((p, at, q) for (p, at), q in own.items()), message)})
    rebuild = say.RebuildLevels(lease=message.lease, products=wrong)
    return [(device_id, origin_id, say.encode(rebuild))] if wrong else []


def levels_of(txn: Transaction, site_id: str) -> dict[tuple[str, str], int]:
    """What the hub says the site has."""
    return {(key[1], key[2]): quantity for key, quantity in txn.scan("levels", site_id) if quantity}
