"""SQL of vendors: whom the chain buys from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.schema import hub_state, vendors

FIELDS = ("code", "name", "contact_email", "contact_phone", "address", "currency", "lifecycle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
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

    @property
    def etag(self) -> str:
        return f"{self.version[0]}-{self.version[1]}"


class VendorFilter(NamedTuple):
    """Which vendors a list wants; None: all."""

    q: str | None = None
    code: str | None = None
    lifecycle: str | None = None


_ID = bound(vendors.c.id)
_EPOCH = sa.select(hub_state.c.hub_epoch).scalar_subquery()
_NOW = sa.bindparam("now", type_=sa.BigInteger)
_FIND = Query(sa.select(vendors).where(vendors.c.id == _ID))
_LOCK = Query(sa.select(vendors).where(vendors.c.id == _ID).with_for_update())
_AFTER_NAME = sa.bindparam("after_name", type_=sa.Text)
_LIKE = sa.bindparam("like", type_=sa.Text)


def _given(name: str) -> sa.ColumnElement[bool]:
    """The column has the wanted value, or everything when NULL is wanted."""
    return sa.or_(bound(vendors.c[name]).is_(None), vendors.c[name] == bound(vendors.c[name]))


_LIST = Query(
    sa.select(vendors)
    .where(
        _given("code"),
        _given("lifecycle"),
        sa.or_(
            _LIKE.is_(None),
            *(sa.func.lower(vendors.c[name]).like(_LIKE) for name in ("name", "code", "contact_email")),
        ),
        sa.or_(
            _AFTER_NAME.is_(None),
            sa.tuple_(vendors.c.name, vendors.c.id) > sa.tuple_(_AFTER_NAME, sa.bindparam("after_id", type_=sa.Uuid)),
        ),
    )
    .order_by(vendors.c.name, vendors.c.id)
    .offset(sa.bindparam("skip", type_=sa.BigInteger))
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_INSERT = Query(
    vendors.insert()
    .values(
        given(vendors, "id", *FIELDS)
        | {"version_epoch": _EPOCH, "version": sa.literal_column("1"), "created_at": _NOW, "updated_at": _NOW}
    )
    .returning(vendors)
)
_UPDATE = Query(
    vendors.update()
    .where(vendors.c.id == _ID)
    .values(
        given(vendors, *FIELDS) | {"version_epoch": _EPOCH, "version": vendors.c.version + 1, "updated_at": _NOW},
    )
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
    name, vendor_id = after or (None, None)
    like = None if wanted.q is None else "%" + re.sub(r"([\\%_])", r"\\\1", wanted.q.lower()) + "%"
    rows = await _LIST.fetch(
        connection, code=wanted.code, lifecycle=wanted.lifecycle, like=like, after_name=name, after_id=vendor_id,
        skip=skip, most=limit,
    )  # fmt: skip
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
