"""Connections to PostgreSQL, and statements that are written in Core and run on the driver.

A `Query` is compiled once, at its first use; each call hands its arguments to asyncpg by name.
A transaction is one block: it begins and ends in it and awaits nothing but the database.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Protocol, Self, TypeAlias
from uuid import UUID

import asyncpg
import orjson
import sqlalchemy as sa
from asyncpg.pgproto import pgproto
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import asyncpg as dialects

from cloud_hub.crashpoints import crashpoint
from cloud_hub.errors import Unavailable
from cloud_hub.storage.dsn import driver_options

Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
Row: TypeAlias = asyncpg.Record
_DIALECT: Any = dialects.dialect()  # type: ignore[no-untyped-call]


class Witness(Protocol):
    """Writes down, in a request's first transaction that commits, that it was made."""

    def by(self, actor: str) -> None:
        """Who made it, where that turned out only now."""

    async def write(self, connection: Connection) -> None:
        """The last thing of a transaction; nothing when it was written already."""

    def committed(self) -> None:
        """What was written stays."""


WITNESS: ContextVar[Witness | None] = ContextVar("witness", default=None)
_AFTER: ContextVar[list[Callable[[], None]]] = ContextVar("after")


def after_commit(told: Callable[[], None]) -> None:
    """Call it once the transaction that runs here has committed, and never if it does not."""
    _AFTER.get().append(told)


LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg raises when a session is ended while it is being used
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    ConnectionError,
    TimeoutError,
    OSError,
)
"""What a call raises when PostgreSQL is away: nothing was committed as far as we know; try again."""

AGAIN = (
    *LOST,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)
"""What ends a transaction that may simply be run again."""


