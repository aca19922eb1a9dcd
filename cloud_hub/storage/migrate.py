"""Bring a database to a revision of the schema, up or down; several processes may start at once."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from cloud_hub.errors import Misconfigured, Unavailable
from cloud_hub.storage.dsn import driver_options

_LOCK = 0x6261636B
"""Advisory lock: one migration at a time."""


async def upgrade(url: str, revision: str = "head") -> None:
    """Run the steps up to `revision`. Raises Misconfigured when the database is newer than this program."""

    def run(connection: sa.Connection) -> None:
        _refuse_newer(connection)
        command.upgrade(_config(connection), revision)

    await _run(url, run)


async def downgrade(url: str, revision: str) -> None:
    """Undo the steps down to `revision` (`base` for an empty database)."""
    await _run(url, lambda connection: command.downgrade(_config(connection), revision))


async def current(url: str) -> str | None:
    """The revision of a database, None when it is empty."""
    found: list[str | None] = []
    await _run(url, lambda connection: found.append(MigrationContext.configure(connection).get_current_revision()))
    return found[0]


def newest() -> str | None:
    """The revision that this program expects."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


async def _run(url: str, work: Callable[[sa.Connection], None]) -> None:
    """Raises Unavailable when PostgreSQL does not answer or does not let us in."""
    address, options = driver_options(url)
    if options:
        # Names that no other session's statements have: behind a pooler both may meet at one server.
        options |= {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: f"s{uuid4().hex}"}
    engine = create_async_engine(_driver_url(address), poolclass=NullPool, connect_args=options)
    try:
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(engine.begin())
            except sa.exc.DBAPIError as error:
                said = (error.orig.__cause__ or error.orig) if error.orig is not None else error
                raise Unavailable("database", f"expected PostgreSQL to let us in: {said}") from error
            except (OSError, asyncpg.PostgresError) as error:
                raise Unavailable("database", f"expected PostgreSQL to answer: {error}") from error
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            await connection.run_sync(work)
    finally:
        await engine.dispose()


def _refuse_newer(connection: sa.Connection) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config(None)).walk_revisions()}
    if found is not None and found not in known:
        raise Misconfigured("database_newer", f"expected a schema up to {newest()}, got {found}: update the hub")


def _config(connection: sa.Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _driver_url(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="postgresql+asyncpg"))
