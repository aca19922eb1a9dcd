"""SQL of what needs a person: quarantine, exceptions, conflicts and branches, as lists."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from cloud_hub.storage.database import Connection, Query
from cloud_hub.storage.schema import EVERYWHERE, branch_records, branches, conflicts, exceptions, quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    site_id: str
    origin_id: str
    position: int
    why: str
    state: str
    bytes_base64: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One exception: something odd that was stored."""

    id: str
    site_id: str | None
    kind: str
    subject: str
    detail: str
    state: str
    occurrences: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """One edit that lost against a concurrent one."""

    id: str
    site_id: str | None
    entity: str
    entity_id: str
    field: str
    kept: Any
    lost: Any
    state: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """The tail of a fenced box."""

    id: str
    site_id: str
    origin_id: str
    device_id: str
    verdict: str
    after: int
    head: int
    records: int
    state: str
    at_ms: int


_SITES = sa.bindparam("sites", type_=ARRAY(sa.Uuid))
_SKIP = sa.bindparam("skip", type_=sa.BigInteger)
_MOST = sa.bindparam("most", type_=sa.BigInteger)
_STATE = sa.bindparam("state", type_=sa.Text)
_BEFORE_AT = sa.bindparam("before_at", type_=sa.BigInteger)
_BEFORE_ID = sa.bindparam("before_id", type_=sa.Uuid)
_ID = sa.bindparam("id", type_=sa.Uuid)


