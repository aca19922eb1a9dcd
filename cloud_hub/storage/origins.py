"""SQL of origins: all that the hub knows of a conversation is in the row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.schema import devices, hub_state, origins, sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The life of one edge database, as the hub knows it."""

    site_id: UUID
    origin_id: UUID
    device_id: UUID
    public_key: bytes
    state: str
    predecessor_origin: UUID | None
    predecessor_position: int | None
    predecessor_hash: bytes | None
    mark: int
    chain_hash: bytes
    safe_mark: int
    lease: str | None
    boot: int
    instance: str | None
    head_told: int
    successor_certificate: str | None
    is_revoked: bool = False


_FIELDS = tuple(name for name in Origin.__dataclass_fields__ if name != "is_revoked")
_ID = origins.c.origin_id == bound(origins.c.origin_id)
_COLUMNS = [origins.c[name] for name in _FIELDS]
_REVOKED = (
    sa.select(devices.c.state == "revoked")
    .where(devices.c.id == origins.c.device_id)
    .scalar_subquery()
    .label("is_revoked")
)
_FIND = Query(sa.select(*_COLUMNS, _REVOKED).where(_ID))
_locked = sa.select(*_COLUMNS, _REVOKED).with_for_update(of=origins)
_LOCK = Query(_locked.where(_ID))
_LOCK_ALL = Query(
    _locked.where(origins.c.origin_id == sa.any_(bound_array(origins.c.origin_id, "ids"))).order_by(origins.c.origin_id)
)
_OF_SITE = Query(
    sa.select(*_COLUMNS, _REVOKED)
    .where(origins.c.site_id == bound(origins.c.site_id))
    # Origins that one certificate brought back were opened at one time; their ids tell their order.
    .order_by(origins.c.opened_at, origins.c.origin_id)
)
_open_of_site = (
    sa.select(*_COLUMNS, _REVOKED)
    .where(origins.c.site_id == bound(origins.c.site_id), origins.c.state == "open")
    .order_by(origins.c.opened_at.desc())
    .with_for_update(of=origins)
)
_OPEN_OF_SITE = Query(_open_of_site)
_OWN_OF_SITE = Query(_open_of_site.where(origins.c.device_id == sa.select(hub_state.c.hub_id).scalar_subquery()))
_LEASED = Query(
    sa.select(*_COLUMNS, _REVOKED).where(
        origins.c.state == "open",
        origins.c.lease.is_not(None),
        origins.c.device_id == sa.any_(bound_array(origins.c.device_id, "ids")),
    )
)
_INSERT = Query(
    insert(origins)
    .values(
        **given(
            origins, "site_id", "origin_id", "device_id", "public_key", "predecessor_origin", "predecessor_position",
            "predecessor_hash", "mark", "chain_hash", "opened_at",
        )
    )
    .on_conflict_do_nothing()
)  # fmt: skip
_MARK = given(origins, "mark", "chain_hash", "last_seen", "last_error")
SAVE_MARK = Query(origins.update().where(_ID).values(**_MARK))
_SAVE_SESSION = Query(
    origins.update()
    .where(_ID)
    .values(
        **given(
            origins,
            "lease",
            "session",
            "boot",
            "instance",
            "last_seen",
            "clock_offset_ms",
            "head_told",
            "agent_version",
        ),
        pending_told=sa.func.greatest(bound(origins.c.head_told) - origins.c.mark, 0),
        oldest_unacked_at=sa.null(),
    )
)
_END_SESSION = Query(origins.update().where(_ID, origins.c.lease == bound(origins.c.lease)).values(lease=sa.null()))
_END_ALL = Query(origins.update().where(origins.c.lease.is_not(None)).values(lease=sa.null()))
_ERROR = Query(origins.update().where(_ID).values(**given(origins, "last_error", "last_error_at")))
_DIGEST = Query(origins.update().where(_ID).values(**given(origins, "digest_position", "is_digest_equal", "digest_at")))
_BACKLOG = Query(
    origins.update()
    .where(origins.c.device_id == bound(origins.c.device_id), origins.c.state == "open")
    .values(**given(origins, "head_told", "pending_told", "oldest_unacked_at", "last_seen"))
)
_STATE = Query(
    origins.update().where(_ID).values(**given(origins, "state", "closed_at"), lease=sa.null(), session=sa.null())
)
_SPOKEN = Query(origins.update().where(_ID, origins.c.boot == 0).values(boot=1))
_SUCCESSOR = Query(origins.update().where(_ID).values(**given(origins, "successor_certificate")))
_CUT = Query(
    origins.update()
    .where(origins.c.predecessor_origin == bound(origins.c.predecessor_origin))
    .values(**given(origins, "predecessor_position", "predecessor_hash"))
)
_SET_WRITER = Query(
    sites.update()
    .where(sites.c.id == bound(sites.c.id, "site_id"))
    .values(writer_origin=bound(sites.c.writer_origin, "origin_id"))
)


