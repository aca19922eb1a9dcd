"""The store's end of its feed, sans-IO: what the Welcome, and then each batch of it, asks of the shell.

The same `receive` as the hub's for the uplink, the other way round. It stands at a cursor
that runs ahead of the database by what the shell was told to apply; only what the shell
reports as committed is acknowledged.
"""

from sync_protocol import batch as batches
from sync_protocol import messages as say
from sync_protocol.effects import ApplyFeed, Disconnect, Effect, FetchSnapshot, Publish, ReturnFeed
from sync_protocol.errors import BadSignature
from sync_protocol.handshake import FeedVerdict
from sync_protocol.receiver import Accepted, Disbelieved, Duplicate, Gap, receive


class FeedReader:
    """One conversation's place in the site's feed."""

    def __init__(self, verify_hub: batches.Verify) -> None:
        self.cursor: say.FeedCursor | None = None
        """None while a snapshot is wanted: no batch is accepted before it."""
        self._verify_hub = verify_hub

    def greeted(self, welcome: say.Welcome) -> list[Effect]:
        """The hub's verdict on the cursor that the Hello told."""
        if welcome.feed_verdict == FeedVerdict.NORMAL:
            return []
        effects: list[Effect] = []
        if welcome.feed_return_after is not None:
            effects.append(ReturnFeed(welcome.feed_return_after))
        self.cursor = None
        return [*effects, FetchSnapshot(welcome.feed.origin_id)]

    def received(self, sealed: bytes, lease: str) -> list[Effect]:
        """A batch of this session. Raises BadSignature or Malformed."""
        cursor, batch = self.cursor, batches.parse(sealed)
        if cursor is None or batch.origin_id != cursor.origin_id:
            return []
        outcome = receive(batch, mark=cursor.position, mark_hash=bytes.fromhex(cursor.hash), verify=self._verify_hub)
        if isinstance(outcome, Accepted):
            after = say.FeedCursor(origin_id=batch.origin_id, position=outcome.mark, hash=outcome.hashes[-1].hex())
            self.cursor = after
            return [ApplyFeed(outcome, sealed, after)]
        if isinstance(outcome, Duplicate):
            return [feed_ack(lease, cursor)]
        if isinstance(outcome, Gap):
            return [feed_ack(lease, cursor, expected=outcome.expected)]
        if isinstance(outcome, Disbelieved) and outcome.code == "signature":
            raise BadSignature(outcome.detail)
        return [Disconnect(f"feed: {outcome.detail}")]


def feed_ack(lease: str, cursor: say.FeedCursor, expected: int | None = None) -> Publish:
    """The feed is committed up to this cursor; `expected` says where to go on after a gap."""
    return Publish(say.encode(say.FeedAck(lease=lease, feed=cursor, expected=expected)))
