"""A copy of the whole database while the store works, and putting one back.

The copy is made by SQLite's own backup, so it is consistent; it holds every table, and its
mode is 0600 because it holds prices and names. Keys are not in it: they never leave the
box. A database that was put back is older than the hub knows; the hub finds that by the
numbers at the next Hello, a person confirms the box, and it goes on as a successor.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import NamedTuple

from edge_agent.crashpoints import crashpoint
from edge_agent.errors import Conflict, EdgeError, Refused
from edge_agent.services import generation
from edge_agent.storage import database, identity, ledger, retention, upgrade
from edge_agent.storage.files import PRIVATE, Folder, sync_directory


class Copied(NamedTuple):
    """What a backup holds."""

    origin_id: str
    boot: int
    head: int
    bytes: int


def backup(folder: Folder, target: Path) -> Copied:
    """Copy the database to a new file. Raises Conflict when the target exists."""
    if target.exists():
        raise Conflict("file_exists", f"{target}: expected no such file; a backup never overwrites one")
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=PRIVATE)
    try:
        upgrade.copy(folder.database, part)
        found = inspect(part)
        crashpoint("edge.backup.before_rename")
        part.replace(target)
        crashpoint("edge.backup.after_rename")
    finally:
        part.unlink(missing_ok=True)
    sync_directory(target.parent)
    return found


def restore(folder: Folder, source: Path) -> Copied:
    """Put a backup in the place of the database; the agent must not run. The old file is kept aside."""
    if not source.exists():
        raise Refused("no_such_file", f"{source}: expected a backup file")
    found = inspect(source)
    _check_whose(folder, found)
    part = folder.path / ".store.db.restored"
    part.unlink(missing_ok=True)
    part.touch(mode=PRIVATE)
    upgrade.copy(source, part)
    _go_past(folder, part, found)
    # The write-ahead log belongs to the old file and must not be replayed into the new one. The old
    # file keeps its name until the new one takes it: a death in between leaves one of the two.
    if folder.database.exists():
        # A damaged file is what a restore is for; it is only kept aside.
        with contextlib.suppress(sqlite3.DatabaseError):
            upgrade.fold_log(folder.database)
        _keep_aside(folder.database, folder.path / "store.db.before-restore")
    for leftover in ("store.db-wal", "store.db-shm", ".store.db.restored-wal", ".store.db.restored-shm"):
        (folder.path / leftover).unlink(missing_ok=True)
    crashpoint("edge.restore.before_rename")
    part.replace(folder.database)
    crashpoint("edge.restore.after_rename")
    sync_directory(folder.path)
    return found


def inspect(path: Path) -> Copied:
    """Check a database file and say what it holds. Raises Unavailable when it is damaged or newer."""
    if upgrade.current(path) is None:
        raise Refused("not_a_backup", f"{path}: expected a store's database")
    database.quick_check(path)
    with upgrade.reading(path) as connection:
        who = identity.get(connection)
        head, _ = ledger.head(connection)
        return Copied(who.origin_id, who.boot, head, path.stat().st_size)


def verify(path: Path) -> list[str]:
    """Every problem of the ledger and its levels, in words."""
    try:
        with upgrade.reading(path) as connection:
            return retention.verify(connection)
    except EdgeError as error:
        return [error.detail]


def _keep_aside(path: Path, aside: Path) -> None:
    """A second name for the same bytes."""
    aside.unlink(missing_ok=True)
    aside.hardlink_to(path)


def _check_whose(folder: Folder, found: Copied) -> None:
    known = generation.recall(folder)
    if known is not None and known.origin_id != found.origin_id:
        raise Conflict(
            "other_origin", f"this box is origin {known.origin_id}, the backup is of {found.origin_id}",
            remedy="a box takes over another one by enrolment, not by its backup",
        )  # fmt: skip


def _go_past(folder: Folder, part: Path, found: Copied) -> None:
    """The restored file's next start must be newer than any that the hub has seen of this box."""
    known = generation.recall(folder)
    boots = [found.boot, known.boot if known else 0]
    if folder.database.exists():
        # The old file may be beyond reading; that is what a restore is for.
        with contextlib.suppress(EdgeError, sqlite3.DatabaseError):
            boots.append(inspect(folder.database).boot)
    connection = database.connect(part)
    try:
        database.transact(connection, identity.save_boot, max(boots))
    finally:
        connection.close()
    upgrade.fold_log(part)
