"""SQL of the changes: what head office says, in commit order.

Positions come from a locked counter row that is held until commit, so a reader that has
seen position n has seen all below it. Append last in a transaction: the counter is the
one lock that all writers share.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound, copy_rows
from cloud_hub.storage.schema import changes, counters
from sync_protocol.records import Fact

CHANNEL = "backstock_changes"

_TAKE = Query(
    counters.update()
    .where(counters.c.name == "changes")
    .values(value=counters.c.value + sa.bindparam("count", type_=sa.BigInteger))
    .returning(counters.c.value)
)
_HEAD = Query(sa.select(counters.c.value).where(counters.c.name == "changes"))
_AFTER = Query(
    sa.select(changes)
    .where(
        changes.c.position > bound(changes.c.position, "after"),
        sa.or_(changes.c.site_id.is_(None), changes.c.site_id == bound(changes.c.site_id)),
    )
    .order_by(changes.c.position)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_PRUNE = Query(changes.delete().where(changes.c.position <= bound(changes.c.position, "below")))
_COLUMNS = ("position", "site_id", "kind", "body", "created_at")

Change = tuple[str | None, Fact]
"""For which site (None: all), and the feed record."""


async def append(connection: Connection, site_id: str | None, fact: Fact, now_ms: int) -> int:
    """Add one change; its position."""
    return await append_all(connection, [(site_id, fact)], now_ms)


async def append_all(connection: Connection, added: Sequence[Change], now_ms: int) -> int:
    """Add several changes in order; the position of the last."""
    if not added:
        return await head(connection)
    last: int = await _TAKE.fetchval(connection, count=len(added))
    first = last - len(added) + 1
    rows = [(first + i, site, fact.kind, fact.body, now_ms) for i, (site, fact) in enumerate(added)]
    await copy_rows(connection, changes, _COLUMNS, rows)
    await connection.execute(f"NOTIFY {CHANNEL}")
    return last


async def head(connection: Connection) -> int:
    """The position of the newest change."""
    value: int = await _HEAD.fetchval(connection)
    return value


async def list_after(connection: Connection, site_id: str, after: int, most: int) -> list[Row]:
    """What a site's feed has not taken yet, in order."""
    return await _AFTER.fetch(connection, site_id=site_id, after=after, most=most)


async def prune(connection: Connection, below: int) -> int:
    """Forget changes that every feed has taken."""
    return await _PRUNE.execute(connection, below=below)
