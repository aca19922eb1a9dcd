"""What a new day of the store brings: it is noted in the ledger's order, lots that end are looked at, counts asked for.

Nobody has to be there at midnight: the day begins when the box sees it. What takes long is
read beside the trade and written bit by bit, so that no sale waits for it.
"""

import asyncio
import sqlite3
import time

from edge_agent.services import count_planning, shelf_life
from edge_agent.services.ruling import today
from edge_agent.storage import count_plan, ledger, store_days
from edge_agent.storage.database import Database

LOOK_EVERY_S = 30.0
KEPT_MS = 400 * 86_400_000
JUDGED_AT_ONCE = 50


async def watch(database: Database) -> None:
    """Begin each day when it comes; never ends."""
    while True:
        now_ms = time.time_ns() // 1_000_000
        if await database.write(begin, now_ms):
            await look_around(database, now_ms)
        await asyncio.sleep(LOOK_EVERY_S)


def begin(connection: sqlite3.Connection, now_ms: int) -> bool:
    """Begin the store's day if it has not begun; whether it did now."""
    if not store_days.note(connection, today(connection, now_ms), ledger.last_position(connection), now_ms):
        return False
    store_days.forget(connection, now_ms - KEPT_MS)
    return True


async def look_around(database: Database, now_ms: int) -> None:
    """The work of a day that has begun."""
    ending = await database.read(shelf_life.to_judge, now_ms)
    for at in range(0, len(ending), JUDGED_AT_ONCE):
        await database.write(shelf_life.judge, ending[at : at + JUDGED_AT_ONCE], now_ms)
    ranks = await database.read(count_planning.rank, now_ms)
    await database.write(count_plan.replace, ranks, now_ms)
    due = await database.read(count_planning.to_ask, now_ms)
    await database.write(count_planning.ask, due, now_ms)
