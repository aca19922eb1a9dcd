"""Commands of head office with their outcomes, changes not understood yet, adopted branch records.

A command is kept for ever: it runs once by its id and once by its caller's key. A branch
record is adopted once by its old chain hash.
"""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from edge_agent.storage.schema import branch_adopted, commands, unknown_changes
from edge_agent.storage.statement import Statement, adding


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


_ADD_COMMAND = adding(commands)
_COMMAND = [commands.c[f] for f in Command._fields]
_FIND_COMMAND = Statement(select(*_COMMAND).where(commands.c.command_id == bindparam("command_id")))
_FORGET_COMMAND = Statement(delete(commands).where(commands.c.command_id == bindparam("command_id")))
_FIND_BY_KEY = Statement(
    select(*_COMMAND).where(commands.c.key == bindparam("key")).order_by(commands.c.received_at, commands.c.command_id)
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
_UNKNOWN = Statement(select(unknown_changes.c.number, unknown_changes.c.encoded).order_by(unknown_changes.c.number))
_DROP_UNKNOWN = Statement(delete(unknown_changes).where(unknown_changes.c.number == bindparam("number")))
_ADOPTED = Statement(select(branch_adopted.c.position).where(branch_adopted.c.chain_hash == bindparam("hash")))
_FORGET_ADOPTED = Statement(delete(branch_adopted).where(branch_adopted.c.chain_hash == bindparam("hash")))
_ADOPT = adding(branch_adopted)


def add_command(connection: sqlite3.Connection, command: Command) -> None:
    _ADD_COMMAND.run(connection, **command._asdict())


def find_command(connection: sqlite3.Connection, command_id: str) -> Command | None:
    found = _FIND_COMMAND.row(connection, command_id=command_id)
    return None if found is None else Command(*found)


def forget_command(connection: sqlite3.Connection, command_id: str) -> None:
    """What it did here lies on a branch: it may run again."""
    _FORGET_COMMAND.run(connection, command_id=command_id)


def find_by_key(connection: sqlite3.Connection, key: str) -> list[Command]:
    """Every command given under a caller's key, in the order they came."""
    return [Command(*row) for row in _FIND_BY_KEY.run(connection, key=key)]


def save_outcome(
    connection: sqlite3.Connection, command_id: str, status: str, position: int, code: str, detail: str
) -> None:
    _OUTCOME.run(connection, of=command_id, new_status=status, new_position=position, new_code=code, new_detail=detail)


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


def forget_adopted(connection: sqlite3.Connection, chain_hash: bytes) -> None:
    """The adoption itself lies on a branch: it may be done again."""
    _FORGET_ADOPTED.run(connection, hash=chain_hash)


def mark_adopted(connection: sqlite3.Connection, chain_hash: bytes, position: int) -> None:
    _ADOPT.run(connection, chain_hash=chain_hash, position=position)
