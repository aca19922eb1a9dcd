"""Who is worked on when many ask at once: in order, some at a time, and nobody who takes long keeps the others out."""

import asyncio

from cloud_hub.web.turns import Turns

LONG = 60.0


async def beginning(turns: Turns, began: list[str], name: str, done: asyncio.Event) -> None:
    place = await turns.take()
    began.append(name)
    await done.wait()
    place.leave()


async def settled() -> None:
    """Everything that can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_those_beyond_the_places_begin_in_the_order_in_which_they_came() -> None:
    turns, began, done = Turns(2, LONG), list[str](), {name: asyncio.Event() for name in "abcd"}
    async with asyncio.TaskGroup() as group:
        for name in "abcd":
            group.create_task(beginning(turns, began, name, done[name]))
        await settled()
        assert began == ["a", "b"]
        done["b"].set()
        await settled()
        assert began == ["a", "b", "c"]
        for event in done.values():
            event.set()
    assert began == ["a", "b", "c", "d"]


async def test_who_takes_long_gives_the_place_up_once() -> None:
    turns = Turns(1, 0.05)
    slow = await turns.take()
    second = await asyncio.wait_for(turns.take(), 5)
    slow.leave()
    third = asyncio.create_task(turns.take())
    await settled()
    assert not third.done(), "the second one has the only place"
    second.leave()
    (await asyncio.wait_for(third, 5)).leave()


async def test_who_goes_away_while_waiting_leaves_the_turn_to_the_next() -> None:
    turns = Turns(1, LONG)
    first = await turns.take()
    gone, next_one = asyncio.create_task(turns.take()), asyncio.create_task(turns.take())
    await settled()
    first.leave()
    gone.cancel()
    place = await asyncio.wait_for(next_one, 5)
    place.leave()
    assert gone.cancelled()
    (await asyncio.wait_for(turns.take(), 5)).leave()
