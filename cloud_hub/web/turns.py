"""So many requests are worked on at once, the others begin in the order in which they came.

Work on ten thousand at the same time makes each round of the event loop long, and what takes
many rounds (the commit of a group of writes takes a dozen) would wait for all of them in each.
Whoever takes long gives their place up meanwhile: those that wait for news or for a slow
reader shut nobody out.
"""

import asyncio
from collections import deque

from aiohttp import web

AT_ONCE = 512
"""Two groups of writes (one is committed while one gathers), and the reads that go together."""
HOLD_S = 1.0


class Place:
    """To be left when the work is done; after a while it is left in any case."""

    __slots__ = ("_timer", "_turns")

    def __init__(self, turns: "Turns", hold_s: float) -> None:
        self._turns: Turns | None = turns
        self._timer = asyncio.get_running_loop().call_later(hold_s, self.leave)

    def leave(self) -> None:
        """Let the next one begin; only once."""
        if self._turns is not None:
            self._timer.cancel()
            self._turns.give()
            self._turns = None


class Turns:
    """Gives out places, first come, first served."""

    def __init__(self, places: int = AT_ONCE, hold_s: float = HOLD_S) -> None:
        self._free = places
        self._hold_s = hold_s
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> Place:
        """A place, when it is our turn."""
        if self._free:
            self._free -= 1
        else:
            await self._turn()
        return Place(self, self._hold_s)

    def give(self) -> None:
        """A place is free: the next one has it."""
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
                self.give()
            raise


TURNS = web.AppKey("turns", Turns)
