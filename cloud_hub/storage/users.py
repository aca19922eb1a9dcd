"""SQL of people who may log in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.schema import users

_LOCK = 0x75736572
_COLUMNS = ("password_hash", "role", "state", "site_ids", "is_everywhere", "username")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One person, integration or auditor. `site_ids` None means every site."""

    id: str
    username: str
    password_hash: str
    role: str
    state: str
    site_ids: frozenset[str] | None
    created_at_ms: int


_INSERTED = ("id", "username", "name", "password_hash", "role", "state", "site_ids", "is_everywhere", "created_at")
_ID = sa.bindparam("id", type_=sa.Uuid)
_FIND = Query(sa.select(users).where(users.c.id == _ID))
_FIND_BY_NAME = Query(sa.select(users).where(users.c.username == sa.bindparam("username", type_=sa.Text)))
_LIST = Query(
    sa.select(users)
    .order_by(users.c.username)
    .offset(sa.bindparam("skip", type_=sa.BigInteger))
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_COUNT = Query(sa.select(sa.func.count()).select_from(users))
_COUNT_ADMINS = Query(
    sa.select(sa.func.count()).select_from(users).where(users.c.role == "admin", users.c.state == "active")
)
_INSERT = Query(
    sa.dialects.postgresql.insert(users)
    .values({name: sa.bindparam(name, type_=users.c[name].type) for name in _INSERTED})
    .on_conflict_do_nothing()
    .returning(users.c.id)
)
_UPDATE = Query(
    users.update()
    .where(users.c.id == _ID)
    .values({name: sa.func.coalesce(sa.bindparam(name, type_=users.c[name].type), users.c[name]) for name in _COLUMNS})
    .returning(users)
)
_LOCK_ALL = Query(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


async def lock(connection: Connection) -> None:
    """Writers of users take turns, so that "the first" and "the last administrator" mean something."""
    await _LOCK_ALL.fetch(connection)


async def find(connection: Connection, user_id: str) -> User | None:
    return _user(await _FIND.fetchrow(connection, id=user_id))


async def find_by_name(connection: Connection, username: str) -> User | None:
    return _user(await _FIND_BY_NAME.fetchrow(connection, username=username))


async def list_by_name(connection: Connection, skip: int, limit: int) -> list[User]:
    return [_made(row) for row in await _LIST.fetch(connection, skip=skip, most=limit)]


async def count(connection: Connection) -> int:
    return int(await _COUNT.fetchval(connection))


async def count_active_admins(connection: Connection) -> int:
    return int(await _COUNT_ADMINS.fetchval(connection))


async def insert(connection: Connection, user: User) -> bool:
    """False when the name is taken."""
    made = await _INSERT.fetchval(
        connection, id=user.id, username=user.username, name=user.username, password_hash=user.password_hash,
        role=user.role, state=user.state, site_ids=sorted(user.site_ids or ()), is_everywhere=user.site_ids is None,
        created_at=user.created_at_ms,
    )  # fmt: skip
    return made is not None


async def update(connection: Connection, user_id: str, fields: Mapping[str, Any]) -> User | None:
    """Change the given fields; `site_ids` None means every site from now on."""
    values: dict[str, Any] = {**dict.fromkeys(_COLUMNS), **fields}
    if "site_ids" in fields:
        values["is_everywhere"] = fields["site_ids"] is None
        values["site_ids"] = fields["site_ids"] or []
    return _user(await _UPDATE.fetchrow(connection, id=user_id, **values))


def _user(row: Row | None) -> User | None:
    return None if row is None else _made(row)


def _made(row: Row) -> User:
    return User(
        id=str(row["id"]),
        username=row["username"],
        password_hash=row["password_hash"],
        role=row["role"],
        state=row["state"],
        site_ids=None if row["is_everywhere"] else frozenset(map(str, row["site_ids"])),
        created_at_ms=row["created_at"],
    )
