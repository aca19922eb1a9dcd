"""SQL of vendors: whom the chain buys from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.listing import equals, optional, page, paged
from cloud_hub.storage.schema import vendors
from cloud_hub.storage.versions import Versioned, first_version, next_version

FIELDS = ("code", "name", "contact_email", "contact_phone", "address", "currency", "lifecycle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor(Versioned):
    """One vendor."""

    id: str
    code: str | None
    name: str
    contact_email: str | None
    contact_phone: str | None
    address: str
    currency: str
    lifecycle: str
    version: tuple[int, int]
    created_at_ms: int
    updated_at_ms: int


class VendorFilter(NamedTuple):
    """Which vendors a list wants; None: all."""

    q: str | None = None
    code: str | None = None
    lifecycle: str | None = None


_ID = bound(vendors.c.id)
_FIND = Query(sa.select(vendors).where(vendors.c.id == _ID))
_LOCK = Query(sa.select(vendors).where(vendors.c.id == _ID).with_for_update())
_LIKE = sa.bindparam("like", type_=sa.Text)
_IS_LIKE = sa.or_(
    *(sa.func.lower(column).like(_LIKE) for column in (vendors.c.name, vendors.c.code, vendors.c.contact_email))
)
_LIST = Query(
    paged(
        sa.select(vendors).where(equals(vendors.c.code, vendors.c.lifecycle), optional(_LIKE, _IS_LIKE)),
        vendors.c.name,
        vendors.c.id,
    )
)
_INSERT = Query(vendors.insert().values(given(vendors, "id", *FIELDS) | first_version()).returning(vendors))
_UPDATE = Query(
    vendors.update()
    .where(vendors.c.id == _ID)
    .values(given(vendors, *FIELDS) | next_version(vendors))
    .returning(vendors)
)


async def find(connection: Connection, vendor_id: str) -> Vendor | None:
    row = await _FIND.fetchrow(connection, id=vendor_id)
    return None if row is None else _made(row)


async def lock(connection: Connection, vendor_id: str) -> Vendor | None:
    """The vendor, which nobody else changes until this transaction ends."""
    row = await _LOCK.fetchrow(connection, id=vendor_id)
    return None if row is None else _made(row)


async def list_by_name(
    connection: Connection, wanted: VendorFilter, after: tuple[str, UUID] | None, skip: int, limit: int
) -> list[Vendor]:
    """Vendors by (name, id); `q` is looked for in name, code and e-mail address."""
    like = None if wanted.q is None else "%" + re.sub(r"([\\%_])", r"\\\1", wanted.q.lower()) + "%"
    rows = await _LIST.fetch(
        connection, code=wanted.code, lifecycle=wanted.lifecycle, like=like, **page(after, skip, limit)
    )
    return [_made(row) for row in rows]


async def insert(connection: Connection, vendor_id: str, fields: Mapping[str, Any], now_ms: int) -> Vendor:
    """Raises asyncpg.UniqueViolationError for a code that is taken."""
    row: Any = await _INSERT.fetchrow(connection, id=vendor_id, now=now_ms, lifecycle="active", **fields)
    return _made(row)


async def update(connection: Connection, known: Vendor, fields: Mapping[str, Any], now_ms: int) -> Vendor:
    """Change the given fields of a locked vendor and give it the next version."""
    values = {name: fields.get(name, getattr(known, name)) for name in FIELDS}
    row: Any = await _UPDATE.fetchrow(connection, id=known.id, now=now_ms, **values)
    return _made(row)


def _made(row: Row) -> Vendor:
    return Vendor(
        id=str(row["id"]),
        **{name: row[name] for name in FIELDS},
        version=(row["version_epoch"], row["version"]),
        created_at_ms=row["created_at"],
        updated_at_ms=row["updated_at"],
    )
