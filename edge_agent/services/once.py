"""Retry is safe for ever: the same key does the same thing once and gives the same answer.

The key, a hash of what was asked and the answer are kept in the transaction that did it. A
key that came with a bootstrap has no answer any more: it is still not done again.
"""

import sqlite3
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from edge_agent.errors import Invalid
from edge_agent.storage import keys
from edge_agent.storage.keys import Used

Answer = dict[str, Any]
"""What goes out as JSON."""


class Kept(NamedTuple):
    """An answer and whether it is a replay."""

    answer: Answer
    is_replayed: bool


def fingerprint(*asked: object) -> bytes:
    """The hash that tells two requests apart."""
    return sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS, default=str)).digest()


def once(
    connection: sqlite3.Connection,
    key: str | None,
    asked: bytes,
    act: Callable[[sqlite3.Connection], tuple[Answer, int]],
    *,
    is_done: Callable[[Answer], bool] = lambda _: True,
) -> Kept:
    """Act unless this key has been used. `act` returns its answer and the position it wrote up to;
    what was not done (`is_done`) does not use the key up.

    Raises Invalid (`key_reused`) when the key was used for something else.
    """
    if key is None:
        return Kept(act(connection)[0], is_replayed=False)
    used = keys.find(connection, key)
    if used is None:
        answer, position = act(connection)
        if is_done(answer):
            keys.add(connection, key, Used(asked, position, orjson.dumps(answer).decode()))
        return Kept(answer, is_replayed=False)
    if used.answer is None:
        return Kept({"status": "already_recorded", "key": key}, is_replayed=True)
    if used.body_hash != asked:
        raise Invalid("key_reused", f"Idempotency-Key {key[:40]!r} was used for another request",
                      pointer="/Idempotency-Key", expected="a new key for a new request")  # fmt: skip
    return Kept(orjson.loads(used.answer), is_replayed=True)