def _of_sites(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.or_(_SITES.is_(None), column == sa.any_(_SITES))


def _newest_first(table: sa.Table, at: sa.Column[Any], id_: sa.Column[Any], *columns: Any) -> sa.Select[Any]:
    """Rows of one's sites, newest first, after a cursor of (time, id)."""
    return (
        sa.select(*(columns or table.c))
        .where(
            _of_sites(table.c.site_id),
            sa.or_(_BEFORE_AT.is_(None), sa.tuple_(at, id_) < sa.tuple_(_BEFORE_AT, _BEFORE_ID)),
        )
        .order_by(at.desc(), id_.desc())
        .offset(_SKIP)
        .limit(_MOST)
    )


_QUARANTINE_KEY = sa.tuple_(quarantine.c.site_id, quarantine.c.origin_id, quarantine.c.sequence)
_QUARANTINE = Query(
    sa.select(quarantine)
    .where(
        _of_sites(quarantine.c.site_id),
        sa.or_(
            sa.bindparam("after_site", type_=sa.Uuid).is_(None),
            sa.tuple_(
                sa.bindparam("after_site", type_=sa.Uuid),
                sa.bindparam("after_origin", type_=sa.Uuid),
                sa.bindparam("after_sequence", type_=sa.BigInteger),
            )
            < _QUARANTINE_KEY,
        ),
    )
    .order_by(quarantine.c.site_id, quarantine.c.origin_id, quarantine.c.sequence)
    .offset(_SKIP)
    .limit(_MOST)
)
_EXCEPTIONS = Query(
    _newest_first(exceptions, exceptions.c.first_at, exceptions.c.id).where(
        sa.or_(_STATE.is_(None), exceptions.c.state == _STATE)
    )
)
_FIND_EXCEPTION = Query(sa.select(exceptions).where(exceptions.c.id == _ID))
_CLOSE_EXCEPTION = Query(
    exceptions.update()
    .where(exceptions.c.id == _ID)
    .values(
        state="done",
        settled_at=sa.bindparam("now", type_=sa.BigInteger),
        settled_by=sa.bindparam("actor", type_=sa.Text),
    )
    .returning(exceptions)
)
_CONFLICTS = Query(
    _newest_first(conflicts, conflicts.c.created_at, conflicts.c.id).where(
        sa.or_(_STATE.is_(None), conflicts.c.state == _STATE)
    )
)
_LOCK_CONFLICT = Query(sa.select(conflicts).where(conflicts.c.id == _ID).with_for_update())
_SETTLE_CONFLICT = Query(
    conflicts.update()
    .where(conflicts.c.id == _ID)
    .values(
        state=sa.bindparam("new_state", type_=sa.Text),
        settled_at=sa.bindparam("now", type_=sa.BigInteger),
        settled_by=sa.bindparam("actor", type_=sa.Text),
    )
)
_RECORDS = (
    sa.select(sa.func.count())
    .where(branch_records.c.site_id == branches.c.site_id, branch_records.c.branch_id == branches.c.branch_id)
    .correlate(branches)
    .scalar_subquery()
    .label("records")
)
_BRANCHES = Query(_newest_first(branches, branches.c.created_at, branches.c.branch_id, *branches.c, _RECORDS))
_FIND_BRANCH = Query(sa.select(*branches.c, _RECORDS).where(branches.c.branch_id == _ID))

Before = tuple[int, str] | None


async def list_quarantine(
    connection: Connection, site_ids: list[str] | None, after: tuple[UUID, UUID, int] | None, skip: int, limit: int
) -> list[Quarantined]:
    site, origin, sequence = after or (None, None, None)
    rows = await _QUARANTINE.fetch(
        connection, sites=site_ids, after_site=site, after_origin=origin, after_sequence=sequence, skip=skip, most=limit
    )
    return [
        Quarantined(
            site_id=str(row["site_id"]),
            origin_id=str(row["origin_id"]),
            position=row["sequence"],
            why=row["why"],
            state=row["state"],
            bytes_base64=b64encode(row["encoded"]).decode(),
            at_ms=row["recorded_at"],
        )
        for row in rows
    ]


async def list_exceptions(
    connection: Connection, site_ids: list[str] | None, state: str | None, before: Before, skip: int, limit: int
) -> list[Raised]:
    rows = await _EXCEPTIONS.fetch(connection, sites=site_ids, state=state, skip=skip, most=limit, **_before(before))
    return [_raised(row) for row in rows]


async def find_exception(connection: Connection, exception_id: str) -> Raised | None:
    row = await _FIND_EXCEPTION.fetchrow(connection, id=exception_id)
    return None if row is None else _raised(row)


async def close_exception(connection: Connection, exception_id: str, actor: str, now_ms: int) -> Raised | None:
    row = await _CLOSE_EXCEPTION.fetchrow(connection, id=exception_id, actor=actor, now=now_ms)
    return None if row is None else _raised(row)


async def list_conflicts(
    connection: Connection, site_ids: list[str] | None, state: str | None, before: Before, skip: int, limit: int
) -> list[Lost]:
    rows = await _CONFLICTS.fetch(connection, sites=site_ids, state=state, skip=skip, most=limit, **_before(before))
    return [_lost(row) for row in rows]


async def lock_conflict(connection: Connection, conflict_id: str) -> Lost | None:
    row = await _LOCK_CONFLICT.fetchrow(connection, id=conflict_id)
    return None if row is None else _lost(row)


async def settle_conflict(connection: Connection, conflict_id: str, state: str, actor: str, now_ms: int) -> None:
    await _SETTLE_CONFLICT.execute(connection, id=conflict_id, new_state=state, actor=actor, now=now_ms)


async def list_branches(
    connection: Connection, site_ids: list[str] | None, before: Before, skip: int, limit: int
) -> list[Branch]:
    rows = await _BRANCHES.fetch(connection, sites=site_ids, skip=skip, most=limit, **_before(before))
    return [_branch(row) for row in rows]


async def find_branch(connection: Connection, branch_id: str) -> Branch | None:
    row = await _FIND_BRANCH.fetchrow(connection, id=branch_id)
    return None if row is None else _branch(row)


def _before(before: Before) -> dict[str, Any]:
    at, row_id = before or (None, None)
    return {"before_at": at, "before_id": row_id}


def _site(value: Any) -> str | None:
    return None if value == EVERYWHERE else str(value)


def _raised(row: Any) -> Raised:
    return Raised(
        id=str(row["id"]),
        site_id=_site(row["site_id"]),
        kind=row["kind"],
        subject=row["subject"],
        detail=row["detail"],
        state=row["state"],
        occurrences=row["occurrences"],
        at_ms=row["first_at"],
    )


def _lost(row: Any) -> Lost:
    return Lost(
        id=str(row["id"]),
        site_id=_site(row["site_id"]),
        entity=row["entity"],
        entity_id=row["entity_id"],
        field=row["field"],
        kept=row["kept"],
        lost=row["lost"],
        state=row["state"],
        at_ms=row["created_at"],
    )


def _branch(row: Any) -> Branch:
    return Branch(
        id=str(row["branch_id"]),
        site_id=str(row["site_id"]),
        origin_id=str(row["origin_id"]),
        device_id=str(row["device_id"]),
        verdict=row["verdict"],
        after=row["fork_position"],
        head=row["head"],
        records=row["records"],
        state=row["state"],
        at_ms=row["created_at"],
    )
