"""Pruning, checkpoints and the proof that levels follow from records.

A checkpoint holds the levels at a position, so that what lies below it may be deleted and
the levels can still be rebuilt: levels = checkpoint + fold(ledger above it).
"""

import sqlite3
from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, delete, func, insert, select

from edge_agent.crashpoints import crashpoint
from edge_agent.domain.stock import fold
from edge_agent.storage import identity, ledger, levels, lots
from edge_agent.storage.copies import wrong_copies
from edge_agent.storage.schema import checkpoint_levels, checkpoints
from edge_agent.storage.schema import ledger as records
from edge_agent.storage.statement import Statement
from sync_protocol import chain

_LAST = Statement(
    select(checkpoints.c.position, checkpoints.c.chain_hash).order_by(checkpoints.c.position.desc()).limit(1)
)
_ADD = Statement(insert(checkpoints).values({c.name: bindparam(c.name) for c in checkpoints.columns}))
_FORGET = Statement(delete(checkpoints))
_FORGET_LEVELS = Statement(delete(checkpoint_levels))
_ADD_LEVEL = Statement(insert(checkpoint_levels).values({c.name: bindparam(c.name) for c in checkpoint_levels.columns}))
_LEVELS = Statement(select(checkpoint_levels.c.product_id, checkpoint_levels.c.location, checkpoint_levels.c.quantity))
_DELETE = Statement(delete(records).where(records.c.sequence < bindparam("below")))
_FIRST = Statement(select(func.min(records.c.sequence)))
_BETWEEN = Statement(
    select(records.c.product_id, records.c.quantity, records.c.from_location, records.c.to_location).where(
        records.c.sequence > bindparam("after"),
        records.c.sequence <= bindparam("until"),
        records.c.product_id.is_not(None),
    )
)
_CHAIN = Statement(select(records.c.sequence, records.c.encoded, records.c.chain_hash).order_by(records.c.sequence))


def write_checkpoint(
    connection: sqlite3.Connection, position: int, chain_hash: bytes, rows: Iterable[levels.Row], now_ms: int
) -> None:
    """Replace the checkpoint: the levels as they were at a position."""
    _FORGET.run(connection)
    _FORGET_LEVELS.run(connection)
    _ADD.run(connection, position=position, chain_hash=chain_hash, made_at=now_ms)
    _ADD_LEVEL.run_many(connection, ({"product_id": p, "location": at, "quantity": q} for p, at, q in rows if q))


def prune(connection: sqlite3.Connection, below: int, now_ms: int = 0) -> int:
    """Delete the records below a position, never the head; returns how many went."""
    last, _ = ledger.head(connection)
    below = min(below, last)
    first = _FIRST.value(connection) or 1
    if below <= first:
        return 0
    # As of the last record that goes: rebuilding starts from it, and its hash proves the chain.
    position = below - 1
    write_checkpoint(
        connection, position, ledger.hash_at(connection, position), _rows(folded(connection, position)), now_ms
    )
    crashpoint("edge.prune.before_delete")
    _DELETE.run(connection, below=below)
    identity.save_first_retained(connection, below)
    crashpoint("edge.prune.after_delete")
    return below - first


def _rows(folded_levels: dict[tuple[str, str], int]) -> list[levels.Row]:
    return [(product_id, at, quantity) for (product_id, at), quantity in folded_levels.items()]


def folded(connection: sqlite3.Connection, until: int = 2**62) -> dict[tuple[str, str], int]:
    """What the levels have to be: checkpoint + fold(records above it).

    A checkpoint is made from this and never from the levels: a wrong one would become the truth.
    """
    base = _LAST.row(connection)
    expected = {(p, at): q for p, at, q in _LEVELS.run(connection)} if base else {}
    for place, change in fold(_BETWEEN.run(connection, after=base[0] if base else 0, until=until)).items():
        expected[place] = expected.get(place, 0) + change
    return expected


def rebuild_levels(connection: sqlite3.Connection, product_ids: Sequence[str] | None = None) -> int:
    """Fold levels again from the checkpoint and the ledger; returns how many were wrong."""
    expected = folded(connection)
    wrong = _differences(connection, expected, None if product_ids is None else set(product_ids))
    products = {product_id for product_id, _ in wrong}
    if products:
        levels.clear(connection, products)
        levels.add(connection, {place: q for place, q in expected.items() if place[0] in products})
        lots.settle(connection, products)
    return len(wrong)


def wrong_levels(connection: sqlite3.Connection) -> dict[tuple[str, str], tuple[int, int]]:
    """The levels that do not follow from the ledger: what each is, and what it should be."""
    return _differences(connection, folded(connection), None)


def verify(connection: sqlite3.Connection) -> list[str]:
    """Everything that is wrong with the ledger or its levels, in words; empty when all is well."""
    problems = _broken_links(connection) + wrong_copies(connection)
    for (product_id, at), (is_now, should_be) in sorted(wrong_levels(connection).items(), key=str):
        problems.append(f"level of {product_id} at {at}: expected {should_be}, got {is_now}")
    totals: dict[str, int] = {}
    for product_id, _, quantity in levels.all_levels(connection):
        totals[product_id] = totals.get(product_id, 0) + quantity
    problems += [f"sum of {p} over all locations: expected 0, got {t}" for p, t in totals.items() if t]
    return problems + lots.wrong(connection)


def _broken_links(connection: sqlite3.Connection) -> list[str]:
    who = identity.get(connection)
    base = _LAST.row(connection)
    expected, previous = (base[0], base[1]) if base else (0, chain.genesis(who.site_id, who.origin_id))
    problems = []
    for sequence, encoded, chain_hash in _CHAIN.run(connection):
        if sequence <= expected:
            continue
        if sequence != expected + 1:
            problems.append(f"ledger: expected position {expected + 1}, got {sequence}")
        elif chain.extend(previous, encoded) != chain_hash:
            problems.append(f"ledger: the chain is broken at position {sequence}")
        expected, previous = sequence, chain_hash
    return problems


def _differences(
    connection: sqlite3.Connection, expected: dict[tuple[str, str], int], only: set[str] | None
) -> dict[tuple[str, str], tuple[int, int]]:
    actual = {(p, at): q for p, at, q in levels.all_levels(connection)}
    return {
        place: (actual.get(place, 0), expected.get(place, 0))
        for place in actual.keys() | expected.keys()
        if actual.get(place, 0) != expected.get(place, 0) and (only is None or place[0] in only)
    }
