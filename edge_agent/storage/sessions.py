"""SQL of log-ins: sessions by the hash of their token, approvals that wait to be used, and wrong tries.

No token stands in the database, so that a stolen file or a backup lets nobody in.
"""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, update

from edge_agent.domain.people import Session, Tries
from edge_agent.storage.schema import approvals, sessions, tries
from edge_agent.storage.statement import Statement, adding, saving

_S, _A, _T = sessions.c, approvals.c, tries.c
_COLUMNS = [_S[name] for name in Session._fields]
_ADD = adding(sessions)
_FIND = Statement(select(*_COLUMNS).where(_S.token_hash == bindparam("token_hash")))
_ON_DEVICE = Statement(
    select(*_COLUMNS).where(_S.device == bindparam("device")).order_by(_S.started_at.desc()).limit(1)
)
_LIST = Statement(select(*_COLUMNS).order_by(_S.used_at.desc()))
_USED = Statement(update(sessions).where(_S.session_id == bindparam("of_session")).values(used_at=bindparam("now")))
_END = Statement(delete(sessions).where(_S.session_id == bindparam("session_id")))
_END_OF = Statement(delete(sessions).where(_S.person_id == bindparam("person_id"), _S.session_id != bindparam("kept")))
_END_OLD = Statement(delete(sessions).where(_S.expires_at <= bindparam("now")))


class Approval(NamedTuple):
    """A manager allowed one operation, once."""

    approval_id: str
    approved_by: str
    operation: str
    expires_at: int


_APPROVAL = [_A[name] for name in Approval._fields]
_ALLOW = adding(approvals)
_FIND_APPROVAL = Statement(select(*_APPROVAL).where(_A.token_hash == bindparam("token_hash")))
_USE = Statement(delete(approvals).where(_A.token_hash == bindparam("token_hash")))
_FORGET_APPROVALS = Statement(delete(approvals).where(_A.expires_at <= bindparam("now")))
_FIND_TRIES = Statement(select(_T.failed, _T.last_at).where(_T.subject == bindparam("subject")))
_SAVE_TRIES = saving(tries, "subject")
_FORGIVE = Statement(delete(tries).where(_T.subject == bindparam("subject")))
_FORGET_TRIES = Statement(delete(tries).where(_T.last_at < bindparam("before")))


def add(connection: sqlite3.Connection, session: Session, token_hash: bytes) -> None:
    """A new one; those whose time is over go."""
    _END_OLD.run(connection, now=session.started_at)
    _ADD.run(connection, **session._asdict(), token_hash=token_hash)


def find(connection: sqlite3.Connection, token_hash: bytes) -> Session | None:
    return _session(_FIND.row(connection, token_hash=token_hash))


def find_on_device(connection: sqlite3.Connection, device: str) -> Session | None:
    """The newest log-in on a device."""
    return _session(_ON_DEVICE.row(connection, device=device))


def list_all(connection: sqlite3.Connection) -> list[Session]:
    """Last used first."""
    return [Session(*row) for row in _LIST.run(connection)]


def used(connection: sqlite3.Connection, session_id: str, now_ms: int) -> None:
    _USED.run(connection, of_session=session_id, now=now_ms)


def end(connection: sqlite3.Connection, session_id: str) -> bool:
    """False when there is no such session."""
    return _END.run(connection, session_id=session_id).rowcount > 0


def end_of(connection: sqlite3.Connection, person_id: str, *, kept: str = "") -> int:
    """All of a person's but the kept one; how many."""
    return _END_OF.run(connection, person_id=person_id, kept=kept).rowcount


def allow(connection: sqlite3.Connection, approval: Approval, token_hash: bytes, now_ms: int) -> None:
    """Keep an approval until it is used or its time is over."""
    _FORGET_APPROVALS.run(connection, now=now_ms)
    _ALLOW.run(connection, **approval._asdict(), token_hash=token_hash)


def find_approval(connection: sqlite3.Connection, token_hash: bytes) -> Approval | None:
    found = _FIND_APPROVAL.row(connection, token_hash=token_hash)
    return None if found is None else Approval(*found)


def use_up(connection: sqlite3.Connection, token_hash: bytes) -> None:
    """An approval is good once."""
    _USE.run(connection, token_hash=token_hash)


def tries_of(connection: sqlite3.Connection, subject: str) -> Tries | None:
    """Wrong log-ins of a person or from a device."""
    found = _FIND_TRIES.row(connection, subject=subject)
    return None if found is None else Tries(*found)


def save_tries(connection: sqlite3.Connection, subject: str, found: Tries) -> None:
    _SAVE_TRIES.run(connection, subject=subject, **found._asdict())


def forgive(connection: sqlite3.Connection, subject: str) -> None:
    """A right log-in clears what was wrong before it."""
    _FORGIVE.run(connection, subject=subject)


def forget_tries(connection: sqlite3.Connection, before_ms: int) -> None:
    """Those that nobody remembers any more."""
    _FORGET_TRIES.run(connection, before=before_ms)


def _session(row: tuple[object, ...] | None) -> Session | None:
    return None if row is None else Session(*row)  # type: ignore[arg-type]
