"""Server-sent events for the screens: scans, stock, sync state.

Stock events come from the ledger itself, whoever wrote to it: after a commit the movements
above the last one told are read, many commits at once when they come fast.
"""

import asyncio
import sqlite3
from typing import Annotated

import orjson
from aiohttp import web
from pydantic import AfterValidator, Field

from edge_agent.domain.stock import position_of
from edge_agent.errors import Unavailable
from edge_agent.services.events import Event
from edge_agent.services.scanning import Outcome
from edge_agent.storage import history, ledger, levels
from edge_agent.web import render
from edge_agent.web.body import Query, read_query
from edge_agent.web.context import Store, now_ms, store_of
from edge_agent.web.sync import sync_of

KEEP_ALIVE_S = 15.0
QUIET_S = 0.05
"""Commits closer together than this are told together."""
MOVEMENTS_MAX = 500
TOPICS = ("scan", "stock", "sync")


def _topics(value: str) -> str:
    if any(topic not in TOPICS for topic in value.split(",") if topic):
        raise ValueError(f"expected some of {', '.join(TOPICS)}")
    return value


class EventQuery(Query):
    types: Annotated[str, Field(max_length=60), AfterValidator(_topics)] = ""


async def get_events(request: web.Request) -> web.StreamResponse:
    """An endless stream; a client that is too slow is told `resync` and let go."""
    query, store = read_query(request, EventQuery), store_of(request)
    if store.events.is_full:
        raise Unavailable("too_many_listeners", "expected fewer screens on this box", remedy="close one")
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    topics = frozenset(topic for topic in query.types.split(",") if topic)
    with store.events.listen(topics) as listener:
        await response.prepare(request)
        await response.write(b": hello\n\n")
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    event = await listener.next()
            except TimeoutError:
                await response.write(b": alive\n\n")
                continue
            if event is None:
                return response
            await response.write(encode(event))


def encode(event: Event) -> bytes:
    """One event in the form of the EventSource standard."""
    body = event.body
    if event.topic == "scan" and isinstance(body, tuple):
        outcome, device, mode = body
        assert isinstance(outcome, Outcome)
        body = {"device": device, "mode": mode, **render.outcome(outcome)}
    return b"event: " + event.topic.encode() + b"\ndata: " + orjson.dumps(body) + b"\n\n"


class Watcher:
    """Turns commits and changes of the link into events."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_changed, self._is_linked = asyncio.Event(), asyncio.Event()
        self._head = self._told = 0
        store.database.on_commit(self._grown)
        store.status.listeners.append(self._is_linked.set)

    async def watch_ledger(self) -> None:
        """Tell what moved; never ends."""
        self._told = await self._store.database.read(ledger.last_position)
        while True:
            await self._is_changed.wait()
            await asyncio.sleep(QUIET_S)
            self._is_changed.clear()
            if self._store.events.is_heard:
                body = await self._store.database.read(_changed, self._told)
                self._told = body["position"]
                if body["items"]:
                    self._store.events.publish("stock", body)
            else:
                self._told = self._head

    def _grown(self, head: int) -> None:
        self._head = head
        self._is_changed.set()

    async def watch_link(self) -> None:
        """Tell how the link is when that changes; never ends."""
        while True:
            await self._is_linked.wait()
            await asyncio.sleep(QUIET_S)
            self._is_linked.clear()
            if self._store.events.is_heard:
                body = await self._store.database.read(sync_of, self._store.status, now_ms())
                self._store.events.publish("sync", body)


def _changed(connection: sqlite3.Connection, after: int) -> render.Json:
    lines = history.movements(connection, after=after, limit=MOVEMENTS_MAX)
    items = []
    for product_id in dict.fromkeys(line.product_id for line in lines):
        position = position_of(*levels.held(connection, product_id))
        items.append({"product_id": product_id, **render.stock(position)})
    last = lines[-1].sequence if len(lines) == MOVEMENTS_MAX else ledger.last_position(connection)
    return {"position": max(after, last), "items": items}
