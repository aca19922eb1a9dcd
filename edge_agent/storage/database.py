"""One writer thread, readers beside it, one file.

A write is one plain function run on the writer thread in one transaction. Functions that
wait at the same time share one commit (one that fails undoes only itself), because on a flash
card the commit costs everything. Nobody is answered before COMMIT with synchronous=FULL.
A caller that is cancelled leaves its function running: the outcome is unknown to it, and
its idempotency key makes the retry safe.

SQLite up to 3.51.2 can damage a WAL when two connections write or checkpoint at once:
here only the writer does either; the readers never checkpoint. It does so in a pause of the
trade if there is one, so that no scan waits for the pages to be copied.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Concatenate, ParamSpec, TypeVar

from edge_agent.crashpoints import crashpoint
from edge_agent.errors import Unavailable
from edge_agent.storage import upgrade
from edge_agent.storage.commits import Done, Job, commit_together, roll_back
from edge_agent.storage.people import PeopleKey, know_badges

T = TypeVar("T")
P = ParamSpec("P")

SHARED_COMMIT_MAX = 128
"""Functions per commit; beyond this nothing is gained and the first one waits too long."""
WAITING_MAX = 2_000
READERS = 2
"""A digest that reads for a second must not hold a look-up up."""
CHECKPOINT_PAGES = 4_000
"""Of WAL at which a commit copies them into the file itself: once in some 500 scans without a pause, in 3 ms here,
longer on a flash card. SQLite's own 1,000 made that one scan in a hundred; 4,000 are 16 MB of disk."""
PAUSE_S, PAUSE_CHANGES = 0.02, 500
"""So long without a write, after at least so many changed rows, they are copied meanwhile."""
CACHE_KIB, READER_CACHE_KIB = 2_048, 512
"""Of the writer and of each reader; the kernel caches the rest of the file anyway."""


class Database:
    """The store's file, opened and migrated; `write` and `read` are used from one event loop."""

    def __init__(self, path: Path, synchronous: str, people_key: PeopleKey) -> None:
        self.path = path
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer = connect(path, synchronous=synchronous)
        readers = [_connect_reader(path) for _ in range(READERS + 1)]
        for connection in (self._writer, *readers):
            know_badges(connection, people_key)
        self._own_reader = readers.pop()
        self._readers: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for reader in readers:
            self._readers.put(reader)
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._waiting = 0
        self._copied = 0
        """`total_changes` at the last checkpoint in a pause."""
        self._is_closed = False
        self._callbacks: list[Callable[[int], None]] = []
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @classmethod
    def open(
        cls, path: Path, *, synchronous: str = "FULL", check: bool = True, people_key: PeopleKey = lambda: None
    ) -> "Database":
        """Migrate and check the file, then open it. Raises Unavailable: database_newer, database_damaged."""
        upgrade.to_head(path)
        if check:
            quick_check(path)
        return cls(path, synchronous, people_key)

    def on_commit(self, callback: Callable[[int], None]) -> None:
        """Call this on the loop after each commit that changed something, with the ledger's last position.

        The writer knows it for a statement; whoever waits for the ledger to grow would need a thread's turn to ask.
        """
        self._callbacks.append(callback)

    async def write(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run the function in a transaction; returns after COMMIT.

        It changes nothing but the database: when another in its commit fails, it is undone and run again.
        Raises whatever it raised (its changes are then undone, those of others are not), or
        Unavailable: busy, storage_full, storage_failed.
        """
        self._check_open()
        if self._waiting >= WAITING_MAX:
            raise Unavailable("busy", f"expected fewer than {WAITING_MAX} waiting writes", remedy="try again")
        loop = self._loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._waiting += 1
        self._queue.put(Job(lambda connection: function(connection, *args, **kwargs), future))
        return await future  # type: ignore[return-value]

    async def read(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run the function on one consistent snapshot; it cannot change anything."""

        def from_pool() -> T:
            reader = self._readers.get()
            try:
                return _snapshot(reader, function, *args, **kwargs)
            finally:
                self._readers.put(reader)

        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._reading, from_pool)

    def read_here(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same on the caller's thread, for a few rows just written: a turn of another would take longer."""
        self._check_open()
        return _snapshot(self._own_reader, function, *args, **kwargs)

    async def close(self) -> None:
        """Finish what waits, then close; the writer is the last to go, so it checkpoints."""
        if self._is_closed:
            return
        self._is_closed = True
        self._queue.put(None)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._reading, self._thread.join)
        self._reading.shutdown()
        for _ in range(READERS):
            self._readers.get().close()
        self._own_reader.close()
        self._writer.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise Unavailable("closed", "the store's database is closed")

    def _run(self) -> None:
        """The writer thread: everything that waits goes into one transaction."""
        is_open = True
        while is_open:
            jobs = [self._next()]
            while len(jobs) < SHARED_COMMIT_MAX and not self._queue.empty():
                jobs.append(self._queue.get())
            if None in jobs:
                is_open = False
            found = [job for job in jobs if job is not None]
            if found:
                done, head = commit_together(self._writer, found)
                assert self._loop is not None
                self._loop.call_soon_threadsafe(self._tell, done, head)

    def _next(self) -> Job | None:
        """The next function; a pause before it is used."""
        if self._writer.total_changes - self._copied >= PAUSE_CHANGES:
            try:
                return self._queue.get(timeout=PAUSE_S)
            except Empty:
                self._copied = self._writer.total_changes
                with suppress(sqlite3.Error):  # a full disk, say: the WAL keeps it, and a later one copies it
                    self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
        return self._queue.get()

    def _tell(self, done: list[Done], head: int | None) -> None:
        self._waiting -= len(done)
        for job, result, error in done:
            if job.future.done():
                continue
            if error is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(error)
        if head is not None:
            for callback in self._callbacks:
                callback(head)


