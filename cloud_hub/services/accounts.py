"""The people who may log in: registered, made, approved and governed.

The very first user becomes admin; later registration is off unless configured, and then
waits for an administrator. Nobody gives or governs more sites than they have, and at
least one administrator stays. Writers take turns (`users.lock`).
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from uuid_utils import uuid7

from cloud_hub.domain import one_time_codes
from cloud_hub.domain.passwords import require_strong
from cloud_hub.domain.permissions import Principal, Role
from cloud_hub.errors import Conflict, Forbidden, Invalid, NotFound
from cloud_hub.services import activity, staff_news
from cloud_hub.services.passwords import Passwords
from cloud_hub.services.principals import Principals
from cloud_hub.storage import sign_ins, sites, users
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.users import User, UserFilter
from cloud_hub.storage.versions import require_version

__all__ = ["Accounts", "Invited", "Person", "User", "UserFilter"]
COMMAND_LINE = Principal(id="", name="cloud-hub", role=Role.ADMIN)
"""Whoever may run commands on the hub's own machine."""


class Person(NamedTuple):
    """Who somebody is; a name, an address, or both."""

    username: str | None = None
    email: str | None = None
    name: str = ""


class Invited(NamedTuple):
    """A user, and the one-time code by which they set their password, if one was made."""

    user: User
    code: str | None = None
    code_expires_at_ms: int | None = None


