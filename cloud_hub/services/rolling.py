"""Keeps the rollups: counts behind the writers what ledgers have more, so that no sale waits for a report.

One process at a time; a transaction takes stretches of ledgers and moves their cursors, under
one snapshot, so nothing is lost or counted twice. What reports say is as of those cursors.
"""

from cloud_hub.storage import rollups
from cloud_hub.storage.database import AGAIN, Connection, Database

LEDGERS_MAX = 20
RECORDS_MAX = 20_000
"""Of one ledger in one transaction."""


async def roll(database: Database, now_ms: int) -> int:
    """Count what has come; how many ledgers had more. 0 also while another process counts."""
    try:
        async with database.transaction(isolation="repeatable_read") as connection:
            if await rollups.lock(connection, rollups.COUNTER) is None:
                return 0
            return await _count(connection, now_ms)
    except AGAIN:
        return 0


async def rebuild(database: Database, now_ms: int) -> int:
    """Forget all that was counted and count the ledgers again; how many rounds it took."""
    async with database.transaction() as connection:
        await rollups.clear(connection)
    rounds = 0
    while await roll(database, now_ms):
        rounds += 1
    return rounds


async def _count(connection: Connection, now_ms: int) -> int:
    done = await rollups.follow_sites(connection)
    late = await rollups.take_late(connection)
    done += await rollups.count_late(connection, late)
    for behind in await rollups.FOLLOWED.list_behind(connection, LEDGERS_MAX):
        await rollups.count(connection, behind, min(behind.mark, behind.told + RECORDS_MAX))
        done += 1
    if not done:
        await rollups.move(connection, rollups.COUNTER, now_ms)
    return done
