"""What every role and command of the hub shares: database, reads, keys, the clock."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from cloud_hub.config import Config
from cloud_hub.storage.database import Database, connect
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.state_files import Keyring, StateFolder

CONNECTIONS_BEHIND = 8
"""Of what follows the writers: jobs, the clock, telling, rollups."""
NAME_BEHIND = "cloud-hub behind"
"""Under which PostgreSQL lists them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What every command and role shares."""

    config: Config
    database: Database
    reads: Reads
    folder: StateFolder
    keyring: Keyring


def now_ms() -> int:
    """Milliseconds of UTC."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def open_core(config: Config) -> AsyncIterator[Core]:
    """Database, keys and reads; closed at the end."""
    folder = StateFolder(config.state_dir)
    keyring = folder.open_keyring(datetime.now(UTC))
    database = await Database.open(config.database_url, connections=config.database_connections)
    reads = Reads(partial(connect, config.database_url), config.read_connections)
    try:
        yield Core(config=config, database=database, reads=reads, folder=folder, keyring=keyring)
    finally:
        await reads.close()
        await database.close()


@asynccontextmanager
async def behind(core: Core) -> AsyncIterator[Core]:
    """The same with connections of its own, for what follows the writers.

    A scan never waits for one that such work has, nor gets one that has not prepared the scan's statements yet.
    """
    database = await Database.open(core.config.database_url, connections=CONNECTIONS_BEHIND, name=NAME_BEHIND)
    try:
        yield replace(core, database=database)
    finally:
        await database.close()