class Accounts:
    """The use cases of administrators, and registration."""

    def __init__(
        self, database: Database, reads: Reads, passwords: Passwords, known: Principals, *, open_registration: bool
    ) -> None:
        self._database = database
        self._reads = reads
        self._passwords = passwords
        self._known = known
        self._open_registration = open_registration

    async def register(self, person: Person, password: str, now_ms: int) -> User:
        """The first user as admin; a later one pending, without sites, if registration is open."""
        self._require_open(await self._reads.run(users.count))  # before a hash is paid for
        user = await self._new(person, password, Role.STAFF, frozenset(), now_ms)
        async with self._database.transaction() as connection:
            await users.lock(connection)
            count = await users.count(connection)
            self._require_open(count)
            user = replace(user, state="pending") if count else replace(user, role=Role.ADMIN, site_ids=None)
            made = await users.insert(connection, user)
            await staff_news.tell(connection, None, made, now_ms)
            activity.done("registered", user.id, user.id, role=user.role)
        return made

    async def create(
        self, person: Person, password: str | None, role: Role, site_ids: frozenset[str] | None, who: Principal,
        now_ms: int,
    ) -> Invited:  # fmt: skip
        """A user made by an administrator; without a password they get a code to set one. Raises Conflict, NotFound."""
        who.require_reach(site_ids)
        user = await self._new(person, password, role, site_ids, now_ms)
        invited = Invited(user) if password is not None else _with_code(user, now_ms)
        async with self._database.transaction() as connection:
            await users.lock(connection)
            await sites.require_all(connection, site_ids or ())
            invited = invited._replace(user=await users.insert(connection, invited.user))
            await staff_news.tell(connection, None, invited.user, now_ms)
        activity.done("user made", who.id, user.id, role=role)
        return invited

    async def approve(
        self, user_id: str, role: Role, site_ids: frozenset[str] | None, who: Principal, now_ms: int
    ) -> User:
        """Let somebody who registered in. Raises NotFound; Conflict for one who does not wait."""
        async with self.governed(user_id, who, None) as (connection, user):
            if user.state != "pending":
                raise Conflict("not_pending", f"expected a user who waits for approval, got one who is {user.state}")
            who.require_reach(site_ids)
            await sites.require_all(connection, site_ids or ())
            saved = await users.save(connection, replace(user, state="active", role=role, site_ids=site_ids))
            await staff_news.tell(connection, user, saved, now_ms)
        activity.done("user approved", who.id, user_id, role=role)
        return saved

    async def edit(
        self, user_id: str, fields: Mapping[str, Any], if_match: str | None, who: Principal, now_ms: int
    ) -> User:
        """Change fields; who is disabled is logged out. Raises NotFound, Stale; Conflict for the last administrator."""
        if nulls := [name for name in ("name", "role", "state") if fields.get(name, "") is None]:
            raise Invalid("null", "expected a value, got null", pointer=f"/{nulls[0]}")
        async with self.governed(user_id, who, if_match) as (connection, user):
            changed = replace(user, **fields)
            who.require_reach(changed.site_ids)
            await sites.require_all(connection, changed.site_ids or ())
            require_known(changed)
            saved = await users.save(connection, changed)
            if not await users.count_active_admins(connection):
                raise Conflict("last_admin", "expected at least one active administrator")
            if saved.state != "active":
                await sign_ins.end_all(connection, user_id, now_ms, saved.state)
            await staff_news.tell(connection, user, saved, now_ms)
            activity.done("user changed", who.id, user_id, fields=sorted(fields))
        return saved

    async def reset(self, user_id: str, who: Principal, now_ms: int) -> Invited:
        """Take the password away, log out everywhere, and make a one-time code to set another. Raises NotFound."""
        async with self.governed(user_id, who, None) as (connection, user):
            invited = _with_code(replace(user, password_hash=None), now_ms)
            saved = await users.save(connection, invited.user)
            await sign_ins.end_all(connection, user_id, now_ms, "reset")
            await staff_news.tell(connection, user, saved, now_ms)
            activity.done("password reset", who.id, user_id)
        return invited._replace(user=saved)

    async def require_governed(self, user_id: str, who: Principal) -> User:
        """A user whom `who` may govern. Raises NotFound, Forbidden."""
        user = await self.get(user_id)
        who.require_reach(user.site_ids)
        return user

    async def get(self, user_id: str) -> User:
        """Raises NotFound."""
        return _found(await self._reads.run(users.find, user_id))

    async def list(self, wanted: UserFilter, after: tuple[str] | None, skip: int, limit: int) -> list[User]:
        """Users by what they are known as."""
        return await self._reads.run(users.list_by_name, wanted, after, skip, limit)

    async def _new(
        self, person: Person, password: str | None, role: Role, site_ids: frozenset[str] | None, now_ms: int
    ) -> User:
        if password is not None:
            require_strong(password, person.username, person.email)
        user = User(
            id=str(uuid7()), username=person.username, email=person.email, name=person.name, role=role,
            password_hash=None if password is None else await self._passwords.hash(password), state="active",
            site_ids=site_ids, created_at_ms=now_ms,
        )  # fmt: skip
        require_known(user)
        return user

    def _require_open(self, count: int) -> None:
        if count and not self._open_registration:
            raise Forbidden("registration_closed", "expected an administrator to add you")

    @asynccontextmanager
    async def governed(
        self, user_id: str, who: Principal, if_match: str | None
    ) -> AsyncIterator[tuple[Connection, User]]:
        """A transaction on a user whom `who` may govern; afterwards this process looks them up again."""
        async with self._database.transaction() as connection:
            await users.lock(connection)
            user = _found(await users.find(connection, user_id))
            who.require_reach(user.site_ids)
            require_version(str(user.version), if_match)
            yield connection, user
        self._known.forget(lambda principal: principal.id == user_id)


def require_known(user: User) -> None:
    """Raises Invalid for somebody who could not say who they are."""
    if not user.known_as:
        raise Invalid("nameless", "expected a username or an e-mail address", pointer="/username")


def _with_code(user: User, now_ms: int) -> Invited:
    code = one_time_codes.make_text(secrets.token_bytes(one_time_codes.CODE_BYTES))
    expires_at_ms = now_ms + one_time_codes.LIFE_MS
    coded = replace(user, code_hash=one_time_codes.hash_of(code), code_expires_at_ms=expires_at_ms)
    return Invited(coded, code, expires_at_ms)


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound("user", "no such user")
    return user
