"""People: logging in, who a token stands for, and the list of users.

A token names a user and nothing else; role, sites and state are looked up here and
remembered for at most 30 seconds, so that a role taken away is gone that soon on every
process. The very first user becomes admin; later registration is off unless configured.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from uuid_utils import uuid7

from cloud_hub.domain import tokens
from cloud_hub.domain.permissions import Principal, Role
from cloud_hub.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from cloud_hub.services.passwords import Passwords
from cloud_hub.storage import sites, users
from cloud_hub.storage.database import Database
from cloud_hub.storage.state_files import Keyring
from cloud_hub.storage.users import User

REMEMBER_MS = 30_000
REMEMBERED_MAX = 10_000


class Issued(NamedTuple):
    """A fresh access token."""

    access_token: str
    expires_s: int


class _Remembered(NamedTuple):
    principal: Principal
    until_ms: int


class Accounts:
    """The use cases of people."""

    def __init__(self, database: Database, keyring: Keyring, passwords: Passwords, *, open_registration: bool) -> None:
        self._database = database
        self._passwords = passwords
        self._open_registration = open_registration
        self._kid, self._signing_key = list(keyring.token_keys.items())[-1]
        self._keys = {kid: key.public_key() for kid, key in keyring.token_keys.items()}
        self._remembered: dict[str, _Remembered] = {}

    async def log_in(self, name: str, password: str, now_ms: int) -> Issued:
        """An access token. Raises Unauthenticated, with the same words whatever was wrong."""
        async with self._database.transaction() as connection:
            user = await users.find_by_name(connection, name)
        known = user.password_hash if user is not None else None
        if not await self._passwords.verify(known, password) or user is None or user.state != "active":
            raise Unauthenticated("login", "expected the name and password of an active user")
        if self._passwords.needs_rehash(user.password_hash):
            await self._rehash(user, password)
        token = tokens.issue(user.id, str(uuid7()), kid=self._kid, key=self._signing_key, now_s=now_ms // 1000)
        return Issued(token, tokens.ACCESS_S)

    async def principal(self, token: str, now_ms: int) -> Principal:
        """Who a token stands for, as of the last 30 seconds. Raises Unauthenticated."""
        remembered = self._remembered.get(token)
        if remembered is not None and now_ms < remembered.until_ms:
            return remembered.principal
        claims = tokens.read(token, self._keys, now_ms // 1000)
        async with self._database.transaction() as connection:
            user = await users.find(connection, str(claims["sub"]))
        if user is None or user.state != "active":
            self._remembered.pop(token, None)
            raise Unauthenticated("token", "expected a token of an active user")
        sites_seen = None if user.site_ids is None else frozenset(user.site_ids)
        principal = Principal(id=user.id, name=user.username, role=Role(user.role), sites=sites_seen)
        self._remember(token, principal, min(now_ms + REMEMBER_MS, claims["exp"] * 1000))
        return principal

    async def register(self, name: str, password: str, now_ms: int) -> User:
        """The first user as admin; a later one pending, without sites, if registration is open."""
        password_hash = await self._passwords.hash(password)
        async with self._database.transaction() as connection:
            await users.lock(connection)
            first = await users.count(connection) == 0
            if not first and not self._open_registration:
                raise Forbidden("registration_closed", "expected an administrator to add you")
            user = User(
                id=str(uuid7()), username=name, password_hash=password_hash,
                role=Role.ADMIN if first else Role.STAFF, state="active" if first else "pending",
                site_ids=None if first else frozenset(), created_at_ms=now_ms,
            )  # fmt: skip
            return await _insert(connection, user)

    async def create(self, name: str, password: str, role: Role, site_ids: list[str] | None, now_ms: int) -> User:
        """A user made by an administrator. Raises Conflict, NotFound."""
        user = User(
            id=str(uuid7()), username=name, password_hash=await self._passwords.hash(password), role=role,
            state="active", site_ids=None if site_ids is None else frozenset(site_ids), created_at_ms=now_ms,
        )  # fmt: skip
        async with self._database.transaction() as connection:
            await users.lock(connection)
            await sites.require_all(connection, user.site_ids or ())
            return await _insert(connection, user)

    async def edit(self, user_id: str, fields: Mapping[str, Any]) -> User:
        """Change some fields. Raises NotFound; Conflict when no administrator would be left."""
        changed = dict(fields)
        if "password" in changed:
            changed["password_hash"] = await self._hash_given(changed.pop("password"))
        if any(changed.get(name, "") is None for name in ("role", "state")):
            raise Invalid("null", "expected a value, got null")
        async with self._database.transaction() as connection:
            await users.lock(connection)
            await sites.require_all(connection, changed.get("site_ids") or ())
            user = await users.update(connection, user_id, changed)
            if user is None:
                raise NotFound("user", "no such user")
            if not await users.count_active_admins(connection):
                raise Conflict("last_admin", "expected at least one active administrator")
        self._remembered = {token: each for token, each in self._remembered.items() if each.principal.id != user_id}
        return user

    async def get(self, user_id: str) -> User:
        """Raises NotFound."""
        async with self._database.transaction() as connection:
            user = await users.find(connection, user_id)
        if user is None:
            raise NotFound("user", "no such user")
        return user

    async def list(self, skip: int, limit: int) -> list[User]:
        """Users by name."""
        async with self._database.transaction() as connection:
            return await users.list_by_name(connection, skip, limit)

    async def _hash_given(self, password: str | None) -> str:
        if password is None:
            raise Invalid("null", "expected a password, got null", pointer="/password")
        return await self._passwords.hash(password)

    async def _rehash(self, user: User, password: str) -> None:
        password_hash = await self._passwords.hash(password)
        async with self._database.transaction() as connection:
            await users.update(connection, user.id, {"password_hash": password_hash})

    def _remember(self, token: str, principal: Principal, until_ms: int) -> None:
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[token] = _Remembered(principal, until_ms)


async def _insert(connection: Any, user: User) -> User:
    if not await users.insert(connection, user):
        raise Conflict("name_taken", "expected a name that nobody has", pointer="/username")
    return user
