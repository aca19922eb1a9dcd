"""SQL of boxes and their enrolment codes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_into

from cloud_hub.storage.database import Connection, Query, Row, given
from cloud_hub.storage.schema import devices, enrolment_codes, origins


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One box."""

    id: str
    site_id: str
    name: str
    public_key: bytes
    state: str
    certificate_expires_at_ms: int | None
    enrolled_at_ms: int
    revoked_at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCode:
    """An enrolment code as stored: never its text."""

    site_id: str
    expires_at_ms: int
    used_by_device: str | None
    is_used: bool


_ID = sa.bindparam("id", type_=sa.Uuid)
_NOW = sa.bindparam("now", type_=sa.BigInteger)
_HASH = sa.bindparam("hash", type_=sa.LargeBinary)
_FIND = Query(sa.select(devices).where(devices.c.id == _ID))
_LIST = Query(sa.select(devices).order_by(devices.c.site_id, devices.c.enrolled_at))
_ACTIVE = Query(sa.select(devices.c.id).where(devices.c.state == "active"))
_insert = insert_into(devices).values(given(devices, "id", "site_id", "name", "public_key", "enrolled_at"))
_INSERT = Query(_insert.returning(devices))
_RECALL = Query(_insert.on_conflict_do_nothing())
_NEWEST_ORIGIN = Query(
    sa.select(origins.c.origin_id)
    .where(origins.c.device_id == _ID)
    .order_by(origins.c.opened_at.desc(), origins.c.origin_id.desc())
    .limit(1)
)
_SET_CERTIFICATE = Query(
    devices.update()
    .where(devices.c.id == _ID, devices.c.state == "active")
    .values(certificate_expires_at=sa.bindparam("expires_at", type_=sa.BigInteger))
    .returning(devices.c.id)
)
_LOCK_ACTIVE = Query(sa.select(devices.c.id).where(devices.c.id == _ID, devices.c.state == "active").with_for_update())
_REVOKE = Query(
    devices.update()
    .where(devices.c.id == _ID)
    .values(
        state="revoked",
        revoked_at=sa.func.coalesce(devices.c.revoked_at, _NOW),
        revoked_by=sa.func.coalesce(devices.c.revoked_by, sa.bindparam("actor", type_=sa.Text)),
    )
    .returning(devices)
)
_END_SESSIONS = Query(origins.update().where(origins.c.device_id == _ID).values(lease=None, session=None))
_PRESENCE = Query(devices.update().where(devices.c.id == _ID).values(given(devices, "is_online", "presence_at")))
_TELEMETRY = Query(devices.update().where(devices.c.id == _ID).values(given(devices, "telemetry", "telemetry_at")))
_INSERT_CODE = Query(
    enrolment_codes.insert().values(
        hash=_HASH,
        site_id=sa.bindparam("site_id", type_=sa.Uuid),
        created_at=_NOW,
        expires_at=sa.bindparam("expires_at", type_=sa.BigInteger),
        created_by=sa.bindparam("actor", type_=sa.Text),
    )
)
_LOCK_CODE = Query(sa.select(enrolment_codes).where(enrolment_codes.c.hash == _HASH).with_for_update())
_USE_CODE = Query(
    enrolment_codes.update().where(enrolment_codes.c.hash == _HASH).values(used_at=_NOW, used_by_device=_ID)
)


def is_id(text: str) -> bool:
    """Whether the text is a UUID at all."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


async def find(connection: Connection, device_id: str) -> Device | None:
    row = await _FIND.fetchrow(connection, id=device_id)
    return None if row is None else _made(row)


async def list_by_site(connection: Connection) -> list[Device]:
    return [_made(row) for row in await _LIST.fetch(connection)]


async def list_active_ids(connection: Connection) -> list[UUID]:
    return [row["id"] for row in await _ACTIVE.fetch(connection)]


async def insert(
    connection: Connection, device_id: str, site_id: str, name: str, public_key: bytes, now_ms: int
) -> Device:
    row = await _INSERT.fetchrow(
        connection, id=device_id, site_id=site_id, name=name, public_key=public_key, enrolled_at=now_ms
    )
    assert row is not None
    return _made(row)


async def recall(connection: Connection, device_id: str, site_id: str, public_key: bytes, now_ms: int) -> None:
    """A device that a certificate of ours names, in case the database has forgotten it."""
    await _RECALL.execute(
        connection, id=device_id, site_id=site_id, name=device_id, public_key=public_key, enrolled_at=now_ms
    )


async def newest_origin(connection: Connection, device_id: str) -> str:
    """The origin that a device's certificate of enrolment names."""
    return str(await _NEWEST_ORIGIN.fetchval(connection, id=device_id))


async def lock_active(connection: Connection, device_id: str) -> bool:
    """Whether the box is active; if so nobody revokes it before this transaction ends."""
    return await _LOCK_ACTIVE.fetchval(connection, id=device_id) is not None


async def certified_until(connection: Connection, device_id: str, expires_ms: int) -> bool:
    """Note how long its newest certificate is good for; False for a box that is not active (any more)."""
    return await _SET_CERTIFICATE.fetchval(connection, id=device_id, expires_at=expires_ms) is not None


async def revoke(connection: Connection, device_id: str, actor: str, now_ms: int) -> Device | None:
    """Mark a box as revoked and end its session; again has no effect."""
    row = await _REVOKE.fetchrow(connection, id=device_id, actor=actor, now=now_ms)
    if row is None:
        return None
    await _END_SESSIONS.execute(connection, id=device_id)
    return _made(row)


async def save_presence(connection: Connection, device_id: object, is_online: bool, now_ms: int) -> None:
    """What the broker says of the box's connection."""
    await _PRESENCE.execute(connection, id=device_id, is_online=is_online, presence_at=now_ms)


async def save_telemetry(connection: Connection, device_id: object, telemetry: Any, now_ms: int) -> None:
    """The box's last gauges."""
    await _TELEMETRY.execute(connection, id=device_id, telemetry=telemetry, telemetry_at=now_ms)


async def insert_code(
    connection: Connection, code_hash: bytes, site_id: str, actor: str, expires_ms: int, now_ms: int
) -> None:
    await _INSERT_CODE.execute(
        connection, hash=code_hash, site_id=site_id, actor=actor, expires_at=expires_ms, now=now_ms
    )


async def lock_code(connection: Connection, code_hash: bytes) -> StoredCode | None:
    """The code, which nobody else uses until this transaction ends."""
    row = await _LOCK_CODE.fetchrow(connection, hash=code_hash)
    if row is None:
        return None
    used_by = row["used_by_device"]
    return StoredCode(
        site_id=str(row["site_id"]),
        expires_at_ms=row["expires_at"],
        used_by_device=None if used_by is None else str(used_by),
        is_used=row["used_at"] is not None,
    )


async def use_code(connection: Connection, code_hash: bytes, device_id: str, now_ms: int) -> None:
    await _USE_CODE.execute(connection, hash=code_hash, id=device_id, now=now_ms)


def _made(row: Row) -> Device:
    return Device(
        id=str(row["id"]),
        site_id=str(row["site_id"]),
        name=row["name"],
        public_key=row["public_key"],
        state=row["state"],
        certificate_expires_at_ms=row["certificate_expires_at"],
        enrolled_at_ms=row["enrolled_at"],
        revoked_at_ms=row["revoked_at"],
    )
