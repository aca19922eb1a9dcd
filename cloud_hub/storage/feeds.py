"""SQL of feeds: per site, the hub-signed records that go down to its box, without gaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, copy_rows, given
from cloud_hub.storage.schema import feed_records, feeds
from sync_protocol import chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A site's current feed; `changes_cursor` is how far it has taken the changes."""

    site_id: UUID
    feed_origin: UUID
    head: int
    chain_hash: bytes
    changes_cursor: int
    safe_mark: int
    acked: int
    first_retained: int


_FIELDS = tuple(Feed.__dataclass_fields__)
_COLUMNS = [feeds.c[name] for name in _FIELDS]
_SITE = feeds.c.site_id == bound(feeds.c.site_id)
_FIND = Query(sa.select(*_COLUMNS).where(feeds.c.site_id == sa.any_(bound_array(feeds.c.site_id, "ids"))))
_LOCK = Query(sa.select(*_COLUMNS).where(_SITE).with_for_update())
_ALL = Query(sa.select(*_COLUMNS).order_by(feeds.c.site_id))
_INSERT = Query(
    insert(feeds)
    .values(given(feeds, "site_id", "feed_origin", "chain_hash", "changes_cursor", "created_at"))
    .on_conflict_do_nothing()
)
_REPLACE = Query(
    feeds.update()
    .where(_SITE)
    .values(
        {
            **given(
                feeds,
                "feed_origin",
                "chain_hash",
                "changes_cursor",
                "fork_of",
                "fork_position",
                "fork_hash",
                "created_at",
            ),
            "head": sa.literal_column("0"),
            "safe_mark": sa.literal_column("0"),
            "acked": sa.literal_column("0"),
            "first_retained": sa.literal_column("1"),
        }
    )
)
_SAVE_HEAD = Query(feeds.update().where(_SITE).values(given(feeds, "head", "chain_hash", "changes_cursor")))
_SAVE_ACKED = Query(
    feeds.update()
    .where(_SITE, feeds.c.feed_origin == bound(feeds.c.feed_origin), feeds.c.acked < bound(feeds.c.acked))
    .values(given(feeds, "acked"))
)
_PUT_ACKED = Query(
    feeds.update().where(_SITE, feeds.c.feed_origin == bound(feeds.c.feed_origin)).values(given(feeds, "acked"))
)
_RECORD = (
    feed_records.c.site_id == bound(feed_records.c.site_id),
    feed_records.c.feed_origin == bound(feed_records.c.feed_origin),
)
_READ = Query(
    sa.select(feed_records.c.encoded)
    .where(*_RECORD, feed_records.c.position > bound(feed_records.c.position, "after"))
    .order_by(feed_records.c.position)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_HASH = Query(
    sa.select(feed_records.c.chain_hash).where(*_RECORD, feed_records.c.position == bound(feed_records.c.position))
)
_LAST_OF = Query(sa.select(sa.func.coalesce(sa.func.max(feed_records.c.position), 0)).where(*_RECORD))
_PRUNE = Query(feed_records.delete().where(*_RECORD, feed_records.c.position < bound(feed_records.c.position, "below")))
_SAVE_RETAINED = Query(feeds.update().where(_SITE).values(given(feeds, "first_retained")))
_RECORD_COLUMNS = ("site_id", "feed_origin", "position", "encoded", "chain_hash", "created_at")


async def find(connection: Connection, site_id: object) -> Feed | None:
    """The site's feed as it is now."""
    return next(iter((await find_all(connection, [site_id])).values()), None)


async def find_all(connection: Connection, site_ids: Sequence[object]) -> dict[UUID, Feed]:
    """The feeds of several sites as they are now."""
    return {made.site_id: made for row in await _FIND.fetch(connection, ids=site_ids) if (made := _made(row))}


async def lock(connection: Connection, site_id: object) -> Feed | None:
    """The site's feed, locked: only its holder gives positions."""
    return _made(await _LOCK.fetchrow(connection, site_id=site_id))


async def list_all(connection: Connection) -> list[Feed]:
    """Every site's feed."""
    return [made for row in await _ALL.fetch(connection) if (made := _made(row))]


async def insert_feeds(connection: Connection, made: Iterable[tuple[UUID, str]], cursor: int, now_ms: int) -> None:
    """Begin the first feeds of sites: (site_id, feed origin)."""
    rows = [
        {
            "site_id": site_id, "feed_origin": feed_origin, "chain_hash": chain.genesis(str(site_id), feed_origin),
            "changes_cursor": cursor, "created_at": now_ms,
        }
        for site_id, feed_origin in made
    ]  # fmt: skip
    await _INSERT.each(connection, rows)


async def replace_feed(connection: Connection, old: Feed, feed_origin: str, cursor: int, now_ms: int) -> None:
    """Begin a new feed that names where it left the old one (after a restore)."""
    await _REPLACE.execute(
        connection,
        site_id=old.site_id,
        feed_origin=feed_origin,
        chain_hash=chain.genesis(str(old.site_id), feed_origin),
        changes_cursor=cursor,
        fork_of=old.feed_origin,
        fork_position=old.head,
        fork_hash=old.chain_hash,
        created_at=now_ms,
    )


async def append(connection: Connection, feed: Feed, encoded: list[bytes], cursor: int, now_ms: int) -> Feed:
    """Add records to a locked feed; the feed as it is then."""
    hashes = chain.extend_each(feed.chain_hash, encoded)
    rows = [
        (feed.site_id, feed.feed_origin, feed.head + 1 + i, text, hashes[i], now_ms) for i, text in enumerate(encoded)
    ]
    if rows:
        await copy_rows(connection, feed_records, _RECORD_COLUMNS, rows)
    head, last = feed.head + len(rows), hashes[-1] if hashes else feed.chain_hash
    await _SAVE_HEAD.execute(connection, site_id=feed.site_id, head=head, chain_hash=last, changes_cursor=cursor)
    values = {name: getattr(feed, name) for name in _FIELDS}
    return Feed(**{**values, "head": head, "chain_hash": last, "changes_cursor": cursor})


async def read(connection: Connection, site_id: object, feed_origin: object, after: int, most: int) -> list[bytes]:
    """Encoded records after a position, in order."""
    rows = await _READ.fetch(connection, site_id=site_id, feed_origin=feed_origin, after=after, most=most)
    return [bytes(row["encoded"]) for row in rows]


async def hash_at(connection: Connection, site_id: object, feed_origin: object, position: int) -> bytes | None:
    """The feed's chain hash at a position, None above its head or when pruned."""
    if position == 0:
        return chain.genesis(str(site_id), str(feed_origin))
    found: bytes | None = await _HASH.fetchval(connection, site_id=site_id, feed_origin=feed_origin, position=position)
    return found


async def last_of(connection: Connection, site_id: object, feed_origin: object) -> int:
    """The last position of any feed origin of the site that this hub still has (0: none)."""
    last: int = await _LAST_OF.fetchval(connection, site_id=site_id, feed_origin=feed_origin)
    return last


async def insert_returned(
    connection: Connection,
    site_id: object,
    feed_origin: object,
    first: int,
    rows: list[tuple[bytes, bytes]],
    now_ms: int,
) -> None:
    """Records of an earlier feed origin that a box handed back: (encoded, chain hash)."""
    records = [(site_id, feed_origin, first + i, text, chain_hash, now_ms) for i, (text, chain_hash) in enumerate(rows)]
    await copy_rows(connection, feed_records, _RECORD_COLUMNS, records)


async def save_acked(connection: Connection, site_id: object, feed_origin: object, acked: int) -> None:
    """The box has committed its feed up to here."""
    await _SAVE_ACKED.execute(connection, site_id=site_id, feed_origin=feed_origin, acked=acked)


async def put_acked(connection: Connection, told: Iterable[tuple[UUID, UUID, int]]) -> None:
    """Where boxes say that they stand (site, feed origin, position); lower when one was put back from a backup."""
    rows = [{"site_id": site_id, "feed_origin": feed_origin, "acked": acked} for site_id, feed_origin, acked in told]
    await _PUT_ACKED.each(connection, rows)


async def prune(connection: Connection, feed: Feed, below: int) -> int:
    """Forget records below a position; a box that is further behind takes a snapshot."""
    await _SAVE_RETAINED.execute(connection, site_id=feed.site_id, first_retained=below)
    return await _PRUNE.execute(connection, site_id=feed.site_id, feed_origin=feed.feed_origin, below=below)


def _made(row: Row | None) -> Feed | None:
    if row is None:
        return None
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    return Feed(**values)
