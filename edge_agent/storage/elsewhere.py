"""What head office said last of the stock of other sites: a copy, bounded, that nothing is booked by."""

import sqlite3

from sqlalchemy import bindparam, delete, select

from edge_agent.storage.schema import stock_elsewhere
from edge_agent.storage.statement import Statement, saving

KEPT_MAX = 1_000
"""Products: some 10 MB with 50 sites each."""

_C = stock_elsewhere.c
_SAVE = saving(stock_elsewhere, "product_id")
_FIND = Statement(select(_C.told, _C.asked_at).where(_C.product_id == bindparam("product_id")))
_KEPT = select(_C.product_id).order_by(_C.asked_at.desc()).limit(KEPT_MAX)
_DROP_OLDEST = Statement(delete(stock_elsewhere).where(_C.product_id.not_in(_KEPT)))


def keep(connection: sqlite3.Connection, product_id: str, told: str, asked_at: int) -> None:
    """Keep this in place of what was said before; what was asked for longest ago makes room."""
    _SAVE.run(connection, product_id=product_id, told=told, asked_at=asked_at)
    _DROP_OLDEST.run(connection)


def find(connection: sqlite3.Connection, product_id: str) -> tuple[str, int] | None:
    """What was said, and when it was asked for by this box's clock."""
    found = _FIND.row(connection, product_id=product_id)
    return None if found is None else (str(found[0]), int(found[1]))