def connect(path: Path | str, *, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection with this program's settings; transactions are begun by hand."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    return prepare(connection, synchronous=synchronous)


def prepare(connection: sqlite3.Connection, *, synchronous: str = "FULL") -> sqlite3.Connection:
    """Set the pragmas on a connection."""
    connection.isolation_level = None
    for pragma in (
        "busy_timeout=5000", "journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON",
        f"cache_size=-{CACHE_KIB}", "temp_store=MEMORY", f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    ):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    know_badges(connection, lambda: None)
    return connection


def _connect_reader(path: Path) -> sqlite3.Connection:
    reader = connect(path)
    reader.execute("PRAGMA query_only=ON")
    reader.execute("PRAGMA wal_autocheckpoint=0")
    reader.execute(f"PRAGMA cache_size=-{READER_CACHE_KIB}")
    return reader


def _snapshot(
    reader: sqlite3.Connection,
    function: Callable[Concatenate[sqlite3.Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    reader.execute("BEGIN")
    try:
        return function(reader, *args, **kwargs)
    finally:
        reader.execute("ROLLBACK")


def transact(
    connection: sqlite3.Connection,
    function: Callable[Concatenate[sqlite3.Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """One function in one transaction, inline: for tools, tests and the simulator."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = function(connection, *args, **kwargs)
        crashpoint("edge.write.before_commit")
        connection.execute("COMMIT")
        crashpoint("edge.write.after_commit")
        return result
    except BaseException:
        roll_back(connection)
        raise


def quick_check(path: Path) -> None:
    """Raises Unavailable (`database_damaged`) when SQLite finds the file malformed."""
    try:
        with closing(connect(path)) as connection:
            found = connection.execute("PRAGMA quick_check(3)").fetchall()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        found = [(str(error),)]
    if found != [("ok",)]:
        detail = "; ".join(str(row[0]) for row in found)
        raise Unavailable("database_damaged", f"{path.name}: {detail}", remedy="restore a backup of this box")
