"""SQL of files that come with imports and go with exports, in chunks that fit in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Database, Query, bound, given
from cloud_hub.storage.schema import file_chunks, files

CHUNK_BYTES = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What is known of a file."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: bytes
    made_by: str
    created_at_ms: int


_INSERT = Query(
    files.insert().values(given(files, "id", "name", "media_type", "bytes", "sha256", "made_by", "created_at"))
)
_ADD = Query(file_chunks.insert().values(given(file_chunks, "file_id", "number", "data")))
_FIND = Query(sa.select(files).where(files.c.id == bound(files.c.id)))
_CHUNK = Query(
    sa.select(file_chunks.c.data).where(
        file_chunks.c.file_id == bound(file_chunks.c.file_id), file_chunks.c.number == bound(file_chunks.c.number)
    )
)
_OLD = sa.select(files.c.id).where(files.c.created_at < bound(files.c.created_at, "before"))
_PRUNE_CHUNKS = Query(file_chunks.delete().where(file_chunks.c.file_id.in_(_OLD)))
_PRUNE = Query(files.delete().where(files.c.created_at < bound(files.c.created_at, "before")))


async def insert(connection: Connection, file: File) -> None:
    await _INSERT.execute(
        connection, id=file.id, name=file.name, media_type=file.media_type, bytes=file.size, sha256=file.sha256,
        made_by=file.made_by, created_at=file.created_at_ms,
    )  # fmt: skip


async def add_chunk(connection: Connection, file_id: str, number: int, data: bytes) -> None:
    """The next piece."""
    await _ADD.execute(connection, file_id=file_id, number=number, data=data)


async def find(connection: Connection, file_id: str) -> File | None:
    row = await _FIND.fetchrow(connection, id=file_id)
    return None if row is None else File(
        id=str(row["id"]), name=row["name"], media_type=row["media_type"], size=row["bytes"], sha256=row["sha256"],
        made_by=row["made_by"], created_at_ms=row["created_at"],
    )  # fmt: skip


async def chunks(database: Database, file_id: str) -> AsyncIterator[bytes]:
    """The pieces in order; no connection is held while the caller does something with one."""
    number = 0
    while True:
        async with database.connection() as connection:
            data = await _CHUNK.fetchval(connection, file_id=file_id, number=number)
        if data is None:
            return
        yield data
        number += 1


async def prune(connection: Connection, before_ms: int) -> int:
    """Forget files made before then."""
    await _PRUNE_CHUNKS.execute(connection, before=before_ms)
    return await _PRUNE.execute(connection, before=before_ms)