def moving_mark(*when: sa.ColumnElement[bool]) -> Query:
    """The statement that moves the mark, if it is still where we knew it; its arguments are `mark_moved`.

    Returns the safe mark, and nothing when it is elsewhere, the lease is another or a condition does not hold.
    """
    is_known = [origins.c[name] == bound(origins.c[name], f"known_{name}") for name in ("mark", "chain_hash", "lease")]
    return Query(origins.update().where(_ID, *is_known, *when).values(**_MARK).returning(origins.c.safe_mark))


async def find(connection: Connection, origin_id: object) -> Origin | None:
    """The origin as it is now."""
    return _made(await _FIND.fetchrow(connection, origin_id=origin_id))


async def lock(connection: Connection, origin_id: object) -> Origin | None:
    """The origin, locked until the transaction ends: the one lock of every write to its ledger."""
    return _made(await _LOCK.fetchrow(connection, origin_id=origin_id))


async def lock_all(connection: Connection, origin_ids: Sequence[object]) -> dict[str, Origin]:
    """Several origins by id, locked in one order everywhere, so that two groups wait and do not deadlock."""
    if len(origin_ids) == 1:  # a live scan: PostgreSQL plans for a list again at each call
        found = [await lock(connection, origin_ids[0])]
    else:
        found = [_made(row) for row in await _LOCK_ALL.fetch(connection, ids=origin_ids)]
    return {str(origin.origin_id): origin for origin in found if origin}


async def list_of_site(connection: Connection, site_id: object) -> list[Origin]:
    """All origins of a site, oldest first: its prefix is theirs in this order."""
    return [made for row in await _OF_SITE.fetch(connection, site_id=site_id) if (made := _made(row))]


async def lock_open(connection: Connection, site_id: object) -> Origin | None:
    """The site's current writer, locked."""
    return _made(await _OPEN_OF_SITE.fetchrow(connection, site_id=site_id))


async def lock_own(connection: Connection, site_id: object) -> Origin | None:
    """The same, if that is the hub itself."""
    return _made(await _OWN_OF_SITE.fetchrow(connection, site_id=site_id))


async def list_before(connection: Connection, origin: Origin) -> list[Origin]:
    """The origins that this one goes on from, the newest first, as far back as they are known."""
    found: list[Origin] = []
    wanted = origin.predecessor_origin
    while wanted is not None and (before := await find(connection, wanted)) is not None:
        found.append(before)
        wanted = before.predecessor_origin
    return found


async def list_leased(connection: Connection, device_ids: list[UUID]) -> list[Origin]:
    """Origins of these devices that have a session."""
    return [made for row in await _LEASED.fetch(connection, ids=device_ids) if (made := _made(row))]


async def insert_origin(connection: Connection, **values: Any) -> bool:
    """Open an origin; False when it exists."""
    return await _INSERT.execute(connection, **values) == 1


