"""A new hub epoch: recorded before the hub accepts writes that an older self may have made.

After a restore no position may mean two things: every feed and every hub-run site starts
a new origin that names its fork point, and versions carry the new epoch. A restore done
behind the hub's back is found when a box knows more than the hub does.
"""

import structlog

from cloud_hub.services import feed
from cloud_hub.services.registering import new_id
from cloud_hub.storage import exceptions, feeds, hub_state, origins, sites
from cloud_hub.storage.database import Connection
from sync_protocol import chain

log = structlog.get_logger(__name__)


async def note_rollback(connection: Connection, told_epoch: int, now_ms: int) -> bool:
    """Begin a new epoch, unless this rollback was noted already; whether one began."""
    state = await hub_state.get(connection, lock=True)
    if told_epoch < state.hub_epoch:
        return False
    await begin(connection, "found by the numbers", now_ms, told_epoch=told_epoch)
    await exceptions.raise_exception(
        connection, None, "hub_rolled_back", str(told_epoch),
        "a box knows more than this hub: the database was restored; boxes send again what is missing", now_ms=now_ms,
    )  # fmt: skip
    return True


async def begin(connection: Connection, reason: str, now_ms: int, *, told_epoch: int = 0) -> int:
    """Record the next epoch; new origins for all feeds and hub-run sites; every box says Hello again."""
    state = await hub_state.get(connection, lock=True)
    epoch = max(state.hub_epoch + 1, told_epoch + 1, now_ms // 1000)
    entry = {"epoch": epoch, "at": now_ms, "reason": reason}
    await hub_state.save_epoch(connection, epoch, [*state.epochs, entry])
    await origins.end_all_sessions(connection)
    for old in await feeds.list_all(connection):
        await feed.fork(connection, old, now_ms)
    for site in await sites.list_by_code(connection):
        if site.kind == "hub":
            await _fork_site(connection, site.id, now_ms)
    log.warning("a new hub epoch begins", epoch=epoch, reason=reason)
    return epoch


async def _fork_site(connection: Connection, site_id: str, now_ms: int) -> None:
    """A hub-run site goes on under a new origin, after the last position of the old one."""
    old = await origins.lock_open(connection, site_id)
    if old is None:
        return
    await origins.save_state(connection, old.origin_id, "closed", now_ms)
    fresh = new_id()
    await origins.insert_origin(
        connection, site_id=site_id, origin_id=fresh, device_id=old.device_id, public_key=old.public_key, mark=0,
        chain_hash=chain.genesis(site_id, fresh), opened_at=now_ms, predecessor_origin=old.origin_id,
        predecessor_position=old.mark, predecessor_hash=old.chain_hash,
    )  # fmt: skip
    await origins.set_writer(connection, site_id, fresh)
