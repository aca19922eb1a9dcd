"""Signing in and staying signed in: access tokens for minutes, refresh tokens that rotate.

A sign-in is one log-in on one device. Its refresh token is good once; the one before it
is forgiven for 30 seconds (the answer was lost), and any older one ends the sign-in, for
two hold it then. An access token names its sign-in, so it dies with it.
"""

from typing import NamedTuple

from uuid_utils import uuid7

from cloud_hub.domain import refreshing, tokens
from cloud_hub.domain.permissions import Principal, Role
from cloud_hub.domain.rates import Rates
from cloud_hub.domain.refreshing import IDLE_MS, LIFE_MS, Token, Verdict
from cloud_hub.errors import Forbidden, NotFound, Unauthenticated
from cloud_hub.services import activity
from cloud_hub.services.passwords import Passwords
from cloud_hub.services.principals import Principals
from cloud_hub.storage import sign_ins, users
from cloud_hub.storage.database import Database
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sign_ins import Held, SignIn
from cloud_hub.storage.state_files import Keyring
from cloud_hub.storage.users import User

__all__ = ["Issued", "Place", "SignIn", "SigningIn"]


class Place(NamedTuple):
    """Where somebody is: the address of the connection, and what the program calls itself."""

    address: str
    agent: str


class Issued(NamedTuple):
    """A fresh pair of tokens, and how long each is good for."""

    access_token: str
    expires_s: int
    refresh_token: str
    refresh_expires_s: int


