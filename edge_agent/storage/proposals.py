"""Local edits of reference data that the hub may not have merged yet."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select

from edge_agent.storage.schema import proposals
from edge_agent.storage.statement import Statement, adding


class Proposal(NamedTuple):
    proposal_id: str
    entity: str
    entity_id: str
    product_id: str
    fields: str
    """JSON text."""
    position: int
    made_at: int


_PROPOSAL = [proposals.c[f] for f in Proposal._fields]
_ADD_PROPOSAL = adding(proposals)
_PROPOSALS = Statement(
    select(*_PROPOSAL).where(proposals.c.position > bindparam("position")).order_by(proposals.c.position)
)
_PROPOSALS_OF = Statement(
    select(*_PROPOSAL)
    .where(proposals.c.product_id == bindparam("product_id"), proposals.c.position > bindparam("position"))
    .order_by(proposals.c.position)
)
_FORGET_PROPOSALS = Statement(delete(proposals).where(proposals.c.position <= bindparam("position")))


def add(connection: sqlite3.Connection, proposal: Proposal) -> None:
    _ADD_PROPOSAL.run(connection, **proposal._asdict())


def above(connection: sqlite3.Connection, position: int, product_id: str | None = None) -> list[Proposal]:
    """Local edits that the hub has not merged yet, in order."""
    if product_id is None:
        return [Proposal(*row) for row in _PROPOSALS.run(connection, position=position)]
    return [Proposal(*row) for row in _PROPOSALS_OF.run(connection, position=position, product_id=product_id)]


def forget(connection: sqlite3.Connection, position: int) -> None:
    """The hub has merged everything up to here, and what it made of it has come back."""
    _FORGET_PROPOSALS.run(connection, position=position)
