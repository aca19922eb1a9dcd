"""So many requests are worked on at once, the others begin in the order in which they came.

Work on ten thousand at the same time makes each round of the event loop long, and what takes
many rounds (the commit of a group of writes takes a dozen) would wait for all of them in each.
Whoever takes long gives their place up meanwhile: those that wait for news or for a slow
reader shut nobody out.
"""

import asyncio
from collections import deque
from itertools import takewhile

from aiohttp import web

AT_ONCE = 512
"""Two groups of writes (one is committed while one gathers), and the reads that go together."""
HOLD_S = 1.0


class Place:
    """To be left when the work is done; after a while it is left in any case."""

    __slots__ = ("_turns",)

    def __init__(self, turns: "Turns") -> None:
        self._turns = turns

    def leave(self) -> None:
        """Let the next one begin; only once."""
        self._turns.give(self)


class Turns:
    """Gives out places, first come, first served."""

    def __init__(self, places: int = AT_ONCE, hold_s: float = HOLD_S) -> None:
        self._free = places
        self._hold_s = hold_s
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken: dict[Place, float] = {}
        """Until when, the oldest first."""
        self._timer: asyncio.TimerHandle | None = None
        """One for all: most places are left long before."""

    async def take(self) -> Place:
        """A place, when it is our turn."""
        if self._free:
            self._free -= 1
        else:
            await self._turn()
        place = Place(self)
        self._taken[place] = self._loop.time() + self._hold_s
        if self._timer is None:
            self._timer = self._loop.call_later(self._hold_s, self._look)
        return place

    def give(self, place: Place) -> None:
        """The place is free (again: nothing): the next one has it."""
        if self._taken.pop(place, None) is not None:
            self._pass_on()

    def _look(self) -> None:
        """Whoever takes long has held their place long enough."""
        self._timer = None
        now = self._loop.time()
        late = [place for place, until in takewhile(lambda taken: taken[1] <= now, self._taken.items())]
        for place in late:
            self.give(place)
        if self._taken:
            self._timer = self._loop.call_at(next(iter(self._taken.values())), self._look)

    def _pass_on(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    async def _turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise


TURNS = web.AppKey("turns", Turns)
