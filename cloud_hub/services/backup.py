"""Backups of the hub: made from one snapshot, verified by being restored, restored as a new epoch.

A backup counts (its marks become safe marks, below which edges may prune) only once it has
been loaded into a scratch database and that database was verified. A restore begins a new
`hub_epoch` before anybody may write; one done behind the program's back is found by the
numbers in the edges' Hellos (epochs.py).
"""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import uuid_utils

from cloud_hub.crashpoints import crashpoint
from cloud_hub.errors import Conflict, Invalid
from cloud_hub.services import epochs, verification
from cloud_hub.services.backup_file import FORMAT, Reader, Writer
from cloud_hub.storage import dump, migrate
from cloud_hub.storage.database import connect

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What was written."""

    id: UUID
    path: Path
    manifest: dict[str, Any]
    bytes: int


async def make(url: str, path: Path, *, now_ms: int, progress: Progress = lambda _: None) -> Backup:
    """Write every table of one snapshot to `path` (mode 0600, moved into place when whole)."""
    connection = await connect(url)
    try:
        with Writer(path) as writer:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                manifest = {
                    "format": FORMAT,
                    "created_at": now_ms,
                    "revision": migrate.newest(),
                    **await dump.marks(connection),
                }
                writer.document(manifest)
                for table, columns in dump.tables().items():
                    progress(table)
                    await _write_table(connection, writer, table, columns)
            digest = writer.finish()
        crashpoint("backup.after_rename")
        backup = Backup(id=UUID(str(uuid_utils.uuid7())), path=path, manifest=manifest, bytes=writer.bytes)
        await dump.add_backup(connection, {
            "id": backup.id, "path": str(path), "hub_epoch": manifest["hub_epoch"], "created_at": now_ms,
            "bytes": backup.bytes, "sha256": digest,
            "marks": {"origins": manifest["origins"], "feeds": manifest["feeds"]},
        })  # fmt: skip
    finally:
        await connection.close()
    return backup


async def verify(
    url: str, backup: Backup, *, now_ms: int, progress: Progress = lambda _: None
) -> list[verification.Problem]:
    """Restore into a scratch database and check it there; if it holds, its marks are safe."""
    connection = await connect(url)
    scratch = f"backstock_verify_{secrets.token_hex(6)}"
    try:
        await dump.create_database(connection, scratch)
        try:
            problems = await _check_in(_beside(url, scratch), backup.path, progress)
        finally:
            await dump.drop_database(connection, scratch)
        async with connection.transaction():
            state = "failed" if problems else "verified"
            await dump.settle(connection, backup.id, state, now_ms, "; ".join(p.detail for p in problems)[:2_000])
            if not problems:
                await dump.raise_safe_marks(connection, backup.manifest)
        crashpoint("backup.after_verify")
    finally:
        await connection.close()
    return problems


async def restore(url: str, path: Path, *, now_ms: int, progress: Progress = lambda _: None) -> dict[str, Any]:
    """Load a backup into a database that holds no chain yet, and begin a new epoch in it.

    Raises Conflict (`database_in_use`), Invalid (`backup_damaged`, `backup_newer`); nothing is
    changed then: it is one transaction.
    """
    await migrate.upgrade(url)
    return await _load(url, path, progress, now_ms)


async def _write_table(connection: Any, writer: Writer, table: str, columns: list[str]) -> None:
    async def write(data: bytes) -> None:
        if data:
            writer.frame(bytes(data))

    writer.document({"table": table, "columns": columns})
    await dump.copy_out(connection, table, columns, write)
    writer.frame(b"")


async def _check_in(url: str, path: Path, progress: Progress) -> list[verification.Problem]:
    await migrate.upgrade(url)
    try:
        await _load(url, path, progress, None)
    except Invalid as error:
        return [verification.Problem(check=error.code, detail=error.detail)]
    connection = await connect(url)
    try:
        return await verification.verify(connection)
    finally:
        await connection.close()


async def _load(url: str, path: Path, progress: Progress, epoch_at: int | None) -> dict[str, Any]:
    connection = await connect(url)
    try:
        async with connection.transaction():
            if await dump.is_in_use(connection):
                raise Conflict(
                    "database_in_use", "expected an empty database; create a new one and point HUB_DATABASE_URL at it"
                )
            await dump.empty(connection)
            with Reader(path) as reader:
                manifest = _manifest(reader)
                await _read_tables(connection, reader, progress)
            if epoch_at is not None:
                crashpoint("restore.before_epoch")
                await epochs.begin(connection, "restored from a backup", epoch_at)
        crashpoint("restore.after_epoch")
    finally:
        await connection.close()
    return manifest


def _manifest(reader: Reader) -> dict[str, Any]:
    manifest = reader.document()
    if manifest.get("format") != FORMAT:
        raise Invalid("backup_damaged", f"expected a {FORMAT} file, got {str(manifest.get('format'))[:40]!r}")
    if manifest.get("revision") != migrate.newest():
        raise Invalid(
            "backup_newer",
            f"expected schema {migrate.newest()}, got {manifest.get('revision')}: use the hub version that made it",
        )
    return manifest


async def _read_tables(connection: Any, reader: Reader, progress: Progress) -> None:
    known = dump.tables()
    while "table" in (found := reader.document()):
        table, columns = found["table"], found["columns"]
        if table not in known or not set(columns) <= set(known[table]):
            raise Invalid("backup_damaged", f"the file names a table {str(table)[:60]!r} that this schema lacks")
        progress(table)
        await dump.copy_in(connection, table, columns, _each(reader))


async def _each(reader: Reader) -> AsyncIterator[bytes]:
    for chunk in reader.chunks():
        yield chunk


def _beside(url: str, database: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{database}"))
