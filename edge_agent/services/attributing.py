"""Who did what a device kept while the box was away, and hands in later, perhaps with somebody else logged in there.

Whoever is logged in gets a token that their device keeps with each thing they confirm. It lets nobody in and permits
nothing: a request by somebody who may make it is then the doing of the one whom the token names. Signed with the
people key, so that a page cannot make one up; a device that is shared can use those that it was given.
"""

import hmac
import sqlite3
from dataclasses import replace
from hashlib import sha256

from edge_agent.domain.people import Caller
from edge_agent.storage import people

GOOD_MS = 35 * 24 * 3_600_000
"""As long as anything waits to be handed in."""


def token_of(people_key: bytes, person_id: str, now_ms: int) -> str:
    """Names this person for as long as anything of theirs may wait."""
    told = f"{person_id}.{now_ms + GOOD_MS}"
    return f"{told}.{_mark(people_key, told)}"


def done_by(
    connection: sqlite3.Connection, caller: Caller, people_key: bytes | None, token: str, now_ms: int
) -> Caller:
    """The caller, with the name of whom the token names; one that is not ours, or too old, names nobody."""
    told, _, mark = token.rpartition(".")
    person_id, _, until = told.partition(".")
    if people_key is None or not hmac.compare_digest(mark.encode(), _mark(people_key, told).encode()):
        return caller
    person = people.find(connection, person_id)
    return caller if person is None or int(until) <= now_ms else replace(caller, name=person.name)


def _mark(people_key: bytes, told: str) -> str:
    return hmac.new(people_key, f"backstock done by {told}".encode(), sha256).hexdigest()[:32]
