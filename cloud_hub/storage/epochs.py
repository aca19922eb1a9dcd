"""SQL of a new epoch: the hub's own writers start anew, naming where they forked.

Feeds and the ledgers of hub-run sites are written by the hub, so after a restore their
positions would mean two things; each gets a new origin. Leases end: every edge says Hello.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.schema import feeds, hub_state, origins, sites

_STATE = Query(sa.select(hub_state.c.hub_epoch, hub_state.c.epochs).with_for_update())
_SAVE = Query(
    hub_state.update().values(
        hub_epoch=sa.bindparam("epoch", type_=sa.BigInteger),
        epochs=sa.bindparam("history", type_=hub_state.c.epochs.type),
    )
)
_END_LEASES = Query(origins.update().where(origins.c.lease.is_not(None)).values(lease=None, session=None))
_FEEDS = Query(sa.select(feeds).with_for_update())
_FORK_FEED = Query(
    feeds.update()
    .where(feeds.c.site_id == sa.bindparam("site", type_=sa.Uuid))
    .values(
        fork_of=feeds.c.feed_origin, fork_position=feeds.c.head, fork_hash=feeds.c.chain_hash,
        feed_origin=sa.bindparam("origin", type_=sa.Uuid), chain_hash=sa.bindparam("hash", type_=sa.LargeBinary),
        head=0, acked=0, safe_mark=0, first_retained=1,
    )
)  # fmt: skip
_OWN_LEDGERS = Query(
    sa.select(origins)
    .select_from(
        sites.join(origins, sa.and_(origins.c.site_id == sites.c.id, origins.c.origin_id == sites.c.writer_origin))
    )
    .where(sites.c.kind == "hub", origins.c.state == "open")
    .with_for_update(of=origins)
)
_CLOSE = Query(
    origins.update()
    .where(origins.c.origin_id == sa.bindparam("old", type_=sa.Uuid))
    .values(state="closed", closed_at=sa.bindparam("at", type_=sa.BigInteger))
)
_OPEN_NAMES = (
    "site_id", "origin_id", "device_id", "public_key", "predecessor_origin", "predecessor_position",
    "predecessor_hash", "chain_hash", "opened_at",
)  # fmt: skip
_OPEN = Query(origins.insert().values({name: sa.bindparam(name, type_=origins.c[name].type) for name in _OPEN_NAMES}))
_WRITER = Query(
    sites.update()
    .where(sites.c.id == sa.bindparam("site", type_=sa.Uuid))
    .values(writer_origin=sa.bindparam("origin", type_=sa.Uuid))
)


async def lock_state(connection: Connection) -> tuple[int, list[dict[str, Any]]]:
    """The epoch and its history; nobody else can begin one until this transaction ends."""
    row = await _STATE.fetchrow(connection)
    assert row is not None, "the migration makes the one row of hub_state"
    return row["hub_epoch"], list(row["epochs"])


async def save_state(connection: Connection, epoch: int, history: list[dict[str, Any]]) -> None:
    """The new epoch with its history."""
    await _SAVE.execute(connection, epoch=epoch, history=history)


async def end_leases(connection: Connection) -> None:
    """No session of before the restore may write."""
    await _END_LEASES.execute(connection)


async def lock_feeds(connection: Connection) -> list[Row]:
    """Every site's feed."""
    return await _FEEDS.fetch(connection)


async def fork_feed(connection: Connection, site: UUID, origin: UUID, first_hash: bytes) -> None:
    """The site's feed goes on as a new origin from position 0; it names where it forked."""
    await _FORK_FEED.execute(connection, site=site, origin=origin, hash=first_hash)


async def lock_own_ledgers(connection: Connection) -> list[Row]:
    """Open origins of the sites that the hub itself writes."""
    return await _OWN_LEDGERS.fetch(connection)


async def replace_own_ledger(connection: Connection, row: Row, origin: UUID, first_hash: bytes, at: int) -> None:
    """Close a hub-run site's origin where it stands and open its successor."""
    await _CLOSE.execute(connection, old=row["origin_id"], at=at)
    await _OPEN.execute(
        connection, site_id=row["site_id"], origin_id=origin, device_id=row["device_id"], public_key=row["public_key"],
        predecessor_origin=row["origin_id"], predecessor_position=row["mark"], predecessor_hash=row["chain_hash"],
        chain_hash=first_hash, opened_at=at,
    )  # fmt: skip
    await _WRITER.execute(connection, site=row["site_id"], origin=origin)
