"""What the hub does with a Hello: read the rows, ask the decision table, save, answer."""

from typing import TYPE_CHECKING

from sync_protocol import chain
from sync_protocol import messages as say
from sync_protocol.errors import BadCertificate
from sync_protocol.handshake import FeedVerdict, KnownFeed, KnownOrigin, Verdict, common_position
from sync_protocol.hub_session import Offer, answer_hello
from sync_protocol.keys import read_certificate
from tests.simulation import formers
from tests.simulation.tables import Origin, Salvage, Transaction

if TYPE_CHECKING:
    from tests.simulation.worker import Reply, Worker

CREDITS = 4
_QUIET = (Verdict.NORMAL, Verdict.LOST_ACK)


def on_hello(worker: "Worker", txn: Transaction, device_id: str, origin_id: str, hello: say.Hello) -> "list[Reply]":
    """One Hello, one answer."""
    hub, world = worker.hub, worker.hub.world
    if hello.origin_id != origin_id or hello.device_id != device_id:
        return []
    hub.epochs_told = max(hub.epochs_told, hello.hub_epoch)
    row = _find_or_register(worker, txn, hello)
    known = None if row is None else _known(txn, row, hello)
    feed = None if row is None else hub.extend_feed(row.site_id)
    answer = answer_hello(hello, known, _known_feed(worker, txn, hello, feed), _offer(worker, txn, hello, row, feed))
    world.timeline.note(f"hello of {device_id[:8]} boot {hello.boot} head {hello.head}: {answer.verdict}")
    world.met[f"hello: {answer.verdict}"] += 1
    if answer.feed_verdict is not None:
        world.met[f"feed: {answer.feed_verdict}"] += 1
    if answer.verdict not in _QUIET:
        world.screen.show(row.site_id if row else hello.site_id, str(answer.verdict))
    if answer.feed_verdict is FeedVerdict.FEED_AHEAD:
        world.screen.show(hello.site_id, "feed_ahead")
    if row is not None and answer.is_salvage and answer.lease is not None:
        assert isinstance(answer.message, say.Fenced)
        after = answer.message.salvage_after
        told = [point.hash for point in _told(hello) if point.position == after]
        base = bytes.fromhex(told[0]) if told else chain.genesis(hello.site_id, origin_id)
        txn.put("origins", origin_id, row._replace(salvage=Salvage(answer.lease, after, base)))
    elif row is not None and isinstance(answer.message, say.Welcome):
        txn.put("origins", origin_id, row._replace(
            lease=answer.lease, boot=max(hello.boot, row.boot), instance=hello.instance
        ))  # fmt: skip
        if row.predecessor is not None and hello.certificate not in hub.successions:
            hub.successions.append(hello.certificate)
        assert feed is not None and answer.lease is not None
        session = worker.open(answer.lease, device_id, origin_id, row.site_id, feed.origin_id)
        if answer.feed_verdict is FeedVerdict.NORMAL:
            assert hello.feed is not None
            # The box is right about its cursor, also when it was put back to an earlier one.
            txn.put("feed_acked", feed.origin_id, hello.feed.position)
            session.sender.start(
                lease=answer.lease, mark=hello.feed.position, head=feed.head, credits=CREDITS,
                now=world.timeline.now,
            )  # fmt: skip
    return [(device_id, origin_id, say.encode(answer.message))]


def _told(hello: say.Hello) -> list[say.Checkpoint]:
    """Every position that a Hello tells the hash of."""
    acked = say.Checkpoint(position=hello.acked, hash=hello.acked_hash)
    return [*hello.checkpoints, acked, say.Checkpoint(position=hello.head, hash=hello.chain_head)]


def hash_at(txn: Transaction, site_id: str, origin_id: str, position: int) -> bytes | None:
    """The hub's chain hash of an origin at a position."""
    if position == 0:
        return chain.genesis(site_id, origin_id)
    found = txn.get("ledger", origin_id, position)
    return None if found is None else found.chain_hash


