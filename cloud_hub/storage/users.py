"""SQL of people who may log in."""

from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import sqlalchemy as sa

from cloud_hub.errors import Conflict
from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.listing import equals, optional, page, paged
from cloud_hub.storage.schema import sites, users

_LOCK = 0x75736572
_EDITED = (
    "username", "email", "name", "password_hash", "code_hash", "code_expires_at", "role", "state", "site_ids",
    "is_everywhere", "pin_hash", "pin_set_at", "badge_hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One person, integration or auditor. `site_ids` None means every site."""

    id: str
    username: str | None
    email: str | None
    name: str
    password_hash: str | None
    """None: nobody can log in with a password until one is set with a code."""
    code_hash: bytes | None = None
    code_expires_at_ms: int | None = None
    role: str
    state: str
    site_ids: frozenset[str] | None
    version: int = 1
    created_at_ms: int
    last_login_at_ms: int | None = None
    pin_hash: str | None = None
    pin_set_at_ms: int = 0
    """When the PIN was set or taken away, at head office or at a box; the newest holds."""
    badge_hash: bytes | None = None

    @property
    def known_as(self) -> str:
        """What a person types to log in, and how lists and records name them."""
        return self.username or self.email or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """What a list shall have; None: any."""

    q: str | None = None
    state: str | None = None
    role: str | None = None


_KNOWN_AS = sa.func.lower(sa.func.coalesce(users.c.username, users.c.email), type_=sa.Text)
_TYPED = sa.func.lower(sa.bindparam("typed", type_=sa.Text))
_WORD = sa.bindparam("q", type_=sa.Text)
_FIND = Query(sa.select(users).where(users.c.id == bound(users.c.id)))
_FIND_TYPED = Query(
    sa.select(users).where(sa.or_(sa.func.lower(users.c.username) == _TYPED, sa.func.lower(users.c.email) == _TYPED))
)
_HAS_WORD = sa.or_(
    *(sa.func.strpos(sa.func.lower(column), sa.func.lower(_WORD)) > 0
      for column in (users.c.username, users.c.email, users.c.name))
)  # fmt: skip
_LIST = Query(paged(sa.select(users).where(equals(users.c.state, users.c.role), optional(_WORD, _HAS_WORD)), _KNOWN_AS))
_AT_SITE = Query(
    sa.select(users)
    .where(
        users.c.state == "active",
        sa.or_(users.c.is_everywhere, bound(sites.c.id, "site_id") == sa.any_(users.c.site_ids)),
    )
    .order_by(users.c.id)
)
_COUNT = Query(sa.select(sa.func.count()).select_from(users))
_COUNT_ADMINS = Query(
    sa.select(sa.func.count()).select_from(users).where(users.c.role == "admin", users.c.state == "active")
)
_INSERT = Query(users.insert().values(given(users, "id", *_EDITED, "created_at")))
_SAVE = Query(
    users.update()
    .where(users.c.id == bound(users.c.id))
    .values({**given(users, *_EDITED), "version": users.c.version + 1})
)
_LOGGED_IN = Query(
    users.update()
    .where(
        users.c.id == bound(users.c.id), users.c.state == "active",
        users.c.password_hash == bound(users.c.password_hash, "checked"),
    )
    .values(
        last_login_at=bound(users.c.last_login_at),
        password_hash=sa.func.coalesce(bound(users.c.password_hash, "anew"), users.c.password_hash),
    )
    .returning(users.c.id)
)  # fmt: skip
_LOCK_ALL = Query(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


async def lock(connection: Connection) -> None:
    """Writers of users take turns, so that "the first" and "the last administrator" mean something."""
    await _LOCK_ALL.fetch(connection)


async def find(connection: Connection, user_id: str) -> User | None:
    return _user(await _FIND.fetchrow(connection, id=user_id))


async def find_typed(connection: Connection, typed: str) -> User | None:
    """By name or by address, in any case."""
    return _user(await _FIND_TYPED.fetchrow(connection, typed=typed))


async def list_by_name(
    connection: Connection, wanted: UserFilter, after: tuple[str] | None, skip: int, limit: int
) -> list[User]:
    rows = await _LIST.fetch(connection, q=wanted.q, state=wanted.state, role=wanted.role, **page(after, skip, limit))
    return [of_row(row) for row in rows]


async def list_of_site(connection: Connection, site_id: str) -> list[User]:
    """The active users whose sites this is one of."""
    return [of_row(row) for row in await _AT_SITE.fetch(connection, site_id=site_id)]


async def count(connection: Connection) -> int:
    return int(await _COUNT.fetchval(connection))


async def count_active_admins(connection: Connection) -> int:
    return int(await _COUNT_ADMINS.fetchval(connection))


async def insert(connection: Connection, user: User) -> User:
    """Raises Conflict when the name or the address is taken."""
    try:
        await _INSERT.execute(connection, id=user.id, created_at=user.created_at_ms, **_edited(user))
    except asyncpg.UniqueViolationError as error:
        raise _taken(error) from error
    return user


async def save(connection: Connection, user: User) -> User:
    """Write all that can be edited; the caller holds the lock and has read the row under it. Raises Conflict."""
    try:
        await _SAVE.execute(connection, id=user.id, **_edited(user))
    except asyncpg.UniqueViolationError as error:
        raise _taken(error) from error
    return replace(user, version=user.version + 1)


async def logged_in(connection: Connection, user: User, now_ms: int, new_hash: str | None) -> bool:
    """Remember when, and the hash if it was made anew; False when the checked password is no longer the user's."""
    made = await _LOGGED_IN.fetchval(
        connection, id=user.id, last_login_at=now_ms, checked=user.password_hash, anew=new_hash
    )
    return made is not None


def of_row(row: Row) -> User:
    """A user of a row with the columns of `users`."""
    return User(
        id=str(row["id"]),
        username=row["username"],
        email=row["email"],
        name=row["name"],
        password_hash=row["password_hash"],
        code_hash=row["code_hash"],
        code_expires_at_ms=row["code_expires_at"],
        role=row["role"],
        state=row["state"],
        site_ids=None if row["is_everywhere"] else frozenset(map(str, row["site_ids"])),
        version=row["version"],
        created_at_ms=row["created_at"],
        last_login_at_ms=row["last_login_at"],
        pin_hash=row["pin_hash"],
        pin_set_at_ms=row["pin_set_at"],
        badge_hash=row["badge_hash"],
    )


def _user(row: Row | None) -> User | None:
    return None if row is None else of_row(row)


def _edited(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "email": user.email,
        "name": user.name,
        "password_hash": user.password_hash,
        "code_hash": user.code_hash,
        "code_expires_at": user.code_expires_at_ms,
        "role": user.role,
        "state": user.state,
        "site_ids": sorted(user.site_ids or ()),
        "is_everywhere": user.site_ids is None,
        "pin_hash": user.pin_hash,
        "pin_set_at": user.pin_set_at_ms,
        "badge_hash": user.badge_hash,
    }


def _taken(error: asyncpg.UniqueViolationError) -> Conflict:
    if error.constraint_name == "uq_users_badge_hash":
        return Conflict("badge_taken", "expected a badge that nobody has", pointer="/badge")
    if error.constraint_name == "uq_users_email":
        return Conflict("email_taken", "expected an address that nobody has", pointer="/email")
    return Conflict("name_taken", "expected a name that nobody has", pointer="/username")
