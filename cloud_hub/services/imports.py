"""What a caller asks of imports and exports; the work itself is a job (`importing.py`, `exporting.py`).

The file of an import, and the one that an export makes, go by the id of their job.
"""

from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services.jobs import Job, JobState, ask_in, seen
from cloud_hub.storage import files, import_changes, jobs
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.files import File

EXPORT, IMPORT, UNDO = "export", "import", "import_undo"


class Upload(NamedTuple):
    """A file that has come in whole, on this machine's disk."""

    path: Path
    media_type: str


class Imports:
    """The use cases of sheets that come in and go out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(
        self, sheet: str, upload: Upload, options: Mapping[str, Any], key: str, who: Principal, now_ms: int
    ) -> tuple[Job, bool]:
        """Import a file, or the job that this key asked for before. Raises TooMany, Invalid."""
        digest = _digest(upload.path)
        body = {"sheet": sheet, "sha256": digest.hex(), **options, **_asker(who)}
        async with self._database.transaction() as connection:
            job, is_replayed = await ask_in(connection, IMPORT, body, key, who, now_ms)
            if not is_replayed:
                await keep(connection, upload, job.id, f"{sheet}-{job.id}", digest, who.id, now_ms)
        return job, is_replayed

    async def undo(self, job_id: str, key: str, who: Principal, now_ms: int) -> tuple[Job, bool]:
        """Take back what an import wrote, once. Raises NotFound, Conflict, TooMany."""
        async with self._database.transaction() as connection:
            await jobs.lock(connection, job_id)
            job = await seen(connection, job_id, who)
            if job.kind != IMPORT:
                raise NotFound("import", "no such import")
            body = {"import_id": job_id, "sheet": job.body["sheet"], **_asker(who)}
            total = await import_changes.count(connection, job_id)
            undoing, is_replayed = await ask_in(connection, UNDO, body, key, who, now_ms, total=total)
            if not is_replayed and job.state in (JobState.QUEUED, JobState.RUNNING):
                raise Conflict("running", "expected an import that has ended; cancel it first")
            if not is_replayed and await jobs.count_undoing(connection, UNDO, job_id) > 1:
                raise Conflict("undone", "expected an import that was not undone yet")
            return undoing, is_replayed

    async def export(self, sheet: str, media_type: str, key: str, who: Principal, now_ms: int) -> tuple[Job, bool]:
        """Write all rows of a sheet to a file. Raises TooMany, Invalid."""
        body = {"sheet": sheet, "media_type": media_type, **_asker(who)}
        async with self._database.transaction() as connection:
            return await ask_in(connection, EXPORT, body, key, who, now_ms)

    async def file(self, job_id: str, who: Principal) -> tuple[File, AsyncIterator[bytes]]:
        """What an export made. Raises NotFound, Conflict."""
        async with self._database.connection() as connection:
            job = await seen(connection, job_id, who)
            if job.kind != EXPORT:
                raise NotFound("export", "no such export")
            if job.state is not JobState.DONE:
                raise Conflict("not_done", f"expected an export that is done, found it {job.state}")
            file = await files.find(connection, job_id)
        if file is None:
            raise NotFound("file", "the file is no longer kept; export again")
        return file, files.chunks(self._database, job_id)


async def keep(
    connection: Connection, upload: Upload, file_id: str, name: str, digest: bytes, made_by: str, now_ms: int
) -> File:
    """Store a file of the disk in pieces."""
    file = File(
        id=file_id, name=name, media_type=upload.media_type, size=upload.path.stat().st_size, sha256=digest,
        made_by=made_by, created_at_ms=now_ms,
    )  # fmt: skip
    await files.insert(connection, file)
    with upload.path.open("rb") as source:
        number = 0
        while piece := source.read(files.CHUNK_BYTES):
            await files.add_chunk(connection, file_id, number, piece)
            number += 1
    return file


def _digest(path: Path) -> bytes:
    digest = sha256()
    with path.open("rb") as source:
        while piece := source.read(files.CHUNK_BYTES):
            digest.update(piece)
    return digest.digest()


def _asker(who: Principal) -> dict[str, Any]:
    """What a job keeps of who asked: whom its records name, and where it may write."""
    return {"actor": who.name, "sites": who.site_list}
