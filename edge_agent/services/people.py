"""The people who may work here, as head office tells of them, and the PINs that they set here.

Who leaves is out at once: their sessions end and their hashes go. A PIN that was set here goes up as
a record and comes back to all stores of that person; of two the later holds, whoever set it.
"""

import sqlite3
from dataclasses import replace

from edge_agent.domain.people import ADMIN, Person
from edge_agent.errors import BadgeScanned, Forbidden, NotFound
from edge_agent.storage import identity, ledger, people, sessions
from sync_protocol import changes, facts


def apply_person(connection: sqlite3.Connection, change: changes.Person, _now_ms: int) -> None:
    """Take a change of the feed or a line of a snapshot."""
    known = people.find(connection, change.person_id)
    if known is not None and known.version > change.version:
        return
    told = _told(change)
    if not told.is_active:
        _let_go(connection, replace(told.gone(), username=known.username if known else None))
        return
    if known is not None and known.password_hash not in (None, told.password_hash):
        sessions.end_of(connection, told.person_id)
    if known is not None and known.pin_set_at > told.pin_set_at:
        told = replace(told, pin_hash=known.pin_hash, pin_set_at=known.pin_set_at)
    people.save(connection, told)


def drop_missing(connection: sqlite3.Connection) -> None:
    """After a snapshot, before which all were suspended: who was not in it may not work here any more."""
    for person in people.list_all(connection):
        if not person.is_active:
            _let_go(connection, person.gone())


def set_pin(connection: sqlite3.Connection, person_id: str, pin_hash: str, kept_session: str, now_ms: int) -> None:
    """A person set their own; their other devices are logged out. Raises Forbidden, NotFound."""
    person = people.find(connection, person_id)
    if person is None or not person.is_active:
        raise NotFound("person", "expected somebody who works here")
    if person.role == ADMIN:
        raise Forbidden("head_office_sets", "expected the PIN of an administrator to be set at head office")
    offset = identity.clock_offset(connection)
    set_at = max(now_ms + (offset or 0), person.pin_set_at + 1)
    people.save(connection, replace(person, pin_hash=pin_hash, pin_set_at=set_at))
    sessions.end_of(connection, person_id, kept=kept_session)
    told = facts.Pin(
        occurred_at=now_ms, clock_offset=offset, actor=person.name, person_id=person_id, pin_hash=pin_hash,
        set_at=set_at,
    )  # fmt: skip
    ledger.append(connection, [facts.fact(told)])


def refuse_badge(connection: sqlite3.Connection, code: str) -> None:
    """Raises BadgeScanned: a badge is no code of goods, and nothing keeps or shows it as one."""
    person = people.whose_badge(connection, code)
    if person is not None:
        raise BadgeScanned(person.person_id) from None


def _let_go(connection: sqlite3.Connection, person: Person) -> None:
    people.save(connection, person)
    sessions.end_of(connection, person.person_id)


def _told(change: changes.Person) -> Person:
    return Person(
        person_id=change.person_id, username=change.username, email=change.email, full_name=change.full_name,
        role=change.role, permissions=frozenset(change.permissions), password_hash=change.password_hash,
        pin_hash=change.pin_hash, pin_set_at=change.pin_set_at, badge_hash=change.badge_hash,
        is_active=change.is_active, version=change.version,
    )  # fmt: skip
