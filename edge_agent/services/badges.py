"""Badges that the box's own scanners read: each is for the one screen that its scanner belongs to.

A badge read by a scanner in mode `lookup` is held for some seconds, in memory, as whose it is; its code is kept
nowhere. Only the screen that a manager has paired with that scanner may take it, as its proof of who is
there. A screen proves that it is the one by a token, in a cookie that scripts cannot read.
"""

import secrets
import sqlite3
from typing import NamedTuple

from edge_agent.services.logging_in import hash_of
from edge_agent.storage import screens

HELD_MS = 8_000
"""As long as somebody would wait for the screen after a beep."""


class _Held(NamedTuple):
    person_id: str
    until_ms: int


class Badges:
    """Whose badge was read last, by scanner; times are of a clock that is never set."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    def read(self, scanner: str, person_id: str, ticks_ms: int) -> None:
        """The scanner read this person's badge."""
        self._held[scanner] = _Held(person_id, ticks_ms + HELD_MS)

    def take(self, scanner: str, ticks_ms: int) -> str | None:
        """Whose badge it read a moment ago; it is told once."""
        held = self._held.pop(scanner, None)
        return held.person_id if held is not None and ticks_ms < held.until_ms else None


def pair(connection: sqlite3.Connection, scanner: str, now_ms: int) -> str:
    """From now on the scanner belongs to the screen that gets this token, and to no other."""
    token = secrets.token_urlsafe(32)
    screens.save(connection, scanner, hash_of(token), now_ms)
    return token


def is_paired(connection: sqlite3.Connection, scanner: str, token: str) -> bool:
    """Whether the scanner belongs to the screen that holds this token."""
    return bool(token) and screens.belongs(connection, scanner, hash_of(token))
