"""SQL of commands: what head office asked of a store's writer, pending until its outcome comes."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.as_of import of_sites
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.schema import commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`status`: pending, done, refused, expired or unsupported; only the site's writer decides."""

    id: str
    site_id: str
    key: str
    kind: str
    body: dict[str, Any]
    status: str
    code: str
    detail: str | None
    actor: str | None
    expected_quantity: int | None
    movement_id: str | None
    created_at_ms: int
    expires_at_ms: int | None
    decided_at_ms: int | None


class CommandFilter(NamedTuple):
    """Which commands a list wants; None: all."""

    sites: list[str] | None
    state: str | None = None
    kind: str | None = None
    product_id: str | None = None


_NAMES = (
    "site_id", "id", "key", "kind", "body", "expected_quantity", "expires_at", "actor", "product_id",
    "pending_quantity", "created_at",
)  # fmt: skip
_SITE = commands.c.site_id == bound(commands.c.site_id)
_INSERT = Query(insert(commands).values(given(commands, *_NAMES)).on_conflict_do_nothing().returning(commands))
_BY_KEY = Query(sa.select(commands).where(_SITE, commands.c.key == bound(commands.c.key)))
_FIND = Query(sa.select(commands).where(commands.c.id == bound(commands.c.id)))
_PENDING = Query(
    sa.select(commands).where(_SITE, commands.c.state == "pending").order_by(commands.c.created_at, commands.c.id)
)
_AT = sa.bindparam("before_at", type_=sa.BigInteger)
_LIST = Query(
    sa.select(commands)
    .where(
        of_sites(commands.c.site_id),
        *(
            sa.or_(bound(commands.c[name]).is_(None), commands.c[name] == bound(commands.c[name]))
            for name in ("state", "kind", "product_id")
        ),
        sa.or_(
            _AT.is_(None),
            sa.tuple_(commands.c.created_at, commands.c.id) < sa.tuple_(_AT, sa.bindparam("before_id", type_=sa.Uuid)),
        ),
    )
    .order_by(commands.c.created_at.desc(), commands.c.id.desc())
    .offset(sa.bindparam("skip", type_=sa.BigInteger))
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_SETTLE = Query(
    commands.update()
    .where(_SITE, commands.c.id == bound(commands.c.id), commands.c.state == "pending")
    .values(
        given(commands, "state", "code", "detail", "outcome_origin", "outcome_sequence", "movement_id", "settled_at")
    )
)
_PENDING_OF = Query(
    sa.select(
        commands.c.product_id,
        sa.cast(sa.func.sum(commands.c.pending_quantity), sa.BigInteger).label("quantity"),
    )
    .where(
        _SITE, commands.c.state == "pending", commands.c.pending_quantity < 0,
        commands.c.product_id == sa.any_(bound_array(commands.c.product_id, "ids")),
    )
    .group_by(commands.c.product_id)
)  # fmt: skip


async def insert_command(connection: Connection, **values: Any) -> Command | None:
    """A new command; None when the site has one under this key."""
    row = await _INSERT.fetchrow(connection, **values)
    return None if row is None else _made(row)


async def find_by_key(connection: Connection, site_id: object, key: str) -> Command | None:
    """The command that was given under a caller's key."""
    row = await _BY_KEY.fetchrow(connection, site_id=site_id, key=key)
    return None if row is None else _made(row)


async def find(connection: Connection, command_id: str) -> Command | None:
    """One command."""
    row = await _FIND.fetchrow(connection, id=command_id)
    return None if row is None else _made(row)


async def list_newest(
    connection: Connection, wanted: CommandFilter, before: tuple[int, str] | None, skip: int, limit: int
) -> list[Command]:
    """Commands, newest first."""
    at, command_id = before or (None, None)
    rows = await _LIST.fetch(connection, **wanted._asdict(), before_at=at, before_id=command_id, skip=skip, most=limit)
    return [_made(row) for row in rows]


async def list_pending(connection: Connection, site_id: object) -> list[Command]:
    """Commands without an outcome, oldest first."""
    return [_made(row) for row in await _PENDING.fetch(connection, site_id=site_id)]


async def sum_pending(connection: Connection, site_id: object, product_ids: list[str]) -> dict[str, int]:
    """What pending commands may still take away, per product (negative or absent)."""
    rows = await _PENDING_OF.fetch(connection, site_id=site_id, ids=product_ids)
    return {str(row["product_id"]): row["quantity"] for row in rows}


async def settle(connection: Connection, settled: list[dict[str, Any]]) -> None:
    """Note outcomes; a command that has one keeps its first."""
    await _SETTLE.each(connection, settled)


def _made(row: Row) -> Command:
    return Command(
        id=str(row["id"]), site_id=str(row["site_id"]), key=row["key"], kind=row["kind"], body=row["body"],
        status=row["state"], code=row["code"], detail=row["detail"] or None, actor=row["actor"],
        expected_quantity=row["expected_quantity"],
        movement_id=None if row["movement_id"] is None else str(row["movement_id"]),
        created_at_ms=row["created_at"], expires_at_ms=row["expires_at"], decided_at_ms=row["settled_at"],
    )  # fmt: skip