class SigningIn:
    """The use cases of logging in, refreshing and logging out."""

    def __init__(
        self, database: Database, reads: Reads, keyring: Keyring, passwords: Passwords, known: Principals, tries: Rates
    ) -> None:
        self._database = database
        self._reads = reads
        self._keyring = keyring
        self._passwords = passwords
        self._known = known
        self._tries = tries

    async def log_in(self, typed: str, password: str, place: Place, now_ms: int) -> Issued:
        """By name or address. Raises Unauthenticated, with the same words whatever was wrong; TooMany."""
        user = await self._reads.run(users.find_typed, typed)
        await self.check(user, typed, password, place.address, now_ms)
        assert user is not None
        new_hash = None
        if self._passwords.needs_rehash(user.password_hash or ""):
            new_hash = await self._passwords.hash(password)
        sign_in = SignIn(
            id=str(uuid7()), user_id=user.id, started_at_ms=now_ms, renewed_at_ms=now_ms,
            expires_at_ms=now_ms + LIFE_MS, address=place.address, agent=place.agent,
        )  # fmt: skip
        async with self._database.transaction() as connection:
            if not await users.logged_in(connection, user, now_ms, new_hash):
                raise _wrong()
            await sign_ins.insert(connection, sign_in)
            activity.done("logged in", user.id, sign_in.id, address=place.address)
        return self._issue(sign_in, 1, now_ms)

    async def check(self, user: User | None, typed: str, password: str, address: str, now_ms: int) -> None:
        """Whether this is the password of an active user. Raises Unauthenticated; TooMany.

        Tries are counted before they are checked, per account and address: who guesses is
        slowed down, and the account's owner elsewhere is not.
        """
        tried = f"login:{typed.lower() if user is None else user.id}:{address}"
        self._tries.require(tried, now_ms)
        known = None if user is None else user.password_hash
        if not await self._passwords.verify(known, password) or user is None or user.state != "active":
            activity.done("login refused", "" if user is None else user.id, "", address=address)
            raise _wrong()
        self._tries.forgive(tried)

    async def refresh(self, text: str, now_ms: int) -> Issued:
        """The next pair of tokens. Raises Unauthenticated, and ends the sign-in when a used token comes again."""
        token = refreshing.read(text, self._keyring.refresh_key)
        async with self._database.transaction() as connection:
            held = await sign_ins.lock_held(connection, token.sign_in_id, now_ms, now_ms - IDLE_MS)
            if held is None or held.user.state != "active":
                raise _over()
            newest = held.sign_in.serial
            verdict = refreshing.judge(
                token.serial, newest=newest, renewed_at_ms=held.sign_in.renewed_at_ms, now_ms=now_ms
            )
            if verdict is Verdict.RENEW:
                newest = token.serial + 1
                await sign_ins.renew(connection, token.sign_in_id, newest, now_ms)
                activity.done("stayed logged in", held.user.id, token.sign_in_id)
            elif verdict is Verdict.REUSED:
                await sign_ins.end(connection, held.user.id, token.sign_in_id, now_ms, "reused")
                activity.done("refresh token reused", held.user.id, token.sign_in_id)
        if verdict is Verdict.REUSED:
            # After the commit: an error inside the block would have undone the ending.
            self._forget_sign_in(token.sign_in_id)
            raise _over()
        return self._issue(held.sign_in, newest, now_ms)

    async def principal(self, token: str, now_ms: int) -> Principal:
        """Who an access token stands for, as of the last 30 seconds. Raises Unauthenticated."""
        if (known := self._known.find(token, now_ms)) is not None:
            return known
        claims = tokens.read(token, self._keyring.tokens.verifying(), now_ms // 1000)
        held = await self._reads.run(sign_ins.find_held, str(claims["sid"]), now_ms, now_ms - IDLE_MS)
        if held is None or held.user.id != claims["sub"] or held.user.state != "active":
            raise Unauthenticated("token", "expected a token of somebody who is logged in")
        return self._known.remember(token, _principal(held), now_ms, claims["exp"] * 1000)

    async def list(self, user_id: str, now_ms: int) -> list[SignIn]:
        """Where somebody is logged in, last used first."""
        return await self._reads.run(sign_ins.list_live, user_id, now_ms, now_ms - IDLE_MS)

    async def log_out(self, who: Principal, now_ms: int) -> None:
        """End the sign-in that asks. Raises Forbidden for a key, which has none."""
        if who.sign_in_id is None:
            raise Forbidden("no_sign_in", "expected somebody who logged in, got a key")
        await self.end(who, who.sign_in_id, now_ms)

    async def end(self, who: Principal, sign_in_id: str, now_ms: int) -> None:
        """End one of one's own. Raises NotFound."""
        async with self._database.transaction() as connection:
            if not await sign_ins.end(connection, who.id, sign_in_id, now_ms, "logged_out"):
                raise NotFound("sign_in", "no such sign-in of yours")
            activity.done("logged out", who.id, sign_in_id)
        self._forget_sign_in(sign_in_id)

    async def end_all(self, user_id: str, who: Principal, now_ms: int) -> None:
        """Log a user out everywhere."""
        async with self._database.transaction() as connection:
            count = await sign_ins.end_all(connection, user_id, now_ms, "logged_out_everywhere")
            activity.done("logged out everywhere", who.id, user_id, sign_ins=count)
        self._known.forget(lambda principal: principal.id == user_id)

    def _forget_sign_in(self, sign_in_id: str) -> None:
        self._known.forget(lambda principal: principal.sign_in_id == sign_in_id)

    def _issue(self, sign_in: SignIn, serial: int, now_ms: int) -> Issued:
        kid, key = self._keyring.tokens.signing()
        access = tokens.issue(sign_in.user_id, sign_in.id, str(uuid7()), kid=kid, key=key, now_s=now_ms // 1000)
        refresh = refreshing.make(Token(sign_in.id, serial), self._keyring.refresh_key)
        left_ms = min(IDLE_MS, sign_in.expires_at_ms - now_ms)
        return Issued(access, tokens.ACCESS_S, refresh, left_ms // 1000)


def _principal(held: Held) -> Principal:
    user = held.user
    return Principal(
        id=user.id, name=user.known_as, role=Role(user.role), sites=user.site_ids, sign_in_id=held.sign_in.id
    )


def _wrong() -> Unauthenticated:
    return Unauthenticated("login", "expected the name and password of an active user")


def _over() -> Unauthenticated:
    return Unauthenticated("refresh_token", "this sign-in is over; log in again")
