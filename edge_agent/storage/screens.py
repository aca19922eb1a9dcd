"""SQL of the screens that scanners of the box belong to, by the hash of the token that each screen holds."""

import sqlite3

from sqlalchemy import bindparam, delete, select

from edge_agent.storage.schema import screens
from edge_agent.storage.statement import Statement, saving

_C = screens.c
_SAVE = saving(screens, "scanner")
_FIND = Statement(
    select(_C.scanner).where(_C.scanner == bindparam("scanner"), _C.token_hash == bindparam("token_hash"))
)
_DROP = Statement(delete(screens).where(_C.scanner == bindparam("scanner")))


def save(connection: sqlite3.Connection, scanner: str, token_hash: bytes, now_ms: int) -> None:
    """From now on it belongs to this screen, and to no other."""
    _SAVE.run(connection, scanner=scanner, token_hash=token_hash, paired_at=now_ms)


def belongs(connection: sqlite3.Connection, scanner: str, token_hash: bytes) -> bool:
    """Whether the scanner belongs to the screen with this token."""
    return _FIND.row(connection, scanner=scanner, token_hash=token_hash) is not None


def drop(connection: sqlite3.Connection, scanner: str) -> None:
    """It belongs to no screen."""
    _DROP.run(connection, scanner=scanner)
