"""SQL of keys of integrations: hashes, what they are for, and when they were last used."""

from dataclasses import dataclass

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.listing import newest_first, page
from cloud_hub.storage.schema import api_keys

_WRITTEN = (
    "id", "hash", "prefix", "name", "scopes", "site_ids", "is_everywhere", "made_by", "created_at", "expires_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key; the key itself is known to its holder only. `site_ids` None means every site."""

    id: str
    prefix: str
    name: str
    scopes: frozenset[str]
    site_ids: frozenset[str] | None
    made_by: str
    created_at_ms: int
    expires_at_ms: int | None
    last_used_at_ms: int | None = None
    revoked_at_ms: int | None = None


_FIND = Query(sa.select(api_keys).where(api_keys.c.id == bound(api_keys.c.id)))
_FIND_BY_HASH = Query(sa.select(api_keys).where(api_keys.c.hash == bound(api_keys.c.hash)))
_LIST = Query(newest_first(sa.select(api_keys), api_keys.c.created_at, api_keys.c.id))
_INSERT = Query(api_keys.insert().values(given(api_keys, *_WRITTEN)))
_REVOKE = Query(
    api_keys.update()
    .where(api_keys.c.id == bound(api_keys.c.id))
    .values(revoked_at=sa.func.coalesce(api_keys.c.revoked_at, bound(api_keys.c.revoked_at)))
    .returning(api_keys)
)
_USED = Query(
    api_keys.update().where(api_keys.c.id == bound(api_keys.c.id)).values(last_used_at=bound(api_keys.c.last_used_at))
)


async def find(connection: Connection, key_id: str) -> ApiKey | None:
    return _key(await _FIND.fetchrow(connection, id=key_id))


async def find_by_hash(connection: Connection, key_hash: bytes) -> ApiKey | None:
    return _key(await _FIND_BY_HASH.fetchrow(connection, hash=key_hash))


async def list_newest(connection: Connection, before: tuple[int, str] | None, skip: int, limit: int) -> list[ApiKey]:
    """Newest first."""
    return [_made(row) for row in await _LIST.fetch(connection, **page(before, skip, limit))]


async def insert(connection: Connection, key: ApiKey, key_hash: bytes) -> None:
    await _INSERT.execute(
        connection, id=key.id, hash=key_hash, prefix=key.prefix, name=key.name, scopes=sorted(key.scopes),
        site_ids=sorted(key.site_ids or ()), is_everywhere=key.site_ids is None, made_by=key.made_by,
        created_at=key.created_at_ms, expires_at=key.expires_at_ms,
    )  # fmt: skip


async def revoke(connection: Connection, key_id: str, now_ms: int) -> ApiKey | None:
    """Revoked from now on (or since it was)."""
    return _key(await _REVOKE.fetchrow(connection, id=key_id, revoked_at=now_ms))


async def used(connection: Connection, key_id: str, now_ms: int) -> None:
    """Remember that it was used."""
    await _USED.execute(connection, id=key_id, last_used_at=now_ms)


def _key(row: Row | None) -> ApiKey | None:
    return None if row is None else _made(row)


def _made(row: Row) -> ApiKey:
    return ApiKey(
        id=str(row["id"]),
        prefix=row["prefix"],
        name=row["name"],
        scopes=frozenset(row["scopes"]),
        site_ids=None if row["is_everywhere"] else frozenset(map(str, row["site_ids"])),
        made_by=str(row["made_by"]),
        created_at_ms=row["created_at"],
        expires_at_ms=row["expires_at"],
        last_used_at_ms=row["last_used_at"],
        revoked_at_ms=row["revoked_at"],
    )
