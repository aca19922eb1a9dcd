"""Keeps the rollups: counts behind the writers what ledgers have more, so that no sale waits for a report.

One process at a time; a transaction takes stretches of ledgers and moves their cursors, under
one snapshot, so nothing is lost or counted twice. What reports say is as of those cursors.
What many stores sold of a product is one addition to the chain's, so they are counted together.
"""

from cloud_hub.storage import rollups
from cloud_hub.storage.cursors import stretches
from cloud_hub.storage.database import AGAIN, Connection, Database

LEDGERS_MAX = 200
RECORDS_MAX = 10_000
"""In one transaction: a fifth of a second of a core."""


async def roll(database: Database, now_ms: int) -> bool:
    """Count what has come; whether there is more than one transaction takes. Not while another process counts."""
    try:
        async with database.transaction(isolation="repeatable_read") as connection:
            if await rollups.lock(connection, rollups.COUNTER) is None:
                return False
            return await _count(connection, now_ms)
    except AGAIN:
        return False


async def rebuild(database: Database, now_ms: int) -> int:
    """Forget all that was counted and count the ledgers again; how many rounds it took."""
    async with database.transaction() as connection:
        await rollups.clear(connection)
    rounds = 1
    while await roll(database, now_ms):
        rounds += 1
    return rounds


async def _count(connection: Connection, now_ms: int) -> bool:
    await rollups.follow_sites(connection)
    await rollups.count_late(connection, await rollups.take_late(connection))
    found = await rollups.FOLLOWED.list_behind(connection, LEDGERS_MAX)
    if found:
        await rollups.count(connection, stretches(found, RECORDS_MAX))
    has_more = len(found) == LEDGERS_MAX or sum(behind.mark - behind.told for behind in found) > RECORDS_MAX
    if not has_more:
        await rollups.move(connection, rollups.COUNTER, now_ms)
    return has_more
