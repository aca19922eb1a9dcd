"""Origins before a take-over that a restored hub lacks: their certificates, and their records told again.

As cloud_hub/services/{registering,formers}.py do it on PostgreSQL, with the same pure Stretch.
"""

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from cloud_hub.domain.formers import Stretch
from sync_protocol import chain
from sync_protocol import messages as say
from sync_protocol.batch import Batch, Verify
from sync_protocol.keys import Claims, Opened, Predecessor, read_certificate
from sync_protocol.receiver import Accepted, receive
from tests.simulation.tables import Origin, Tables, Transaction

if TYPE_CHECKING:
    from tests.simulation.worker import Reply, Worker


def list_before(txn: Transaction | Tables, row: Origin) -> list[tuple[str, Origin]]:
    """The origins that this one goes on from, the newest first, as far back as they are known."""
    found = []
    while row.predecessor is not None and (before := txn.get("origins", row.predecessor[0])) is not None:
        found.append((row.predecessor[0], before))
        row = before
    return found


def missing(txn: Transaction | Tables, row: Origin) -> say.Former | None:
    """What this hub lacks of the origins before this one, the oldest first."""
    found, at = None, row
    for origin_id, before in list_before(txn, row):
        assert at.predecessor is not None
        _, last, last_hash = at.predecessor
        if before.mark < last:
            found = say.Former(
                origin_id=origin_id, position=before.mark, hash=before.chain_hash.hex(), last=last,
                last_hash=last_hash.hex(),
            )  # fmt: skip
        at = before
    return found


def closing(txn: Transaction, origin_id: str, row: Origin) -> dict[str, Any]:
    """What the certificate of a take-over says of the origins before it."""
    unsaved = takewhile(lambda each: not each[1].safe_mark, [(origin_id, row), *list_before(txn, row)])
    before = [
        Opened(origin_id=name, device_id=each.device_id, public_key=each.device_id, predecessor=_predecessor(each))
        for name, each in unsaved
    ]
    named = Predecessor(origin_id=origin_id, position=row.mark, hash=row.chain_hash.hex())
    return {"predecessor": named, "before": before[::-1] or None}


def _predecessor(row: Origin) -> Predecessor | None:
    if row.predecessor is None:
        return None
    origin_id, position, chain_hash = row.predecessor
    return Predecessor(origin_id=origin_id, position=position, hash=chain_hash.hex())


def register(txn: Transaction, claims: Claims, certificate: str) -> Origin:
    """The origin that a certificate names, after those before it that this hub has forgotten."""
    named: list[Claims | Opened] = [*(claims.before or []), claims]
    for each in named:
        before = each.predecessor
        if before is not None and (closed := txn.get("origins", before.origin_id)) is not None:
            txn.put("origins", before.origin_id, closed._replace(is_closed=True, lease=None))
        # The newest certificate knows best where an origin ended: what was given up since stays given up.
        row = txn.get("origins", each.origin_id) or Origin(
            site_id=claims.site_id, device_id=each.device_id, certificate=certificate, mark=0,
            chain_hash=chain.genesis(claims.site_id, each.origin_id),
        )  # fmt: skip
        end = None if before is None else (before.origin_id, before.position, bytes.fromhex(before.hash))
        txn.put("origins", each.origin_id, row._replace(predecessor=end or row.predecessor))
    txn.put("sites", claims.site_id, claims.origin_id)
    opened: Origin = txn.get("origins", claims.origin_id)
    return opened


def register_again(txn: Transaction, certificate: str, verify: Verify) -> None:
    """Before any box is heard after a restore: an origin that was closed is closed again."""
    claims = read_certificate(certificate, verify)
    if txn.get("origins", claims.origin_id) is None:
        row = register(txn, claims, certificate)
        # It has spoken, if not to this database: it waits for no box, and is given to none.
        txn.put("origins", claims.origin_id, row._replace(boot=1))


def give_up(txn: Transaction, origin_id: str) -> None:
    """No box is left that could tell: the origins before this one end where this hub has them."""
    while (lost := missing(txn, txn.get("origins", origin_id))) is not None:
        end = (lost.origin_id, lost.position, bytes.fromhex(lost.hash))
        for (name,), each in txn.scan("origins"):
            if each.predecessor is not None and each.predecessor[0] == lost.origin_id:
                txn.put("origins", name, each._replace(predecessor=end))


def take(
    worker: "Worker", txn: Transaction, origin_id: str, row: Origin, lease: str, batch: Batch
) -> "list[Reply] | None":
    """One batch of a closed origin; None when it is of none."""
    if batch.origin_id not in [name for name, _ in list_before(txn, row)]:
        return None
    worker.hub.world.key_of(row.device_id).verify(batch.signature, batch.signed)
    wanted = missing(txn, row)
    if wanted is not None and wanted.origin_id == batch.origin_id:
        held = worker.held.get(origin_id)
        if held is None or held.wanted != wanted:
            held = worker.held[origin_id] = Stretch(wanted)
        if held.add(batch, b""):
            if not held.is_whole:
                return []
            del worker.held[origin_id]
            _apply(worker, txn, row, held)
            wanted = missing(txn, row)
        else:
            wanted = held.rest
    told = say.FormerWanted(lease=lease, former=wanted)
    return [(row.device_id, origin_id, say.encode(told))]


def _apply(worker: "Worker", txn: Transaction, row: Origin, held: Stretch) -> None:
    from tests.simulation import intake

    origin_id, end = held.wanted.origin_id, (held.wanted.last, bytes.fromhex(held.wanted.last_hash))
    before: Origin = txn.get("origins", origin_id)
    verify = worker.hub.world.key_of(row.device_id).verify
    accepted: list[Accepted] = []
    mark, mark_hash = before.mark, before.chain_hash
    for batch, _ in held.batches:
        outcome = receive(batch, mark=mark, mark_hash=mark_hash, verify=verify)
        if isinstance(outcome, Accepted):
            accepted.append(outcome)
            mark, mark_hash = outcome.mark, outcome.hashes[-1]
    if (mark, mark_hash) != end:
        worker.hub.world.screen.show(before.site_id, "former_refused")
        return
    for stretch in accepted:
        before = intake.store(worker, txn, before, origin_id, stretch)
    worker.hub.world.met["former records told again"] += 1
    worker.hub.world.screen.show(before.site_id, "former_returned")
