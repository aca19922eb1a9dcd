"""The way up: what a Hello says of the ledger, sealed batches, and the marks that come back.

Plain functions on a connection, so that the agent runs them on its database threads and
the simulator inline. None of them decides anything: that is sync_protocol/edge_session.py.
"""

import sqlite3

from edge_agent.crashpoints import crashpoint
from edge_agent.errors import NotFound, Unavailable
from edge_agent.services import applying
from edge_agent.storage import feed, identity, ledger
from sync_protocol import batch
from sync_protocol.effects import SaveMark
from sync_protocol.errors import TooLarge
from sync_protocol.handshake import checkpoint_positions
from sync_protocol.ledger_view import LedgerView
from sync_protocol.limits import CHECKPOINTS_MAX
from sync_protocol.messages import Checkpoint, FeedCursor
from sync_protocol.sender import Range


def view(connection: sqlite3.Connection, instance: str, agent_version: str = "") -> LedgerView:
    """The ledger as a Hello tells it."""
    who = identity.get(connection)
    head, chain_head = ledger.head(connection)
    # A restored hub may have put the mark below what is retained: the oldest known hash speaks for it.
    acked = min(max(who.acked, who.first_retained - 1), head)
    positions = checkpoint_positions(head, who.first_retained, CHECKPOINTS_MAX)
    hashes = {position: ledger.hash_at(connection, position) for position in {acked, *positions}}
    return LedgerView(
        site_id=who.site_id, origin_id=who.origin_id, device_id=who.device_id, certificate=who.certificate,
        boot=who.boot, instance=instance, head=head, chain_head=chain_head, acked=acked,
        acked_hash=hashes[acked], first_retained=who.first_retained,
        checkpoints=[Checkpoint(position=at, hash=hashes[at].hex()) for at in positions],
        feed=cursor(who), hub_epoch=who.hub_epoch, agent_version=agent_version,
    )  # fmt: skip


def cursor(who: identity.Identity) -> FeedCursor | None:
    """How far the feed is applied; None before the first snapshot."""
    if who.feed_origin is None or who.feed_hash is None:
        return None
    return FeedCursor(origin_id=who.feed_origin, position=who.feed_cursor, hash=who.feed_hash.hex())


def own_hash(connection: sqlite3.Connection, position: int) -> bytes | None:
    """The chain hash at a position, None when it is pruned or does not exist."""
    try:
        return ledger.hash_at(connection, position)
    except NotFound:
        return None


def read_range(connection: sqlite3.Connection, wanted: Range) -> tuple[bytes, list[bytes]]:
    """The hash before a range and the stored bytes in it. Raises Unavailable when its begin is pruned by now."""
    previous = ledger.hash_at(connection, wanted.first - 1)
    encoded = ledger.read_encoded(connection, wanted.first, wanted.count)
    if len(encoded) != wanted.count:
        # What is left would be sealed under positions that are not its own.
        raise Unavailable("pruned", f"expected {wanted.count} records from {wanted.first} on, got {len(encoded)}")
    return previous, encoded


def sealed_range(
    connection: sqlite3.Connection, origin_id: str, wanted: Range, sign: batch.Sign
) -> tuple[Range, bytes]:
    """`seal` of what `read_range` finds."""
    return seal(origin_id, wanted, *read_range(connection, wanted), sign)


def seal(
    origin_id: str, wanted: Range, previous_hash: bytes, encoded: list[bytes], sign: batch.Sign
) -> tuple[Range, bytes]:
    """A signed batch and what it holds: fewer records when all of them would be too large."""
    count = len(encoded)
    while True:
        try:
            sealed = batch.seal(origin_id, wanted.first, previous_hash, encoded[:count], sign, raw=wanted.raw)
        except TooLarge:
            if count == 1:
                raise
            count //= 2
            continue
        return Range(wanted.first, count, wanted.raw), sealed


def save_mark(connection: sqlite3.Connection, effect: SaveMark, now_ms: int) -> None:
    """Persist how far the hub has this ledger, and what it could not read of it."""
    crashpoint("edge.ack.before_save")
    identity.save_ack(connection, effect.mark, effect.safe_mark, effect.hub_epoch)
    applying.merged(connection, effect.mark, now_ms)
    if effect.rejected:
        feed.save_rejected(connection, effect.rejected, now_ms)
    crashpoint("edge.ack.after_save")
