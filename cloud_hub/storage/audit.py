"""SQL of the audit: entries as they happen, and the hash chain that they are sealed into.

An entry commits with the write it tells of, without a lock that all writers would share;
sealing gives committed entries the next positions and hashes, one sealer at a time. Who
changes, deletes or inserts a sealed entry breaks the chain from there on.
"""

from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound, copy_rows, unnested
from cloud_hub.storage.listing import equals, newest_first, optional, page
from cloud_hub.storage.schema import audit, counters

GENESIS = bytes(32)
SEAL_ROWS = 1_000


class Entry(NamedTuple):
    """`actor` did (or was refused) `action` on `entity`."""

    at: int
    actor: str
    action: str
    entity: str
    detail: dict[str, Any]


class AuditFilter(NamedTuple):
    """Which entries a list wants; None: all."""

    actor: str | None = None
    action: str | None = None
    entity: str | None = None
    since: int | None = None
    until: int | None = None


_A = audit.c
_SINCE, _UNTIL = bound(_A.at, "since"), bound(_A.at, "until")
_LIST = Query(
    newest_first(
        sa.select(audit).where(
            equals(_A.actor, _A.action, _A.entity), optional(_SINCE, _A.at >= _SINCE), optional(_UNTIL, _A.at < _UNTIL)
        ),
        _A.id,
    )
)
_IS_AUDIT = counters.c.name == sa.literal_column("'audit'")
_LOCK_HEAD = Query(sa.select(counters.c.value).where(_IS_AUDIT).with_for_update())
_HEAD = Query(sa.select(counters.c.value).where(_IS_AUDIT))
_MOVE_HEAD = Query(counters.update().where(_IS_AUDIT).values(value=bound(counters.c.value)))
_HASH_AT = Query(sa.select(_A.hash).where(_A.position == bound(_A.position)))
_UNSEALED = Query(
    sa.select(audit).where(_A.position.is_(None)).order_by(_A.id).limit(sa.bindparam("most", type_=sa.BigInteger))
)
_given = unnested(audit, "id", "position", "hash")
_SEAL = Query(audit.update().where(_A.id == _given.c.id).values(position=_given.c.position, hash=_given.c.hash))
_CHAIN = Query(sa.select(audit).where(_A.position.is_not(None)).order_by(_A.position))


async def add(connection: Connection, entries: Sequence[Entry]) -> None:
    """Entries that are not sealed yet."""
    await copy_rows(connection, audit, Entry._fields, list(entries))


async def list_newest(
    connection: Connection, wanted: AuditFilter, before: tuple[int] | None, skip: int, limit: int
) -> list[Row]:
    """Newest first."""
    return await _LIST.fetch(connection, **wanted._asdict(), **page(before, skip, limit))


async def seal(connection: Connection) -> tuple[int, bytes, int]:
    """Give the next entries their place in the chain; the new head, its hash, and how many there were."""
    head: int = await _LOCK_HEAD.fetchval(connection)
    last = await _HASH_AT.fetchval(connection, position=head) or GENESIS
    rows = await _UNSEALED.fetch(connection, most=SEAL_ROWS)
    hashes = []
    for position, row in enumerate(rows, head + 1):
        last = link(last, position, row)
        hashes.append(last)
    if rows:
        positions = list(range(head + 1, head + 1 + len(rows)))
        await _SEAL.execute(connection, id=[row["id"] for row in rows], position=positions, hash=hashes)
        await _MOVE_HEAD.execute(connection, value=positions[-1])
    return head + len(rows), last, len(rows)


async def head(connection: Connection) -> int:
    """The position of the newest sealed entry."""
    value: int = await _HEAD.fetchval(connection)
    return value


async def chain(connection: Connection) -> AsyncIterator[Row]:
    """The sealed entries in order, inside a transaction."""
    async for rows in _CHAIN.pages(connection):
        for row in rows:
            yield row


def link(previous: bytes, position: int, row: Row) -> bytes:
    """The hash of an entry at its place: over its bytes and everything before it."""
    fields = [position, *(row[name] for name in ("id", *Entry._fields))]
    return sha256(previous + orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).digest()
