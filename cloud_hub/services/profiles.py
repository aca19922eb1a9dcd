"""What people change of themselves: name, address and password.

Whatever would let somebody else in (another address, another password) needs the present
password, also of who is logged in already; a new password logs out every other device.
"""

from collections.abc import Mapping
from dataclasses import replace
from hmac import compare_digest
from typing import Any

from cloud_hub.domain import one_time_codes
from cloud_hub.domain.passwords import require_strong
from cloud_hub.domain.permissions import Principal
from cloud_hub.domain.rates import Rates
from cloud_hub.errors import Forbidden, Invalid, Unauthenticated
from cloud_hub.services import activity, staff_news
from cloud_hub.services.accounts import require_known
from cloud_hub.services.passwords import Passwords
from cloud_hub.services.principals import Principals
from cloud_hub.services.signing_in import SigningIn
from cloud_hub.storage import password_resets, sign_ins, users
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.users import User

NEEDS_PASSWORD = ("username", "email")


class Profiles:
    """The use cases of oneself."""

    def __init__(
        self, database: Database, reads: Reads, passwords: Passwords, signing_in: SigningIn, known: Principals,
        tries: Rates,
    ) -> None:  # fmt: skip
        self._database = database
        self._reads = reads
        self._passwords = passwords
        self._signing_in = signing_in
        self._known = known
        self._tries = tries

    async def get(self, who: Principal) -> User | None:
        """None for a key: it stands for no person."""
        return await self._reads.run(users.find, who.id)

    async def edit(
        self, who: Principal, fields: Mapping[str, Any], password: str | None, address: str, now_ms: int
    ) -> User:
        """Change one's own name, or with the password how one logs in. Raises Forbidden, Invalid, Conflict."""
        if fields.get("name", "") is None:
            raise Invalid("null", "expected a value, got null", pointer="/name")
        if any(name in fields for name in NEEDS_PASSWORD):
            await self._require_password(who, password, address, now_ms, "/password")
        async with self._database.transaction() as connection:
            user = await self._locked(connection, who.id)
            changed = replace(user, **fields)
            require_known(changed)
            saved = await users.save(connection, changed)
            await staff_news.tell(connection, user, saved, now_ms)
            activity.done("profile changed", who.id, who.id, fields=sorted(fields))
        self._known.forget(lambda principal: principal.id == who.id)
        return saved

    async def change_password(self, who: Principal, old: str, new: str, address: str, now_ms: int) -> None:
        """Raises Forbidden for a wrong old one, Invalid for a weak new one; TooMany."""
        user = await self._require_password(who, old, address, now_ms, "/old_password")
        await self.replace_password(user, new, now_ms, "/new_password", kept=who.sign_in_id)

    async def redeem(self, typed: str, code: str, new: str, address: str, now_ms: int) -> None:
        """Set a password with a one-time code. Raises Unauthenticated, Invalid; TooMany."""
        user = await self._reads.run(users.find_typed, typed)
        tried = f"login:{typed.lower() if user is None else user.id}:{address}"
        self._tries.require(tried, now_ms)
        if user is None or not _is_good(user, code, now_ms):
            raise Unauthenticated("code", "expected the newest code of a user, not used and not expired")
        await self.replace_password(user, new, now_ms, "/new_password")
        self._tries.forgive(tried)

    async def replace_password(
        self, known: User, new: str, now_ms: int, pointer: str, *, kept: str | None = None
    ) -> None:
        """Of a user who proved that it is they: codes and tokens are used up, and every sign-in but the kept one ends.

        Raises Invalid for a weak one.
        """
        require_strong(new, known.username, known.email, pointer=pointer)
        password_hash = await self._passwords.hash(new)
        async with self._database.transaction() as connection:
            user = await self._locked(connection, known.id)
            if (user.password_hash, user.code_hash) != (known.password_hash, known.code_hash):
                raise Unauthenticated("code", "the password was changed meanwhile; log in again")
            saved = await users.save(
                connection, replace(user, password_hash=password_hash, code_hash=None, code_expires_at_ms=None)
            )
            await password_resets.forget(connection, user.id)
            await sign_ins.end_all(connection, user.id, now_ms, "password", kept)
            await staff_news.tell(connection, user, saved, now_ms)
            activity.done("password changed", user.id, user.id)
        self._known.forget(lambda principal: principal.id == user.id and principal.sign_in_id != kept)

    async def _require_password(
        self, who: Principal, password: str | None, address: str, now_ms: int, pointer: str
    ) -> User:
        """The user who asks, sure that it is they. Raises Forbidden (they are logged in, so not 401); TooMany."""
        user = await self._reads.run(users.find, who.id)
        try:
            await self._signing_in.check(user, who.id, password or "", address, now_ms)
        except Unauthenticated as error:
            raise Forbidden("password", "expected your present password", pointer=pointer) from error
        assert user is not None
        return user

    async def _locked(self, connection: Connection, user_id: str) -> User:
        await users.lock(connection)
        user = await users.find(connection, user_id)
        if user is None:
            raise Forbidden("no_person", "expected somebody who logged in")
        return user


def _is_good(user: User, code: str, now_ms: int) -> bool:
    if user.code_hash is None or user.code_expires_at_ms is None or user.code_expires_at_ms <= now_ms:
        return False
    return compare_digest(user.code_hash, one_time_codes.hash_of(code))
