"""Local edits of reference data that the hub has not merged yet, and what it said of products meanwhile."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select

from edge_agent.storage.schema import proposals, told_products
from edge_agent.storage.statement import Statement, saving


class Proposal(NamedTuple):
    proposal_id: str
    entity: str
    entity_id: str
    product_id: str
    fields: str
    """JSON text."""
    position: int
    made_at: int


_ADD = saving(proposals, "proposal_id")
_OPEN = Statement(select(*[proposals.c[name] for name in Proposal._fields]).order_by(proposals.c.position))
_LINKED = Statement(
    select(proposals.c.proposal_id)
    .where(proposals.c.entity == "barcode", proposals.c.entity_id == bindparam("code"))
    .limit(1)
)
_FORGET = Statement(delete(proposals).where(proposals.c.position <= bindparam("position")))
_CLEAR = Statement(delete(proposals))
_KEEP_TOLD = saving(told_products, "product_id")
_TOLD = Statement(select(told_products.c.change).order_by(told_products.c.product_id))
_CLEAR_TOLD = Statement(delete(told_products))
_DROP_TOLD = Statement(delete(told_products).where(told_products.c.product_id == bindparam("product_id")))


def add(connection: sqlite3.Connection, proposal: Proposal) -> None:
    _ADD.run(connection, **proposal._asdict())


def unmerged(connection: sqlite3.Connection) -> list[Proposal]:
    """Local edits that the hub has not merged yet, in order."""
    return [Proposal(*row) for row in _OPEN.run(connection)]


def is_linked_here(connection: sqlite3.Connection, code: str) -> bool:
    """Whether this store linked the code, and head office has not confirmed it."""
    return _LINKED.value(connection, code=code) is not None


def forget(connection: sqlite3.Connection, position: int) -> int:
    """The hub has merged everything up to here; how many edits that were."""
    return _FORGET.run(connection, position=position).rowcount


def clear(connection: sqlite3.Connection) -> None:
    """Their positions are of another ledger than this one."""
    _CLEAR.run(connection)


def keep_told(connection: sqlite3.Connection, product_id: str, change: bytes) -> None:
    """What head office said of a product, as a record: local edits were laid over it."""
    _KEEP_TOLD.run(connection, product_id=product_id, change=change)


def take_told(connection: sqlite3.Connection) -> list[bytes]:
    """All of that, which is then forgotten."""
    found = [row[0] for row in _TOLD.run(connection)]
    _CLEAR_TOLD.run(connection)
    return found


def drop_told(connection: sqlite3.Connection, product_id: str) -> None:
    """Head office has said something else of it since."""
    _DROP_TOLD.run(connection, product_id=product_id)