class Query:
    """One statement, compiled once, at its first use; arguments are the names of its bind parameters."""

    def __init__(self, statement: sa.sql.ClauseElement) -> None:
        self._statement = statement

    @cached_property
    def _compiled(self) -> "_Compiled":
        # Not made with the query: a hub starts a tenth sooner than if it compiled all that it may need.
        made: Any = self._statement.compile(dialect=_DIALECT)
        return _Compiled(made.string, tuple(made.positiontup or ()), made.params)

    @property
    def text(self) -> str:
        """Its SQL, with `$n` in the places of its arguments."""
        return self._compiled.text

    @property
    def places(self) -> int:
        """How many `$n` it has."""
        return len(self._compiled.order)

    async def fetch(self, connection: Connection, **arguments: Any) -> list[Row]:
        """All rows."""
        rows: list[Row] = await connection.fetch(self.text, *self.values(arguments))
        return rows

    async def fetchrow(self, connection: Connection, **arguments: Any) -> Row | None:
        """The first row, if any."""
        return await connection.fetchrow(self.text, *self.values(arguments))

    async def fetchval(self, connection: Connection, **arguments: Any) -> Any:
        """The first column of the first row."""
        return await connection.fetchval(self.text, *self.values(arguments))

    async def execute(self, connection: Connection, **arguments: Any) -> int:
        """Run it; the number of rows it touched."""
        status = await connection.execute(self.text, *self.values(arguments))
        last = status.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0

    async def each(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        """Run it once per row, pipelined (for cold paths with few rows)."""
        if len(rows) == 1:
            await self.execute(connection, **rows[0])
        elif rows:
            await connection.executemany(self.text, [self.values(row) for row in rows])

    async def pages(self, connection: Connection, **arguments: Any) -> AsyncIterator[list[Row]]:
        """Rows by a cursor, inside a transaction, some hundred at a time, without holding them all."""
        cursor = await connection.cursor(self.text, *self.values(arguments))
        while rows := await cursor.fetch(_PAGE_ROWS):
            yield rows

    def values(self, arguments: Mapping[str, Any]) -> list[Any]:
        """The arguments in the order of their places."""
        _, order, defaults = self._compiled
        return [arguments[name] if name in arguments else defaults[name] for name in order]


class _Compiled(NamedTuple):
    text: str
    order: tuple[str, ...]
    defaults: Mapping[str, Any]


_PAGE_ROWS = 500


class Database:
    """A pool of connections of one process."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    @classmethod
    async def open(
        cls, url: str, *, connections: int = 12, acquire_timeout_s: float = 10.0, name: str = "cloud-hub"
    ) -> Self:
        """Connect. Raises Unavailable when PostgreSQL is away."""
        address, options = driver_options(url)
        try:
            pool = await asyncpg.create_pool(
                address, min_size=1, max_size=connections, init=prepare, reset=_leave, command_timeout=120,
                max_inactive_connection_lifetime=300, timeout=acquire_timeout_s,
                server_settings={"application_name": name, "lock_timeout": "30s",
                                 "idle_in_transaction_session_timeout": "60s", "timezone": "UTC"},
                **options,
            )  # fmt: skip
        except LOST as error:
            raise Unavailable("database", f"expected PostgreSQL to answer: {error}") from error
        return cls(pool)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for single reads."""
        async with self.pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncIterator[Connection]:
        """A connection inside a transaction: commits at the end, rolls back on any error."""
        after: list[Callable[[], None]] = []
        async with self.pool.acquire() as connection:
            token = _AFTER.set(after)
            try:
                async with connection.transaction(**options):
                    yield connection
                    witness = None if options.get("readonly") else WITNESS.get()
                    if witness is not None:
                        await witness.write(connection)
                    crashpoint("transaction.before_commit")
            finally:
                _AFTER.reset(token)
            if witness is not None:
                witness.committed()
            crashpoint("transaction.after_commit")
        for told in after:
            told()

    async def close(self) -> None:
        """Close all connections, by force after 5 seconds."""
        try:
            async with asyncio.timeout(5):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()


def native_uuid(value: UUID) -> UUID:
    """The same id as the driver's own class: hashed and written several times faster."""
    made: UUID = pgproto.UUID(value.bytes)
    return made


def bound(column: sa.Column[Any], name: str | None = None) -> sa.BindParameter[Any]:
    """A bind parameter of a column's type, under its name or another one."""
    return sa.bindparam(name or column.name, type_=column.type)


def bound_array(column: sa.Column[Any], name: str | None = None) -> sa.BindParameter[Any]:
    """A bind parameter that takes a list of a column's values."""
    return sa.bindparam(name or column.name, type_=ARRAY(column.type))


def given(table: sa.Table, *names: str) -> dict[str, Any]:
    """`values(...)` of an insert or update: one bind parameter per named column."""
    return {name: bound(table.c[name]) for name in names}


def unnested(table: sa.Table, *names: str) -> sa.TableValuedAlias:
    """Rows of equally long lists, one bind parameter per named column."""
    columns = [sa.column(name, table.c[name].type) for name in names]
    lists = [bound_array(table.c[name]) for name in names]
    return sa.func.unnest(*lists).table_valued(*columns, name="given").render_derived()


def listed(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    """Rows as the lists that `unnested` takes."""
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}


async def copy_rows(
    connection: Connection, table: sa.Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Binary COPY of many rows; a live scan's one row by INSERT, which waits for the server once and not twice."""
    if isinstance(rows, list) and len(rows) == 1:
        await _insert_of(table, tuple(names)).execute(connection, **dict(zip(names, rows[0], strict=True)))
        return
    await connection.copy_records_to_table(table.name, columns=list(names), records=rows)


@lru_cache
def _insert_of(table: sa.Table, names: tuple[str, ...]) -> Query:
    return Query(sa.insert(table).values(given(table, *names)))


async def connect(url: str, *, plans_once: bool = False) -> asyncpg.Connection:
    """One connection outside any pool, ready for our types.

    `plans_once`: a statement that is kept prepared is planned without looking at its arguments, so only once.
    """
    address, options = driver_options(url)
    settings = {"timezone": "UTC"}
    if plans_once and not options:
        settings["plan_cache_mode"] = "force_generic_plan"
    connection = await asyncpg.connect(address, server_settings=settings, **options)
    await prepare(connection)
    return connection


async def prepare(connection: Connection) -> None:
    """JSON documents travel as Python values (in binary, so COPY takes them too)."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_to_jsonb, decoder=_from_jsonb
    )


async def _leave(connection: Connection) -> None:
    """Nothing of ours outlives a transaction, so a connection given back needs no reset query.

    One that was cancelled in the middle of its rollback may still be in its transaction.
    """
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


def _to_jsonb(value: Any) -> bytes:
    return b"\x01" + orjson.dumps(value)


def _from_jsonb(data: bytes) -> Any:
    return orjson.loads(data[1:])
