"""Look-ups that wait at the same time are one statement.

A look-up by key costs the database and this process about the same for one key as for
dozens, so while some are on their way those that come meanwhile wait, and go together.
Nobody gets an answer from before they asked: who comes late for a key waits for the next turn.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextvars import Context
from itertools import islice
from typing import Generic, TypeVar

import asyncpg

from cloud_hub.storage.reads import Reads

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
TOGETHER_MAX = 64
LANES = 2
"""Statements on their way at once: while one is read here, the other is worked on there."""


class Gathered(Generic[K, V]):
    """Finds values by key through `read`, which leaves out keys that it does not find."""

    def __init__(
        self,
        reads: Reads,
        read: Callable[[asyncpg.Connection, Sequence[K]], Awaitable[Mapping[K, V]]],
        *,
        lanes: int = LANES,
    ) -> None:
        self._reads = reads
        self._read = read
        self._lanes_max = lanes
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._lanes: set[asyncio.Task[None]] = set()

    async def find(self, key: K) -> V | None:
        """The value, None when there is none. Raises what reading raised."""
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
            if len(self._lanes) < self._lanes_max:
                # In no request's context: it works for many.
                self._lanes.add(asyncio.create_task(self._run(), context=Context()))
        return await asyncio.shield(answer)

    async def _run(self) -> None:
        lane = asyncio.current_task()
        assert lane is not None
        try:
            await self._turns()
        finally:
            # Not as a callback of the task, which comes a moment later: who asks in between would wait for nobody.
            self._lanes.discard(lane)

    async def _turns(self) -> None:
        while self._waiting:
            turn = dict(islice(self._waiting.items(), TOGETHER_MAX))
            for key in turn:
                del self._waiting[key]
            try:
                found = await self._reads.run(self._read, list(turn))
            except Exception as error:  # noqa: BLE001 - whoever waits is told what went wrong
                for answer in turn.values():
                    answer.set_exception(error)
            else:
                for key, answer in turn.items():
                    answer.set_result(found.get(key))
