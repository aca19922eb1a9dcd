"""SQL of the client certificates that boxes were given: what must be on the revocation list, and until when.

A box that renews holds several good ones, so revoking it means revoking all that have not ended.
"""

from typing import NamedTuple

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound
from cloud_hub.storage.schema import certificates, devices


class Issued(NamedTuple):
    """One certificate of a box."""

    serial: int
    device_id: str
    expires_at_ms: int


_NOW = sa.bindparam("now", type_=sa.BigInteger)
_DEVICE = bound(certificates.c.device_id)
_INSERT = Query(
    certificates.insert().values(
        {name: bound(certificates.c[name]) for name in ("serial", "device_id", "issued_at", "expires_at")}
    )
)
_OF_DEVICE = Query(sa.select(certificates).where(certificates.c.device_id == _DEVICE, certificates.c.expires_at > _NOW))
_OF_REVOKED = Query(
    sa.select(certificates)
    .join(devices, devices.c.id == certificates.c.device_id)
    .where(devices.c.state == "revoked", certificates.c.expires_at > _NOW)
)
_REVOKE = Query(
    certificates.update()
    .where(certificates.c.device_id == _DEVICE, certificates.c.revoked_at.is_(None))
    .values(revoked_at=_NOW, reason=bound(certificates.c.reason))
)
_PRUNE = Query(certificates.delete().where(certificates.c.expires_at < _NOW))


async def insert(connection: Connection, issued: Issued, now_ms: int) -> None:
    await _INSERT.execute(
        connection,
        serial=str(issued.serial), device_id=issued.device_id, issued_at=now_ms, expires_at=issued.expires_at_ms,
    )  # fmt: skip


async def list_of(connection: Connection, device_id: str, now_ms: int) -> list[Issued]:
    """Those of a box that have not ended."""
    return [_made(row) for row in await _OF_DEVICE.fetch(connection, device_id=device_id, now=now_ms)]


async def list_of_revoked(connection: Connection, now_ms: int) -> list[Issued]:
    """Those of all revoked boxes that have not ended."""
    return [_made(row) for row in await _OF_REVOKED.fetch(connection, now=now_ms)]


async def revoke(connection: Connection, device_id: str, reason: str, now_ms: int) -> None:
    await _REVOKE.execute(connection, device_id=device_id, reason=reason, now=now_ms)


async def prune(connection: Connection, now_ms: int) -> int:
    """Forget those that have ended."""
    return await _PRUNE.execute(connection, now=now_ms)


def _made(row: Row) -> Issued:
    return Issued(int(row["serial"]), str(row["device_id"]), row["expires_at"])
