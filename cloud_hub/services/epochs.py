"""A new epoch: what the hub does when it is not the hub it was.

Begun by `cloud-hub restore`, and by the session service when a Hello proves by its numbers
that the database went back. It is recorded before the hub accepts writes: every feed and
every hub-run ledger starts a new origin that names its fork point, so that no position
means two things, and all leases end, so that every edge says Hello again.
"""

from uuid import UUID

import uuid_utils

from cloud_hub.storage import epochs
from cloud_hub.storage.database import Connection
from sync_protocol.chain import genesis


async def begin_epoch(connection: Connection, *, now_ms: int, reason: str, told: int = 0) -> int:
    """Begin an epoch above any that this database, the clock or an edge knows; its number.

    `told` is the highest epoch that an edge has named. Must run in a transaction.
    """
    before, history = await epochs.lock_state(connection)
    epoch = max(before + 1, told + 1, now_ms // 1000)
    history.append({"epoch": epoch, "at": now_ms, "reason": reason})
    await epochs.save_state(connection, epoch, history[-100:])
    await epochs.end_leases(connection)
    for feed in await epochs.lock_feeds(connection):
        origin = _new_id()
        await epochs.fork_feed(connection, feed["site_id"], origin, genesis(str(feed["site_id"]), str(origin)))
    for ledger in await epochs.lock_own_ledgers(connection):
        origin = _new_id()
        first_hash = genesis(str(ledger["site_id"]), str(origin))
        await epochs.replace_own_ledger(connection, ledger, origin, first_hash, now_ms)
    return epoch


def _new_id() -> UUID:
    return UUID(str(uuid_utils.uuid7()))
