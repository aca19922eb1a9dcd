"""The life of this database as one origin, and its succession by another.

A successor's ledger begins at 1 with the levels that its predecessor was closed with; the
predecessor's records are kept beside it, so that they can be sent again to a restored hub.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, delete, insert, literal, select, update

from edge_agent.domain.lots import Holding
from edge_agent.storage import identity, keys, levels, lots, retention
from edge_agent.storage.schema import (
    branch_adopted,
    checkpoint_levels,
    checkpoints,
    commands,
    count_events,
    count_lines,
    exchanges,
    former_records,
    items,
    ledger,
    receipts,
    rejected,
    store_days,
    timeline,
    zone_lines,
)
from edge_agent.storage.statement import Statement
from sync_protocol import chain

_KEEP = Statement(
    insert(former_records).from_select(
        ["origin_id", "sequence", "encoded", "chain_hash"],
        select(bindparam("origin_id"), ledger.c.sequence, ledger.c.encoded, ledger.c.chain_hash).where(
            literal(value=True)
        ),
    )
)
_OLD_COUNTS = [
    Statement(update(count_lines).values(after=0, until=0, begins=0, ends=0, position=0)),
    Statement(update(count_events).values(begins=0, ends=0, position=0)),
    Statement(update(zone_lines).values(after=0, until=0, begins=0, ends=0, seen=0)),
    Statement(update(receipts).values(position=0)),
]
"""Positions of the old ledger mean nothing in the new one: all of it lies before position 1."""
_EMPTY = [
    Statement(delete(table))
    for table in (
        ledger,
        items,
        checkpoints,
        checkpoint_levels,
        rejected,
        timeline,
        exchanges,
        store_days,
    )
]
_FORGET_OUTCOMES = [
    Statement(delete(table).where(table.c.position > bindparam("kept_up_to"))) for table in (commands, branch_adopted)
]
_FORMER = Statement(
    select(former_records.c.sequence, former_records.c.encoded, former_records.c.chain_hash)
    .where(former_records.c.origin_id == bindparam("origin_id"), former_records.c.sequence > bindparam("after"))
    .order_by(former_records.c.sequence)
)
_ADD_FORMER = Statement(
    insert(former_records).values({c.name: bindparam(c.name) for c in former_records.columns}).prefix_with("OR IGNORE")
)


def begin(
    connection: sqlite3.Connection, rows: Iterable[levels.Row], now_ms: int = 0, *,
    lots_held: Sequence[tuple[str, Holding]] = (),
) -> None:  # fmt: skip
    """Start from given levels: they stand before position 1 of this origin. Without lots those known here hold."""
    who = identity.get(connection)
    taken = list(rows)
    levels.clear(connection)
    levels.load(connection, taken)
    if lots_held:
        lots.load(connection, lots_held)
    lots.settle(connection)
    retention.write_checkpoint(connection, 0, chain.genesis(who.site_id, who.origin_id), taken, now_ms)


def succeed(
    connection: sqlite3.Connection, origin_id: str, certificate: str, rows: Iterable[levels.Row], now_ms: int = 0,
    *, lots_held: Sequence[tuple[str, Holding]] = (), kept_up_to: int = 0,
) -> None:  # fmt: skip
    """Become another origin: keep this one's records aside, then start from the given levels.

    What was done at or below `kept_up_to` is in the site's ledger for good; above it an outcome
    may lie on a branch, and does not count as done any more.
    """
    _KEEP.run(connection, origin_id=identity.get(connection).origin_id)
    for statement in (*_EMPTY, *_OLD_COUNTS):
        statement.run(connection)
    for statement in _FORGET_OUTCOMES:
        statement.run(connection, kept_up_to=kept_up_to)
    identity.save_origin(connection, origin_id, certificate)
    begin(connection, rows, now_ms, lots_held=lots_held)


def former(connection: sqlite3.Connection, origin_id: str, after: int = 0) -> list[tuple[int, bytes, bytes]]:
    """(sequence, encoded, chain hash) of a predecessor's records above a position: the hub's, and an own branch."""
    return _FORMER.run(connection, origin_id=origin_id, after=after).fetchall()


def keep_former(connection: sqlite3.Connection, origin_id: str, records: Iterable[tuple[int, bytes, bytes]]) -> None:
    """Take over a predecessor's records from the hub."""
    _ADD_FORMER.run_many(
        connection,
        [
            {"origin_id": origin_id, "sequence": sequence, "encoded": encoded, "chain_hash": chain_hash}
            for sequence, encoded, chain_hash in records
        ],
    )


def take_keys(connection: sqlite3.Connection, rows: Sequence[tuple[str, bytes]]) -> None:
    """The keys that were used at this site: (key, hash of what was asked).

    One that only this box knows was used on a branch: what it did is not in the ledger, and its
    adoption (or a retry) has to be able to do it.
    """
    keys.keep_only(connection, {key for key, _ in rows})
    for key, body_hash in rows:
        if keys.find(connection, key) is None:
            keys.add(connection, key, keys.Used(body_hash, 0, None))
