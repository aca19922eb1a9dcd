"""One round of telling: events get their order, outboxes are filled from them, what is due is sent.

A round is cheap when nothing is new. Any number of processes may make rounds at once: each
step is taken by one of them under a lock, or claimed row by row.
"""

from collections.abc import Awaitable, Callable

from cloud_hub.services import webhooks
from cloud_hub.services.delivering import Delivering
from cloud_hub.services.ports import Now
from cloud_hub.services.relaying import relay
from cloud_hub.storage import events
from cloud_hub.storage.database import Connection, Database

Fill = Callable[[Connection, int, int], Awaitable[int]]
"""Puts what it wants of the events up to a head into the outbox: (connection, head, now_ms) -> how many."""


class Telling:
    """The rounds."""

    def __init__(self, database: Database, delivering: Delivering, fills: list[Fill], *, now: Now) -> None:
        self._database = database
        self._delivering = delivering
        self._fills = [webhooks.fill, *fills]
        self._now = now

    async def round(self) -> int:
        """Tell what is new; how many things were done, 0 when there was nothing to do."""
        now_ms = self._now()
        done = await relay(self._database, now_ms)
        for fill in self._fills:
            async with self._database.transaction() as connection:
                done += await fill(connection, await events.read(connection, events.HEAD), now_ms)
        return done + await self._delivering.start_due()
