"""One round of telling: events get their order, outboxes are filled from them, what is due is sent.

A round is cheap when nothing is new. Any number of processes may make rounds at once: each
step is taken by one of them under a lock, or claimed row by row.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from cloud_hub.services import webhooks
from cloud_hub.services.delivering import Delivering
from cloud_hub.services.ports import Now
from cloud_hub.services.relaying import relay
from cloud_hub.storage import events
from cloud_hub.storage.database import Connection, Database

Fill = Callable[[Connection, int, int], Awaitable[int]]
"""Puts what it wants of the events up to a head into the outbox: (connection, head, now_ms) -> how many."""
ROUND_S = 1.0
"""The longest that news wait for a round."""
QUICK_S = 0.1
"""The least that a round waits for the one before."""
MANY = 500
"""Events in a round after which more are likely to wait; what trickles is gathered."""
REST = 7
"""So many times as long as such a round took, the next one waits: a backlog that drains is not slowed down."""


class Done(NamedTuple):
    """What a round did."""

    told: int
    """Events that got their order or went into an outbox."""
    sent: int
    """Messages that are on their way to their receivers."""


def has_more(done: Done) -> bool:
    """There is likely something to do for another round at once."""
    return done.sent > 0 or done.told >= MANY


def rest_s(done: Done, took_s: float) -> float:
    """How long to leave the database alone after a round."""
    return max(QUICK_S, REST * took_s) if done.told >= MANY else QUICK_S


class Telling:
    """The rounds."""

    def __init__(self, database: Database, delivering: Delivering, fills: list[Fill], *, now: Now) -> None:
        self._database = database
        self._delivering = delivering
        self._fills = [webhooks.fill, *fills]
        self._now = now

    async def round(self) -> Done:
        """Tell what is new."""
        now_ms = self._now()
        told = await relay(self._database, now_ms)
        for fill in self._fills:
            async with self._database.transaction() as connection:
                told += await fill(connection, await events.read(connection, events.HEAD), now_ms)
        return Done(told, await self._delivering.start_due())
