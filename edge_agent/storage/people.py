"""SQL of the people who may work here.

A badge is found by its hash under a key that is in no database: SQL has it as the function `badge_hash_of`,
which says NULL where there is no key.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import fields

import orjson
from sqlalchemy import bindparam, func, or_, select, update

from edge_agent.domain.people import Person
from edge_agent.storage.schema import people
from edge_agent.storage.statement import Statement, saving
from sync_protocol.credentials import badge_hash

PeopleKey = Callable[[], bytes | None]

_C = people.c
_NAMES = tuple(field.name for field in fields(Person) if field.name != "version")
_COLUMNS = [*(_C[name] for name in _NAMES), _C.version_epoch, _C.version_number]
_TYPED = func.lower(bindparam("typed"))
_FIND = Statement(select(*_COLUMNS).where(_C.person_id == bindparam("person_id")))
_FIND_TYPED = Statement(
    select(*_COLUMNS).where(_C.is_active == 1, or_(func.lower(_C.username) == _TYPED, func.lower(_C.email) == _TYPED))
)
_FIND_BADGE = Statement(select(*_COLUMNS).where(_C.is_active == 1, _C.badge_hash == bindparam("badge_hash")))
_HASH_OF = Statement(select(func.badge_hash_of(bindparam("code"))))
_LIST = Statement(select(*_COLUMNS).order_by(_C.person_id))
_CAN_LOG_IN = Statement(
    select(_C.person_id)
    .where(
        _C.is_active == 1,
        or_(_C.password_hash.is_not(None), _C.pin_hash.is_not(None), _C.badge_hash.is_not(None)),
    )
    .limit(1)
)
_SAVE = saving(people, "person_id")
_SUSPEND = Statement(update(people).values(is_active=0, version_epoch=0, version_number=0))


def find(connection: sqlite3.Connection, person_id: str) -> Person | None:
    return _person(_FIND.row(connection, person_id=person_id))


def find_typed(connection: sqlite3.Connection, typed: str) -> Person | None:
    """An active one by name or by address, in any case."""
    return _person(_FIND_TYPED.row(connection, typed=typed))


def find_badge(connection: sqlite3.Connection, hashed: str) -> Person | None:
    """The active one whose badge has this hash."""
    return _person(_FIND_BADGE.row(connection, badge_hash=hashed))


def know_badges(connection: sqlite3.Connection, people_key: PeopleKey) -> None:
    """This connection can tell whose badge a code is, once there is a key."""

    def hash_of(code: str) -> str | None:
        key = people_key()
        return None if key is None else badge_hash(key, code.strip())

    connection.create_function("badge_hash_of", 1, hash_of)


def whose_badge(connection: sqlite3.Connection, code: str) -> Person | None:
    """The active one whose badge has this code."""
    found = _HASH_OF.value(connection, code=code)
    return None if found is None else find_badge(connection, found)


def list_all(connection: sqlite3.Connection) -> list[Person]:
    """Also those who may not work here any more."""
    return [_made(row) for row in _LIST.run(connection)]


def can_log_in(connection: sqlite3.Connection) -> bool:
    """Whether anybody can."""
    return _CAN_LOG_IN.row(connection) is not None


def save(connection: sqlite3.Connection, person: Person) -> None:
    epoch, number = person.version
    values = {name: getattr(person, name) for name in _NAMES}
    values["permissions"] = orjson.dumps(sorted(person.permissions)).decode()
    values["is_active"] = int(person.is_active)
    _SAVE.run(connection, **values, version_epoch=epoch, version_number=number)


def suspend_all(connection: sqlite3.Connection) -> None:
    """Until a snapshot names them again, in the same transaction."""
    _SUSPEND.run(connection)


def _person(row: tuple[object, ...] | None) -> Person | None:
    return None if row is None else _made(row)


def _made(row: tuple[object, ...]) -> Person:
    values = dict(zip(_NAMES, row, strict=False))
    values["permissions"] = frozenset(orjson.loads(str(values["permissions"])))
    values["is_active"] = bool(values["is_active"])
    return Person(**values, version=row[-2:])  # type: ignore[arg-type]
