"""Logging in at the box with the hub out of reach: a password, a PIN or a badge, and the session that follows.

A try is counted, and the count is on the disk, before it is checked: neither a restart nor a
power cut gives more of them. What was wrong is never said, and no secret is ever logged.
"""

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

import structlog
import uuid_utils

from edge_agent.domain import people as rules
from edge_agent.domain.people import OF_DEVICE, OF_PERSON, Caller, Patience, Person, Session
from edge_agent.errors import TooMany, Unauthenticated, Unavailable
from edge_agent.services import tasks
from edge_agent.services.hashing import Hashing
from edge_agent.storage import people, sessions
from edge_agent.storage.database import Database
from scanner_drivers.decode.aim import split_identifier
from sync_protocol import credentials

log = structlog.get_logger(__name__)

USED_EVERY_MS = 60_000
"""A session's last use is noted no finer than this: each note is a write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """By what somebody says who they are: a name with a password or a PIN, or a badge, typed or read by the box."""

    username: str = ""
    password: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    badge: str | None = field(default=None, repr=False)
    shown: str | None = None
    """Whose badge a scanner of this box has just read for the screen that asks."""


class LoggedIn(NamedTuple):
    """A new session, and its token, which is told once."""

    person: Person
    session: Session
    token: str


class LoggingIn:
    """The use cases of logging in and out."""

    def __init__(self, database: Database, hashing: Hashing, people_key: Callable[[], bytes | None]) -> None:
        self._database, self._hashing, self._people_key = database, hashing, people_key

    async def log_in(self, proof: Proof, device: str, address: str, now_ms: int, replaced: str = "") -> LoggedIn:
        """A session on a device, in place of the one there was. Raises Unauthenticated, TooMany, Unavailable."""
        person = await self.prove(proof, address, now_ms)
        token = secrets.token_urlsafe(32)
        session = Session(
            str(uuid_utils.uuid7()), person.person_id, device, now_ms, now_ms, now_ms + rules.LIFE_MS
        )  # fmt: skip
        await self._database.write(_begin, session, hash_of(token), replaced)
        log.info("logged in", person=person.person_id, device=device)
        return LoggedIn(person, session, token)

    async def prove(self, proof: Proof, address: str, now_ms: int) -> Person:
        """Who it is. Raises Unauthenticated, with the same words whatever was wrong; TooMany; Unavailable."""
        if proof.shown is not None:
            return await self._database.read(_who_works_here, proof.shown)
        badge_hash = None if proof.badge is None else credentials.badge_hash(self._key(), _code_of(proof.badge))
        person, wait = await self._database.write(_count_try, proof.username, badge_hash, address, now_ms)
        if wait:
            raise TooMany("too_many_tries", f"expected fewer wrong log-ins; wait {wait} s", retry_after_s=wait)
        if not await self._is_right(proof, person) or person is None:
            log.warning("log-in refused", person=None if person is None else person.person_id, address=address)
            raise Unauthenticated("wrong_credentials", "expected a name and its password or PIN, or a badge")
        await self._database.write(_forgive, person.person_id, address)
        return person

    async def hash_pin(self, person_id: str, pin: str) -> str:
        """What is kept of a PIN. Raises Unavailable."""
        return await self._hashing.hash(credentials.pin_secret(self._key(), person_id, pin))

    def people_key(self) -> bytes | None:
        """None until head office has given it."""
        return self._people_key()

    async def _is_right(self, proof: Proof, person: Person | None) -> bool:
        if proof.badge is not None:
            return person is not None
        if proof.pin is not None:
            secret = credentials.pin_secret(self._key(), "" if person is None else person.person_id, proof.pin)
            return await self._hashing.verify(None if person is None else person.pin_hash, secret)
        known = None if person is None else person.password_hash
        return await self._hashing.verify(known, credentials.normal(proof.password or ""))

    def _key(self) -> bytes:
        key = self._people_key()
        if key is None:
            raise Unavailable(
                "no_people_key", "expected this box to have been in touch with head office once since its upgrade",
                remedy="log in with a password, or connect the box to head office",
            )  # fmt: skip
        return key


def caller_with(connection: sqlite3.Connection, token: str, now_ms: int) -> Caller | None:
    """Who holds this token, if they may still work here."""
    session = sessions.find(connection, hash_of(token))
    person = _person_of(connection, session, now_ms)
    return None if person is None else Caller(name=person.name, person=person, session=session)


def who_is_on(connection: sqlite3.Connection, device: str, now_ms: int) -> str | None:
    """The name of who is logged in on a device; the actor of what its scanner reads."""
    person = _person_of(connection, sessions.find_on_device(connection, device), now_ms)
    return None if person is None else person.name


def hash_of(token: str) -> bytes:
    """By which a token is found again; it has too much chance in it for more to be needed."""
    return sha256(token.encode()).digest()


def _person_of(connection: sqlite3.Connection, session: Session | None, now_ms: int) -> Person | None:
    """Whose session it is, if it is not over and they still work here."""
    if session is None or session.is_over(now_ms):
        return None
    person = people.find(connection, session.person_id)
    return person if person is not None and person.is_active else None


def _begin(connection: sqlite3.Connection, session: Session, token_hash: bytes, replaced: str) -> None:
    sessions.end(connection, replaced)
    sessions.add(connection, session, token_hash)


def _who_works_here(connection: sqlite3.Connection, person_id: str) -> Person:
    person = people.find(connection, person_id)
    if person is None or not person.is_active:
        raise Unauthenticated("wrong_credentials", "expected the badge of somebody who works here")
    return person


def _code_of(badge: str) -> str:
    """Without the line end and the AIM identifier that a scanner may put around it."""
    return split_identifier(badge.strip())[1]


def _count_try(
    connection: sqlite3.Connection, username: str, badge_hash: str | None, address: str, now_ms: int
) -> tuple[Person | None, int]:
    """Whose try it is, counted already, or how many seconds to wait.

    A badge is nothing to be guessed, so it opens the box for somebody whose PIN others have tried too often.
    """
    if badge_hash is None:
        person = people.find_typed(connection, username) if username else None
    else:
        person = people.find_badge(connection, badge_hash)
    subjects = [(_of_device(address), OF_DEVICE)]
    if person is not None and badge_hash is None:
        subjects.append((person.person_id, OF_PERSON))
    wait = max(_wait(connection, subject, patience, now_ms) for subject, patience in subjects)
    if wait:
        return None, -(-wait // 1000)
    for subject, patience in subjects:
        found = rules.tried_again(sessions.tries_of(connection, subject), patience, now_ms)
        sessions.save_tries(connection, subject, found)
        if patience is OF_PERSON and found.failed == rules.SUSPICIOUS and person is not None:
            detail = f"{person.name}: {found.failed} log-ins in a row were tried with a wrong PIN or password"
            tasks.raise_task(connection, "log_in_tries", None, now_ms, detail)
    sessions.forget_tries(connection, now_ms - OF_PERSON.forgotten_ms)
    return person, 0


def _wait(connection: sqlite3.Connection, subject: str, patience: Patience, now_ms: int) -> int:
    tries = sessions.tries_of(connection, subject)
    if tries is not None and tries.last_at > now_ms:
        # The clock was set back: the wait begins anew, once, instead of lasting until then.
        tries = tries._replace(last_at=now_ms)
        sessions.save_tries(connection, subject, tries)
    return rules.wait_ms(tries, patience, now_ms)


def _forgive(connection: sqlite3.Connection, person_id: str, address: str) -> None:
    sessions.forgive(connection, person_id)
    # Of the device this try only: whoever has a badge of their own shall not guess others' PINs without end.
    if (tries := sessions.tries_of(connection, _of_device(address))) is not None:
        sessions.save_tries(connection, _of_device(address), tries._replace(failed=max(0, tries.failed - 1)))


def _of_device(address: str) -> str:
    return f"device {address}"
