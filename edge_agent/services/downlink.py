"""The way down: feed batches applied with their cursor in one transaction, and kept.

The batch is kept as it came until the hub says that a verified backup contains it, so that
a restored hub can have it back. Plain functions on a connection.
"""

import sqlite3

from edge_agent.crashpoints import crashpoint
from edge_agent.services.applying import apply_change
from edge_agent.storage import feed, identity
from sync_protocol.effects import ApplyFeed, SaveFeedSafe


def apply_feed(connection: sqlite3.Connection, effect: ApplyFeed, now_ms: int) -> None:
    """Apply a batch that continues the feed: records, cursor and sealed bytes together."""
    crashpoint("edge.feed.before_apply")
    accepted, cursor = effect.accepted, effect.cursor
    feed.keep(connection, cursor.origin_id, accepted.first, accepted.mark, effect.sealed)
    for _, record in accepted.rows:
        apply_change(connection, record, now_ms)
    identity.save_feed(connection, cursor.origin_id, cursor.position, bytes.fromhex(cursor.hash))
    crashpoint("edge.feed.after_apply")


def save_feed_safe(connection: sqlite3.Connection, effect: SaveFeedSafe) -> None:
    """A verified backup of the hub contains the feed up to here."""
    who = identity.get(connection)
    if effect.origin_id != who.feed_origin:
        return
    until = min(effect.safe_mark, who.feed_cursor)
    identity.save_feed_safe(connection, until)
    feed.drop_safe(connection, effect.origin_id, until)
    if until:
        feed.drop_other_origins(connection, effect.origin_id)


def batches_to_return(connection: sqlite3.Connection, after: int) -> list[bytes]:
    """What this box holds of its feed and the restored hub no longer has."""
    who = identity.get(connection)
    return [] if who.feed_origin is None else feed.batches_above(connection, who.feed_origin, after)
