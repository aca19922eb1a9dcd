"""SQL of snapshot chunks, content-addressed: any hub process may serve any of them."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound, bound_array, given
from cloud_hub.storage.schema import snapshot_chunks
from sync_protocol.snapshot import Chunk

_FIND = Query(sa.select(snapshot_chunks.c.data).where(snapshot_chunks.c.hash == bound(snapshot_chunks.c.hash)))
_insert = insert(snapshot_chunks).values(given(snapshot_chunks, "hash", "data", "records", "used_at"))
_KEEP = Query(
    _insert.on_conflict_do_update(index_elements=[snapshot_chunks.c.hash], set_={"used_at": _insert.excluded.used_at})
)
_TOUCH = Query(
    snapshot_chunks.update()
    .where(snapshot_chunks.c.hash == sa.any_(bound_array(snapshot_chunks.c.hash, "hashes")))
    .values(given(snapshot_chunks, "used_at"))
    .returning(snapshot_chunks.c.hash)
)
_PRUNE = Query(snapshot_chunks.delete().where(snapshot_chunks.c.used_at < bound(snapshot_chunks.c.used_at, "before")))


async def keep(connection: Connection, made: Iterable[Chunk], now_ms: int) -> None:
    """Store the chunks that are new; those that are there are wanted again."""
    by_hash = {bytes.fromhex(each.hash): each for each in sorted(made, key=lambda each: each.hash)}
    rows = await _TOUCH.fetch(connection, hashes=list(by_hash), used_at=now_ms)
    known = {bytes(row["hash"]) for row in rows}
    new = [
        {"hash": name, "data": each.data, "records": each.records, "used_at": now_ms}
        for name, each in by_hash.items()
        if name not in known
    ]
    await _KEEP.each(connection, new)


async def touch(connection: Connection, names: Iterable[str], now_ms: int) -> bool:
    """These chunks are wanted again; False when not all of them are kept."""
    wanted = sorted({bytes.fromhex(name) for name in names})
    return len(await _TOUCH.fetch(connection, hashes=wanted, used_at=now_ms)) == len(wanted)


async def find(connection: Connection, name: bytes) -> bytes | None:
    """The bytes of a chunk."""
    data: bytes | None = await _FIND.fetchval(connection, hash=name)
    return data


async def prune(connection: Connection, before_ms: int) -> int:
    """Forget chunks that no snapshot has named for a while."""
    return await _PRUNE.execute(connection, before=before_ms)