def _may_succeed(worker: "Worker", txn: Transaction, row: Origin, hello: say.Hello) -> bool:
    """All that the box says it has is in the ledger or on a branch, and the successor has not spoken yet.

    A box that was put back to before its own succession needs another one, and another decision.
    """
    if row.successor is None:
        return False
    claims = read_certificate(row.successor, worker.hub.world.hub_key.verify)
    successor: Origin | None = txn.get("origins", claims.origin_id)
    if successor is None or successor.boot or successor.mark or successor.is_closed:
        return False
    at_head = hash_at(txn, row.site_id, hello.origin_id, hello.head)
    if at_head is not None and at_head.hex() == hello.chain_head:
        return True
    return txn.get("branches", hello.origin_id, hello.chain_head) is not None


def _find_or_register(worker: "Worker", txn: Transaction, hello: say.Hello) -> Origin | None:
    """The origin's row; a box enrolled after the backup is known by its certificate."""
    row: Origin | None = txn.get("origins", hello.origin_id)
    if row is not None:
        return row
    try:
        claims = read_certificate(hello.certificate, worker.hub.world.hub_key.verify)
    except BadCertificate:
        return None
    if claims.origin_id != hello.origin_id or txn.get("sites", claims.site_id) is None:
        return None
    worker.hub.world.screen.show(claims.site_id, "origin_from_certificate")
    return formers.register(txn, claims, hello.certificate)


def _known(txn: Transaction, row: Origin, hello: say.Hello) -> KnownOrigin:
    at_head = hash_at(txn, row.site_id, hello.origin_id, hello.head) if hello.head <= row.mark else None
    return KnownOrigin(
        mark=row.mark, mark_hash=row.chain_hash.hex(), hash_at_head=None if at_head is None else at_head.hex(),
        boot=row.boot, instance=row.instance, is_closed=row.is_closed, is_revoked=row.is_revoked,
    )  # fmt: skip


def _known_feed(worker: "Worker", txn: Transaction, hello: say.Hello, feed: object) -> KnownFeed | None:
    if feed is None:
        return None
    cursor = hello.feed
    at_cursor = None
    if cursor is not None and cursor.origin_id == feed.origin_id:  # type: ignore[attr-defined]
        at_cursor = worker.hub.feed_hash(txn, hello.site_id, cursor.origin_id, cursor.position)
    return KnownFeed(
        origin_id=feed.origin_id, head=feed.head, first_retained=1,  # type: ignore[attr-defined]
        hash_at_cursor=None if at_cursor is None else at_cursor.hex(),
    )  # fmt: skip


def _offer(worker: "Worker", txn: Transaction, hello: say.Hello, row: Origin | None, feed: object) -> Offer:
    hub = worker.hub
    points, hashes = _told(hello), {}
    for point in points:
        found = hash_at(txn, hello.site_id, hello.origin_id, point.position) if row else None
        if found is not None:
            hashes[point.position] = found.hex()
        branch = txn.get("branches", hello.origin_id, point.hash)
        if branch is not None and branch.position == point.position:
            hashes[point.position] = point.hash
    returned = txn.get("returned", hello.feed.origin_id) if hello.feed else None
    return Offer(
        lease=hub.world.timeline.token(), credits=CREDITS,
        start_after_ms=hub.world.timeline.random.choice((0, 0, 0, 300)),
        hub_epoch=txn.get("hub", "epoch"), hub_time_ms=hub.clock_ms(), safe_mark=row.safe_mark if row else 0,
        feed_head_hash=feed.chain_hash.hex() if feed is not None else "0" * 64,  # type: ignore[attr-defined]
        feed_return_after=returned[1] if returned else 0,
        successor=row.successor if row is not None and _may_succeed(worker, txn, row, hello) else None,
        salvage_after=common_position(points, hashes),
        former=None if row is None else formers.missing(txn, row),
    )  # fmt: skip
