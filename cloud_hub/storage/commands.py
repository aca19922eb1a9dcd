"""SQL of commands: what head office asked of a store's writer, pending until its outcome comes."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.listing import equals, newest_first, of_sites, page
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
_LIST = Query(
    newest_first(
        sa.select(commands).where(
            of_sites(commands.c.site_id), equals(commands.c.state, commands.c.kind, commands.c.product_id)
        ),
        commands.c.created_at,
        commands.c.id,
    )
)
_SETTLE = Query(
    commands.update()
    .where(_SITE, commands.c.id == bound(commands.c.id), commands.c.state == "pending")
    .values(
        given(commands, "state", "code", "detail", "outcome_origin", "outcome_sequence", "movement_id", "settled_at")
    )
)


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
    rows = await _LIST.fetch(connection, **wanted._asdict(), **page(before, skip, limit))
    return [_made(row) for row in rows]


async def list_pending(connection: Connection, site_id: object) -> list[Command]:
    """Commands without an outcome, oldest first."""
    return [_made(row) for row in await _PENDING.fetch(connection, site_id=site_id)]


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
