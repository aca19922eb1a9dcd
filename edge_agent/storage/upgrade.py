"""Bring a database file to this program's version, or refuse to touch it.

A new file is made by ddl.py and stamped, one at the head is opened as it is: neither loads
Alembic, whose megabytes a small box would keep (a test compares both ways). Before an
upgrade the file is copied with SQLite's own backup, so that the previous program can go on
with it. A file from a newer program is read only far enough to see that, and left alone.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge_agent.crashpoints import crashpoint
from edge_agent.errors import Unavailable
from edge_agent.storage import ddl
from edge_agent.storage.schema import KNOWN_REVISIONS, REVISION

MIGRATIONS = Path(__file__).parent / "migrations"


def to_head(path: Path) -> None:
    """Create or upgrade the file. Raises Unavailable (`database_newer`, `database_damaged`)."""
    revision = current(path)
    if revision == REVISION:
        return
    if revision is None:
        create(path)
        return
    if revision not in KNOWN_REVISIONS:
        raise newer(path, revision)
    copy(path, path.with_name(f"{path.name}.before-{REVISION}"))
    crashpoint("edge.migrate.before_upgrade")
    migrate(path, REVISION)
    crashpoint("edge.migrate.after_upgrade")


def newer(path: Path, revision: str) -> Unavailable:
    """What a file of a newer program is refused with."""
    return Unavailable(
        "database_newer",
        f"{path.name}: expected a schema up to {REVISION}, got {revision}",
        remedy="install the newer agent again, or restore the backup made before its upgrade",
    )


def create(path: Path) -> None:
    """An empty database at the head, in one transaction."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        ddl.create(connection)
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (REVISION,))
        crashpoint("edge.migrate.before_upgrade")
        connection.execute("COMMIT")
        crashpoint("edge.migrate.after_upgrade")
    except sqlite3.DatabaseError as error:
        detail = f"{path.name}: expected a store's database or nothing: {error}"
        raise Unavailable("database_damaged", detail, remedy="move the file away, or restore a backup") from error
    finally:
        connection.close()


def current(path: Path) -> str | None:
    """The revision of a file, None when it is empty or missing."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise Unavailable("database_damaged", f"{path.name}: {error}", remedy="restore a backup") from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise Unavailable("database_damaged", f"{path.name}: {error}", remedy="restore a backup") from error
    finally:
        connection.close()
    return None if found is None else str(found[0])


def migrate(path: Path, revision: str) -> None:
    """Run Alembic up or down to a revision, in one transaction."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            if revision == "base" or KNOWN_REVISIONS.index(revision) < _index(current(path)):
                command.downgrade(config, revision)
            else:
                command.upgrade(config, revision)
    finally:
        engine.dispose()


def copy(path: Path, target: Path) -> None:
    """A consistent copy of a database that may be in use. Raises Unavailable (`database_damaged`)."""
    try:
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as source,
            closing(sqlite3.connect(target)) as made,
        ):
            source.backup(made)
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> Unavailable:
    return Unavailable("database_damaged", f"{path.name}: {error}", remedy="restore a backup of this box")


def _index(revision: str | None) -> int:
    return -1 if revision is None else KNOWN_REVISIONS.index(revision)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """One consistent look at a database file that an agent may be using; nothing can be changed.

    Raises Unavailable (`database_damaged`), also for what the caller's reading meets.
    """
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
        ) as connection:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA busy_timeout=5000")
            connection.execute("BEGIN")
            yield connection
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from error


def fold_log(path: Path) -> None:
    """Bring the write-ahead log into the file, so that the file alone is everything."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
