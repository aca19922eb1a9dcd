"""Other sites' stock on a look-up: asked once, kept with its age, and never waited for twice."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_agent.errors import Unavailable
from edge_agent.services.elsewhere import GOOD_FOR_MS, Elsewhere
from edge_agent.storage import elsewhere
from edge_agent.storage.database import Database

NOW = 1_790_000_000_000
ANSWER = (
    b'{"items":[{"site_id":"s-2","on_hand":"7","available":"5","as_of":{"site_id":"s-2","position":12,'
    b'"last_heard":"2026-11-21T08:00:00Z","is_live":true,"behind":0}}],"told_at":"2026-11-21T08:00:01Z"}'
)


class HeadOffice:
    """Answers what it is told to, or is away, or says nothing at all."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: bytes | None = ANSWER
        self.is_asked, self.speaks = asyncio.Event(), asyncio.Event()
        self.speaks.set()

    async def ask(self, product_id: str) -> bytes:
        self.asked.append(product_id)
        self.is_asked.set()
        await self.speaks.wait()
        if self.answer is None:
            raise Unavailable("hub_unreachable", "away")
        return self.answer


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(tmp_path / "store.db")
    yield opened
    await opened.close()


async def test_people_who_look_at_one_thing_ask_once_and_a_minute_long_nobody_asks_again(database: Database) -> None:
    head_office = HeadOffice()
    head_office.speaks.clear()
    known = Elsewhere(database, head_office.ask)
    looking = [asyncio.create_task(known.of("p-1", NOW)) for _ in range(5)]
    await head_office.is_asked.wait()
    looking[0].cancel()
    head_office.speaks.set()

    found = await asyncio.gather(*looking[1:])

    assert {each.told.items[0].available for each in found if each.told} == {"5"}
    assert (await known.of("p-1", NOW + GOOD_FOR_MS - 1)).is_current
    assert head_office.asked == ["p-1"]
    assert (await known.of("p-1", NOW + GOOD_FOR_MS)).is_current
    assert (await known.of("p-1", NOW - 86_400_000)).is_current, "a clock that was put back makes nothing young"
    assert head_office.asked == ["p-1"] * 3


async def test_with_the_line_down_the_kept_answer_is_told_as_old_also_by_the_next_program(database: Database) -> None:
    head_office = HeadOffice()
    await Elsewhere(database, head_office.ask).of("p-1", NOW)
    head_office.answer = None
    known = Elsewhere(database, head_office.ask)

    seen = await known.of("p-1", NOW + 3_600_000)
    other = await known.of("p-2", NOW + 3_600_000)

    assert seen.told is not None and not seen.is_current
    assert seen.told.told_at == "2026-11-21T08:00:01Z"
    assert (other.told, other.is_current) == (None, False)
    assert head_office.asked == ["p-1", "p-1"], "after one refusal nobody waits for it again"


@pytest.mark.parametrize("answer", [b"", b"<html>", b'{"items": 1}', ANSWER.replace(b'"7"', b'"1e9"')])
async def test_an_answer_that_is_none_is_not_kept(database: Database, answer: bytes) -> None:
    head_office = HeadOffice()
    head_office.answer = answer

    assert await Elsewhere(database, head_office.ask).of("p-1", NOW) == (None, False)
    assert await database.read(elsewhere.find, "p-1") is None


async def test_a_head_office_that_says_nothing_costs_a_moment_and_not_more(database: Database) -> None:
    head_office = HeadOffice()
    head_office.speaks.clear()

    assert await Elsewhere(database, head_office.ask, patience_s=0.01).of("p-1", NOW) == (None, False)


async def test_what_is_kept_is_bounded_and_the_oldest_makes_room(database: Database) -> None:
    def fill(connection: sqlite3.Connection) -> None:
        for number in range(elsewhere.KEPT_MAX):
            elsewhere.keep(connection, f"p-{number}", "{}", NOW + number)

    await database.write(fill)

    await database.write(elsewhere.keep, "one more", "{}", NOW + 10_000)

    assert await database.read(elsewhere.find, "p-0") is None
    assert await database.read(elsewhere.find, "p-1") == ("{}", NOW + 1)
    assert await database.read(elsewhere.find, "one more") == ("{}", NOW + 10_000)
