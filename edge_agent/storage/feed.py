"""What came down the change feed and must be kept: sealed batches above the feed's safe mark.

A hub that was restored from a backup may no longer have them; it gets them back as it had
signed them. Also the positions that the hub could not read (`rejected`), for the screen.
"""

import sqlite3
from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from edge_agent.storage.schema import feed_batches, rejected
from edge_agent.storage.statement import Statement

_KEPT = feed_batches.c
_KEEP = Statement(
    insert(feed_batches)
    .prefix_with("OR REPLACE")
    .values({column.name: bindparam(column.name) for column in feed_batches.columns})
)
_ABOVE = Statement(
    select(_KEPT.sealed)
    .where(_KEPT.feed_origin == bindparam("feed_origin"), _KEPT.last > bindparam("after"))
    .order_by(_KEPT.first)
)
_DROP = Statement(
    delete(feed_batches).where(_KEPT.feed_origin == bindparam("feed_origin"), _KEPT.last <= bindparam("until"))
)
_DROP_OTHERS = Statement(delete(feed_batches).where(_KEPT.feed_origin != bindparam("feed_origin")))
_REJECT = Statement(
    insert(rejected).values(position=bindparam("position"), told_at=bindparam("told_at")).on_conflict_do_nothing()
)
_REJECTED = Statement(select(rejected.c.position).order_by(rejected.c.position))


def keep(connection: sqlite3.Connection, feed_origin: str, first: int, last: int, sealed: bytes) -> None:
    """Keep a batch as it came, in the transaction that applies it."""
    _KEEP.run(connection, feed_origin=feed_origin, first=first, last=last, sealed=sealed)


def batches_above(connection: sqlite3.Connection, feed_origin: str, after: int) -> list[bytes]:
    """The kept batches that hold anything above a position, in order."""
    return [row[0] for row in _ABOVE.run(connection, feed_origin=feed_origin, after=after)]


def drop_safe(connection: sqlite3.Connection, feed_origin: str, until: int) -> None:
    """Forget batches that a verified backup of the hub contains."""
    _DROP.run(connection, feed_origin=feed_origin, until=until)


def drop_other_origins(connection: sqlite3.Connection, feed_origin: str) -> None:
    """Forget the batches of former feeds, once this one is safe."""
    _DROP_OTHERS.run(connection, feed_origin=feed_origin)


def save_rejected(connection: sqlite3.Connection, positions: Sequence[int], now_ms: int) -> None:
    """The hub could not read these records; they wait in its quarantine."""
    _REJECT.run_many(connection, [{"position": position, "told_at": now_ms} for position in positions])


def rejected_positions(connection: sqlite3.Connection) -> list[int]:
    """Every position that the hub could not read."""
    return [row[0] for row in _REJECTED.run(connection)]
