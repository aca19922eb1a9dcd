"""What came down from head office: sealed batches, commands, changes not understood yet.

Sealed batches are kept until the feed's own safe mark, so that they can be handed back to a
hub that was restored from an older backup. A command is kept with its outcome for ever: it
runs once by its id and once by its caller's key.
"""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from edge_agent.storage.schema import (
    branch_adopted,
    commands,
    feed_batches,
    proposals,
    rejected,
    unknown_changes,
)
from edge_agent.storage.statement import Statement, adding, saving


class Command(NamedTuple):
    command_id: str
    key: str
    kind: str
    body: str
    """JSON text of the whole command."""
    status: str | None
    """None until it has an outcome."""
    position: int | None
    code: str
    detail: str
    received_at: int


class Proposal(NamedTuple):
    proposal_id: str
    entity: str
    entity_id: str
    product_id: str
    fields: str
    """JSON text."""
    position: int
    made_at: int


_KEEP = saving(feed_batches, "feed_origin", "first")
_RETAINED = Statement(
    select(feed_batches.c.sealed)
    .where(feed_batches.c.feed_origin == bindparam("feed_origin"), feed_batches.c.last > bindparam("after"))
    .order_by(feed_batches.c.first)
)
_FORGET = Statement(
    delete(feed_batches).where(
        feed_batches.c.feed_origin == bindparam("feed_origin"), feed_batches.c.last <= bindparam("below")
    )
)
_ADD_COMMAND = adding(commands)
_COMMAND = [commands.c[f] for f in Command._fields]
_FIND_COMMAND = Statement(select(*_COMMAND).where(commands.c.command_id == bindparam("command_id")))
_FIND_BY_KEY = Statement(
    select(*_COMMAND)
    .where(commands.c.key == bindparam("key"))
    .order_by(commands.c.received_at, commands.c.command_id)
)
_OUTCOME = Statement(
    update(commands)
    .where(commands.c.command_id == bindparam("of"))
    .values(
        status=bindparam("new_status"), position=bindparam("new_position"),
        code=bindparam("new_code"), detail=bindparam("new_detail"),
    )
)  # fmt: skip
_ADD_UNKNOWN = Statement(
    insert(unknown_changes).values(
        kind=bindparam("kind"), encoded=bindparam("encoded"), received_at=bindparam("received_at")
    )
)
_UNKNOWN = Statement(
    select(unknown_changes.c.number, unknown_changes.c.encoded).order_by(unknown_changes.c.number)
)
_DROP_UNKNOWN = Statement(delete(unknown_changes).where(unknown_changes.c.number == bindparam("number")))
_ADOPTED = Statement(select(branch_adopted.c.position).where(branch_adopted.c.chain_hash == bindparam("hash")))
_ADOPT = adding(branch_adopted)
_REJECT = saving(rejected, "position")
_REJECTED = Statement(select(rejected.c.position).order_by(rejected.c.position))
_REJECTED_COUNT = Statement(select(func.count()).select_from(rejected))
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


def keep_batch(connection: sqlite3.Connection, feed_origin: str, first: int, last: int, sealed: bytes) -> None:
    _KEEP.run(connection, feed_origin=feed_origin, first=first, last=last, sealed=sealed)


def retained_batches(connection: sqlite3.Connection, feed_origin: str, after: int) -> list[bytes]:
    """Sealed batches that hold records above a position, in order."""
    return [sealed for (sealed,) in _RETAINED.run(connection, feed_origin=feed_origin, after=after)]


def forget_batches(connection: sqlite3.Connection, feed_origin: str, below: int) -> None:
    """The hub has these in a verified backup."""
    _FORGET.run(connection, feed_origin=feed_origin, below=below)


def add_command(connection: sqlite3.Connection, command: Command) -> None:
    _ADD_COMMAND.run(connection, **command._asdict())


def find_command(connection: sqlite3.Connection, command_id: str) -> Command | None:
    found = _FIND_COMMAND.row(connection, command_id=command_id)
    return None if found is None else Command(*found)


def find_by_key(connection: sqlite3.Connection, key: str) -> list[Command]:
    """Every command given under a caller's key, in the order they came."""
    return [Command(*row) for row in _FIND_BY_KEY.run(connection, key=key)]


def save_outcome(
    connection: sqlite3.Connection, command_id: str, status: str, position: int, code: str, detail: str
) -> None:
    _OUTCOME.run(
        connection, of=command_id, new_status=status, new_position=position, new_code=code, new_detail=detail
    )


def keep_unknown(connection: sqlite3.Connection, kind: str, encoded: bytes, now_ms: int) -> None:
    """A change that a later version will understand."""
    _ADD_UNKNOWN.run(connection, kind=kind, encoded=encoded, received_at=now_ms)


def unknown(connection: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """(number, bytes) of changes not understood so far, in order."""
    return _UNKNOWN.run(connection).fetchall()


def drop_unknown(connection: sqlite3.Connection, number: int) -> None:
    _DROP_UNKNOWN.run(connection, number=number)


def adopted_at(connection: sqlite3.Connection, chain_hash: bytes) -> int | None:
    """Where a branch record was adopted, if it was."""
    found: int | None = _ADOPTED.value(connection, hash=chain_hash)
    return found


def mark_adopted(connection: sqlite3.Connection, chain_hash: bytes, position: int) -> None:
    _ADOPT.run(connection, chain_hash=chain_hash, position=position)


def save_rejected(connection: sqlite3.Connection, positions: tuple[int, ...], now_ms: int) -> None:
    """Records that the hub could not read and holds in quarantine."""
    _REJECT.run_many(connection, [{"position": position, "told_at": now_ms} for position in positions])


def rejected_positions(connection: sqlite3.Connection) -> list[int]:
    return [position for (position,) in _REJECTED.run(connection)]


def add_proposal(connection: sqlite3.Connection, proposal: Proposal) -> None:
    _ADD_PROPOSAL.run(connection, **proposal._asdict())


def proposals_above(connection: sqlite3.Connection, position: int, product_id: str | None = None) -> list[Proposal]:
    """Local edits that the hub has not merged yet, in order."""
    if product_id is None:
        return [Proposal(*row) for row in _PROPOSALS.run(connection, position=position)]
    return [Proposal(*row) for row in _PROPOSALS_OF.run(connection, position=position, product_id=product_id)]


def forget_proposals(connection: sqlite3.Connection, position: int) -> None:
    """The hub has merged everything up to here, and what it made of it has come back."""
    _FORGET_PROPOSALS.run(connection, position=position)
