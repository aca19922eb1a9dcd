"""SQL of backups: every table out of one snapshot by binary COPY, and back in again.

The order of tables does not matter (no foreign keys cross aggregates); computed columns
and derived tables are left out, PostgreSQL makes them again. Binary COPY of these types is the same from
PostgreSQL 15 to 18.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage import hub_state
from cloud_hub.storage.database import Connection, Query
from cloud_hub.storage.schema import backups, feeds, metadata, origins, sites
from cloud_hub.storage.schema.base import DERIVED

_ANY_SITE = Query(sa.select(sa.exists(sa.select(sites.c.id))))
_ORIGIN_MARKS = Query(sa.select(origins.c.origin_id, origins.c.mark, origins.c.chain_hash))
_FEED_MARKS = Query(sa.select(feeds.c.feed_origin, feeds.c.head, feeds.c.chain_hash))
_RAISE_ORIGIN = Query(
    origins.update()
    .where(
        origins.c.origin_id == sa.bindparam("origin", type_=sa.Uuid),
        origins.c.mark >= sa.bindparam("mark", type_=sa.BigInteger),
        origins.c.safe_mark < sa.bindparam("mark", type_=sa.BigInteger),
    )
    .values(safe_mark=sa.bindparam("mark", type_=sa.BigInteger))
)
_RAISE_FEED = Query(
    feeds.update()
    .where(
        feeds.c.feed_origin == sa.bindparam("origin", type_=sa.Uuid),
        feeds.c.head >= sa.bindparam("mark", type_=sa.BigInteger),
        feeds.c.safe_mark < sa.bindparam("mark", type_=sa.BigInteger),
    )
    .values(safe_mark=sa.bindparam("mark", type_=sa.BigInteger))
)
_ADD = Query(
    backups.insert().values({name: sa.bindparam(name, type_=backups.c[name].type) for name in (
        "id", "path", "hub_epoch", "created_at", "bytes", "sha256", "marks")})
)  # fmt: skip
_SETTLE = Query(
    backups.update()
    .where(backups.c.id == sa.bindparam("backup", type_=sa.Uuid))
    .values(
        state=sa.bindparam("now_state", type_=sa.Text),
        verified_at=sa.bindparam("at", type_=sa.BigInteger),
        detail=sa.bindparam("why", type_=sa.Text),
    )
)

Write = Callable[[bytes], Awaitable[None]]


def tables() -> dict[str, list[str]]:
    """Each table's stored columns."""
    return {
        table.name: [column.name for column in table.columns if column.computed is None]
        for table in metadata.sorted_tables
        if table.info != DERIVED
    }


async def copy_out(connection: Connection, table: str, columns: list[str], write: Write) -> None:
    """Every row of a table as one binary COPY stream."""
    found = metadata.tables[table]
    query = str(sa.select(*(found.c[name] for name in columns)).compile())
    await connection.copy_from_query(query, output=write, format="binary")


async def copy_in(connection: Connection, table: str, columns: list[str], chunks: AsyncIterator[bytes]) -> None:
    """Load a binary COPY stream into an empty table."""
    await connection.copy_to_table(table, source=chunks, columns=columns, format="binary")


async def empty(connection: Connection) -> None:
    """Remove every row of every table (a migrated database has a few of its own)."""
    await connection.execute(f"TRUNCATE {', '.join(metadata.tables)}")


async def is_in_use(connection: Connection) -> bool:
    """Whether a chain lives in this database already."""
    return bool(await _ANY_SITE.fetchval(connection))


async def marks(connection: Connection) -> dict[str, Any]:
    """How far the snapshot reaches: epoch, each origin's and each feed's position and hash."""
    known = await _ORIGIN_MARKS.fetch(connection)
    told = await _FEED_MARKS.fetch(connection)
    return {
        "hub_epoch": await hub_state.epoch(connection),
        "origins": {str(row["origin_id"]): [row["mark"], bytes(row["chain_hash"]).hex()] for row in known},
        "feeds": {str(row["feed_origin"]): [row["head"], bytes(row["chain_hash"]).hex()] for row in told},
    }


async def add_backup(connection: Connection, row: dict[str, Any]) -> None:
    """Remember that a backup was made."""
    await _ADD.execute(connection, **row)


async def settle(connection: Connection, backup: UUID, state: str, at: int | None, detail: str) -> None:
    """`verified` or `failed`."""
    await _SETTLE.execute(connection, backup=backup, now_state=state, at=at, why=detail)


async def raise_safe_marks(connection: Connection, reached: dict[str, Any]) -> None:
    """A verified backup holds each origin and feed up to here: edges may prune below."""
    for query, kind in ((_RAISE_ORIGIN, "origins"), (_RAISE_FEED, "feeds")):
        await query.each(connection, [{"origin": origin, "mark": mark} for origin, (mark, _) in reached[kind].items()])


async def create_database(connection: Connection, name: str) -> None:
    """An empty database beside this one."""
    await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')


async def drop_database(connection: Connection, name: str) -> None:
    """Remove a scratch database, whoever is still connected."""
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
