"""SQL of what needs a person: quarantine, exceptions, conflicts and branches, as lists."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query
from cloud_hub.storage.listing import equals, newest_first, of_sites, page, paged
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
    rule: str
    actor: str | None
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


_ID = sa.bindparam("id", type_=sa.Uuid)
_QUARANTINE = Query(
    paged(
        sa.select(quarantine).where(of_sites(quarantine.c.site_id)),
        quarantine.c.site_id,
        quarantine.c.origin_id,
        quarantine.c.sequence,
    )
)
_EXCEPTIONS = Query(
    newest_first(
        sa.select(exceptions).where(of_sites(exceptions.c.site_id), equals(exceptions.c.state)),
        exceptions.c.first_at,
        exceptions.c.id,
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
    newest_first(
        sa.select(conflicts).where(of_sites(conflicts.c.site_id), equals(conflicts.c.state)),
        conflicts.c.created_at,
        conflicts.c.id,
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
_BRANCH = sa.select(*branches.c, _RECORDS)
_BRANCHES = Query(
    newest_first(_BRANCH.where(of_sites(branches.c.site_id)), branches.c.created_at, branches.c.branch_id)
)
_FIND_BRANCH = Query(_BRANCH.where(branches.c.branch_id == _ID))

Before = tuple[int, str] | None


async def list_quarantine(
    connection: Connection, site_ids: list[str] | None, after: tuple[UUID, UUID, int] | None, skip: int, limit: int
) -> list[Quarantined]:
    rows = await _QUARANTINE.fetch(connection, sites=site_ids, **page(after, skip, limit))
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
    rows = await _EXCEPTIONS.fetch(connection, sites=site_ids, state=state, **page(before, skip, limit))
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
    rows = await _CONFLICTS.fetch(connection, sites=site_ids, state=state, **page(before, skip, limit))
    return [_lost(row) for row in rows]


async def lock_conflict(connection: Connection, conflict_id: str) -> Lost | None:
    row = await _LOCK_CONFLICT.fetchrow(connection, id=conflict_id)
    return None if row is None else _lost(row)


async def settle_conflict(connection: Connection, conflict_id: str, state: str, actor: str, now_ms: int) -> None:
    await _SETTLE_CONFLICT.execute(connection, id=conflict_id, new_state=state, actor=actor, now=now_ms)


async def list_branches(
    connection: Connection, site_ids: list[str] | None, before: Before, skip: int, limit: int
) -> list[Branch]:
    rows = await _BRANCHES.fetch(connection, sites=site_ids, **page(before, skip, limit))
    return [_branch(row) for row in rows]


async def find_branch(connection: Connection, branch_id: str) -> Branch | None:
    row = await _FIND_BRANCH.fetchrow(connection, id=branch_id)
    return None if row is None else _branch(row)


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
        rule=row["rule"],
        actor=row["actor"],
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
