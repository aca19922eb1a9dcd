"""What head office is told of the levels besides records: the recent ones, and the checkpoint."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, func, literal_column, or_, select

from edge_agent.storage.levels import Row
from edge_agent.storage.schema import checkpoint_levels, checkpoints, ledger, levels
from edge_agent.storage.statement import Statement
from sync_protocol.vocabulary import OWN_LOCATIONS

_MOVED = (
    select(ledger.c.product_id)
    .where(ledger.c.sequence > bindparam("after"), ledger.c.product_id.is_not(None))
    .distinct()
)
_ON_HAND = Statement(
    select(levels.c.product_id, func.sum(levels.c.quantity))
    .where(
        levels.c.product_id.in_(_MOVED),
        or_(*[levels.c.location == literal_column(f"'{place}'") for place in OWN_LOCATIONS]),
    )
    .group_by(levels.c.product_id)
    .order_by(levels.c.product_id)
)
_CHECKPOINT = Statement(
    select(checkpoints.c.position, checkpoints.c.chain_hash).order_by(checkpoints.c.position.desc()).limit(1)
)
_LEVELS = Statement(
    select(checkpoint_levels.c.product_id, checkpoint_levels.c.location, checkpoint_levels.c.quantity)
    .order_by(checkpoint_levels.c.product_id, checkpoint_levels.c.location)
)  # fmt: skip


class Checkpoint(NamedTuple):
    """The levels at the position below which the ledger is pruned."""

    position: int
    chain_hash: bytes
    levels: list[Row]


def on_hand_of_moved(connection: sqlite3.Connection, after: int) -> list[tuple[str, int]]:
    """On-hand now of each product that moved above a position."""
    return _ON_HAND.run(connection, after=after).fetchall()


def checkpoint(connection: sqlite3.Connection) -> Checkpoint | None:
    """The last checkpoint, None when nothing was ever pruned."""
    found = _CHECKPOINT.row(connection)
    return None if found is None else Checkpoint(found[0], found[1], _LEVELS.run(connection).fetchall())