async def save_mark(connection: Connection, origin_id: UUID, mark: int, chain_hash: bytes, now_ms: int) -> None:
    """The high-water mark, in the transaction that wrote everything below it."""
    await save_marks(connection, [(origin_id, mark, chain_hash)], now_ms)


async def save_marks(connection: Connection, marks: Iterable[tuple[UUID, int, bytes]], now_ms: int) -> None:
    """The marks of several origins: (origin_id, mark, chain hash)."""
    await SAVE_MARK.each(connection, [mark_given(*mark, now_ms) for mark in marks])


def mark_given(origin_id: UUID, mark: int, chain_hash: bytes, now_ms: int) -> dict[str, Any]:
    """The arguments of SAVE_MARK."""
    return {"origin_id": origin_id, "mark": mark, "chain_hash": chain_hash, "last_seen": now_ms, "last_error": None}


def mark_moved(origin: Origin, mark: int, chain_hash: bytes, now_ms: int) -> dict[str, Any]:
    """The arguments of `moving_mark`."""
    known = {f"known_{name}": getattr(origin, name) for name in ("mark", "chain_hash", "lease")}
    return mark_given(origin.origin_id, mark, chain_hash, now_ms) | known


async def save_sessions(connection: Connection, sessions: list[dict[str, Any]]) -> None:
    """The leases that count from now on; older ones count no more."""
    await _SAVE_SESSION.each(connection, sessions)


async def end_session(connection: Connection, origin_id: object, lease: str) -> None:
    """The box said goodbye."""
    await _END_SESSION.execute(connection, origin_id=origin_id, lease=lease)


async def end_all_sessions(connection: Connection) -> None:
    """No lease counts any more: every box says Hello again."""
    await _END_ALL.execute(connection)


async def save_error(connection: Connection, origin_id: object, error: str, now_ms: int) -> None:
    """The last thing that went wrong with this origin."""
    await _ERROR.execute(connection, origin_id=origin_id, last_error=error[:500], last_error_at=now_ms)


async def save_digest(connection: Connection, origin_id: object, position: int, is_equal: bool, now_ms: int) -> None:
    """The last comparison of levels."""
    await _DIGEST.execute(
        connection, origin_id=origin_id, digest_position=position, is_digest_equal=is_equal, digest_at=now_ms
    )


async def save_backlog(
    connection: Connection, device_id: object, head: int, pending: int, oldest_at: int | None, now_ms: int
) -> None:
    """What the box says it still has to send."""
    await _BACKLOG.execute(
        connection,
        device_id=device_id,
        head_told=head,
        pending_told=pending,
        oldest_unacked_at=oldest_at,
        last_seen=now_ms,
    )


async def save_state(connection: Connection, origin_id: object, state: str, closed_at: int | None) -> None:
    """Open, closed or fenced; any session of it ends."""
    await _STATE.execute(connection, origin_id=origin_id, state=state, closed_at=closed_at)


async def mark_spoken(connection: Connection, origin_id: object) -> None:
    """Some box has said Hello under this origin, whatever the database remembers of it."""
    await _SPOKEN.execute(connection, origin_id=origin_id)


async def save_successor(connection: Connection, origin_id: object, certificate: str | None) -> None:
    """A take-over certificate waits for the device of this origin."""
    await _SUCCESSOR.execute(connection, origin_id=origin_id, successor_certificate=certificate)


async def cut(connection: Connection, origin_id: object, position: int, chain_hash: bytes) -> None:
    """An origin ends earlier than the one after it was told."""
    await _CUT.execute(
        connection, predecessor_origin=origin_id, predecessor_position=position, predecessor_hash=chain_hash
    )


async def set_writer(connection: Connection, site_id: object, origin_id: object) -> None:
    """Who writes the site's ledger from now on."""
    await _SET_WRITER.execute(connection, site_id=site_id, origin_id=origin_id)


def _made(row: Row | None) -> Origin | None:
    if row is None:
        return None
    values = {name: row[name] for name in _FIELDS}
    return Origin(**values, is_revoked=bool(row["is_revoked"]))
