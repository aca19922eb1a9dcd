"""Callers' idempotency keys: what was asked under each, and the answer that it got, for ever."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select

from edge_agent.storage.schema import keys
from edge_agent.storage.statement import RowStatement, Statement


class Used(NamedTuple):
    """A key that has been used."""

    body_hash: bytes
    sequence: int
    answer: str | None
    """JSON text; None for a key that came with a bootstrap."""


_FIND = Statement(select(keys.c.body_hash, keys.c.sequence, keys.c.answer).where(keys.c.key == bindparam("key")))
_ADD = RowStatement(insert(keys).values({name: bindparam(name) for name in ("key", *Used._fields)}))
_ALL = Statement(select(keys.c.key))
_FORGET = Statement(delete(keys).where(keys.c.key == bindparam("of")))


def find(connection: sqlite3.Connection, key: str) -> Used | None:
    """What was done under this key."""
    found = _FIND.row(connection, key=key)
    return None if found is None else Used(*found)


def keep_only(connection: sqlite3.Connection, known: set[str]) -> None:
    """Forget every key but these."""
    _FORGET.run_many(connection, [{"of": key} for (key,) in _ALL.run(connection).fetchall() if key not in known])


def add(connection: sqlite3.Connection, key: str, used: Used) -> None:
    """Remember it; in the same transaction as what it did."""
    _ADD.run(connection, (key, *used))
