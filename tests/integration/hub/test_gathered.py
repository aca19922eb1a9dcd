"""Look-ups that wait at the same time are one statement, and nobody gets an answer from before they asked."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from cloud_hub.storage import database
from cloud_hub.storage.gathered import LANES, TOGETHER_MAX, Gathered
from cloud_hub.storage.reads import Reads

_DOUBLE = "SELECT key, 2 * key AS value FROM unnest($1::int[]) AS key WHERE key > 0"


class Doubles:
    """Reads twice the keys above zero; can be held up."""

    def __init__(self) -> None:
        self.statements: list[list[int]] = []
        self.began, self.may_go = asyncio.Event(), asyncio.Event()
        self.may_go.set()
        self.times = 1

    async def read(self, connection: asyncpg.Connection, keys: Sequence[int]) -> dict[int, int]:
        self.statements.append(list(keys))
        times = self.times
        self.began.set()
        rows = await connection.fetch(_DOUBLE, keys)
        await self.may_go.wait()
        return {row["key"]: times * row["value"] for row in rows}


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    opened = Reads(lambda: database.connect(database_url), 4)
    yield opened
    await opened.close()


async def test_look_ups_that_wait_at_the_same_time_are_one_statement(reads: Reads) -> None:
    doubles = Doubles()
    gathered = Gathered(reads, doubles.read)
    found = await asyncio.gather(*(gathered.find(key) for key in (1, 2, 3, 2, -1)))
    assert found == [2, 4, 6, 4, None]
    assert doubles.statements == [[1, 2, 3, -1]]


async def test_more_than_a_statement_takes_are_several_and_all_are_answered(reads: Reads) -> None:
    doubles = Doubles()
    gathered = Gathered(reads, doubles.read)
    keys = range(1, 5 * TOGETHER_MAX)
    assert await asyncio.gather(*(gathered.find(key) for key in keys)) == [2 * key for key in keys]
    assert max(map(len, doubles.statements)) == TOGETHER_MAX


async def test_who_asks_while_a_statement_is_on_its_way_is_answered_by_a_later_one(reads: Reads) -> None:
    doubles = Doubles()
    gathered = Gathered(reads, doubles.read)
    doubles.may_go.clear()
    early = [asyncio.create_task(gathered.find(1))]
    await doubles.began.wait()
    doubles.times = 10
    late = [asyncio.create_task(gathered.find(1)) for _ in range(LANES)]
    await asyncio.sleep(0)
    doubles.may_go.set()
    assert await asyncio.gather(*early) == [2]
    assert await asyncio.gather(*late) == [20] * LANES


async def test_what_reading_raises_reaches_everybody_who_waited_and_nobody_after_them(reads: Reads) -> None:
    gathered = Gathered(reads, Doubles().read)
    failed = await asyncio.gather(*(gathered.find(key) for key in (1, 2**30)), return_exceptions=True)
    assert [type(each) for each in failed] == [asyncpg.NumericValueOutOfRangeError] * 2
    assert await gathered.find(1) == 2


async def test_a_look_up_that_comes_as_the_last_statement_ends_is_answered_too(reads: Reads) -> None:
    async def at_once(_connection: asyncpg.Connection, keys: Sequence[int]) -> dict[int, int]:
        return {key: key for key in keys}

    gathered = Gathered(reads, at_once, lanes=1)
    await gathered.find(0)
    for turns in range(30):
        first = asyncio.create_task(gathered.find(1))
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert await gathered.find(2) == 2
            assert await first == 1


async def test_a_caller_who_goes_away_takes_nobody_along(reads: Reads) -> None:
    gathered = Gathered(reads, Doubles().read)
    gone, stays = asyncio.create_task(gathered.find(1)), asyncio.create_task(gathered.find(1))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 2
    assert gone.cancelled()
