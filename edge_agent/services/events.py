"""What the screens are told as it happens. Nobody who listens slowly can hold up a sale.

Each listener has a bounded queue. One that is full is emptied, told to read everything
again (`resync`) and closed.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

WAITING_MAX = 256
LISTENERS_MAX = 64

Topic = Literal["scan", "stock", "sync", "resync"]


class Event(NamedTuple):
    """Something that a screen shows."""

    topic: Topic
    body: object
    id: str = ""
    """Of what can be told again to who was away."""


class Listener:
    """One screen; `next` ends with None after it was too slow."""

    def __init__(self, topics: frozenset[str]) -> None:
        self._topics = topics
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(WAITING_MAX)
        self.is_dropped = False

    def tell(self, event: Event) -> None:
        if self.is_dropped or (self._topics and event.topic not in self._topics):
            return
        if self._queue.full():
            self.is_dropped = True
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(Event("resync", {"detail": "too slow; read everything again"}))
            self._queue.put_nowait(None)
            return
        self._queue.put_nowait(event)

    async def next(self) -> Event | None:
        """The next event, None at the end."""
        return await self._queue.get()

    def close(self) -> None:
        """End it: the store stops."""
        self.is_dropped = True
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)


class Events:
    """All listeners of the box."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._is_closed = False

    @property
    def is_heard(self) -> bool:
        return bool(self._listeners)

    @property
    def is_closed(self) -> bool:
        """The store stops: no stream goes on."""
        return self._is_closed

    @property
    def is_full(self) -> bool:
        return len(self._listeners) >= LISTENERS_MAX

    def publish(self, topic: Topic, body: object, id: str = "") -> None:
        """Tell everybody who wants to know; never waits."""
        event = Event(topic, body, id)
        for listener in self._listeners:
            listener.tell(event)

    @contextmanager
    def listen(self, topics: frozenset[str]) -> Iterator[Listener]:
        """Hear these topics (all when empty) inside the block."""
        listener = Listener(topics)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Let every listener go."""
        self._is_closed = True
        for listener in list(self._listeners):
            listener.close()
