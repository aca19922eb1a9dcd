"""Server-sent events for the screens: scans, stock, sync state.

Stock events come from the ledger itself, whoever wrote to it: after a commit the movements
above the last one told are read, many commits at once when they come fast.
"""

import asyncio
import time
from typing import Annotated
from uuid import UUID, uuid5

from aiohttp import web
from pydantic import AfterValidator, Field

from edge_agent.errors import Unavailable
from edge_agent.services.events import Event
from edge_agent.services.scanning import Outcome
from edge_agent.storage import ledger
from edge_agent.web import event_stream, render, stock_news
from edge_agent.web.body import Query
from edge_agent.web.callers import is_still_in
from edge_agent.web.context import Store, caller_of, now_ms, store_of
from edge_agent.web.operations import EVENT_STREAM, Table
from edge_agent.web.sync import sync_of
from edge_agent.web.veil import Hidden, hidden_from, veiled
from scanner_drivers.scan import RawScan

TABLE = Table("events")

KEEP_ALIVE_S = 15.0
QUIET_S = 0.05
"""Commits closer together than this are told together."""
TOPICS = ("scan", "stock", "sync")
_BEEPS = UUID("5f0a3a8e-54d7-5c1b-9a44-2b1d0f8e7c60")


def _topics(value: str) -> str:
    if any(topic not in TOPICS for topic in value.split(",") if topic):
        raise ValueError(f"expected some of {', '.join(TOPICS)}")
    return value


class EventQuery(Query):
    types: Annotated[str, Field(max_length=60), AfterValidator(_topics)] = ""


@TABLE.add("GET", "/events", produces=(EVENT_STREAM,))
async def get_events(request: web.Request, query: EventQuery) -> web.StreamResponse:
    """An endless stream until the session ends; a client that is too slow is told `resync` and let go."""
    store = store_of(request)
    if store.events.is_full:
        raise Unavailable("too_many_listeners", "expected fewer screens on this box", remedy="close one")
    response = event_stream.opened()
    topics = frozenset(topic for topic in query.types.split(",") if topic)
    with store.events.listen(topics) as listener:
        await response.prepare(request)
        await response.write(await _greeting(request, topics))
        checked_at = time.monotonic()
        while True:
            if time.monotonic() - checked_at >= KEEP_ALIVE_S:
                if not await is_still_in(request):
                    return response
                checked_at = time.monotonic()
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    event = await listener.next()
            except TimeoutError:
                await response.write(event_stream.ALIVE)
                continue
            if event is None:
                return response
            await response.write(encode(event, _hidden(request)))


async def _greeting(request: web.Request, topics: frozenset[str]) -> bytes:
    """What who comes back has missed; who is new gets the id to come back with."""
    if topics and "stock" not in topics:
        return b": hello\n\n"
    database, last_id = store_of(request).database, request.headers.get("Last-Event-ID", "")
    if not last_id:
        return b": hello\nid: " + (await database.read(stock_news.here)).encode() + b"\n\n"
    missed = await database.read(stock_news.missed, last_id)
    return b"".join([b": hello\n\n", *(encode(event, _hidden(request)) for event in missed)])


def _hidden(request: web.Request) -> Hidden | None:
    return store_of(request).database.read_here(hidden_from, caller_of(request))


def encode(event: Event, hidden: Hidden | None = None) -> bytes:
    """One event, without what whoever listens is not to be told."""
    body = event.body
    if event.topic == "scan" and isinstance(body, tuple):
        outcome, raw, mode = body
        assert isinstance(outcome, Outcome)
        assert isinstance(raw, RawScan)
        body = {"device": raw.device, "mode": mode, **_beep(raw), **render.outcome(outcome)}
    if hidden is not None:
        body = veiled(body, hidden)
    return event_stream.event(event.topic, body, event.id)


def _beep(raw: RawScan) -> render.Json:
    """What was read, and a name of this one reading: of all screens that act on it only the first one's act counts."""
    name = f"{raw.device}/{raw.session}/{raw.sequence}/{raw.received_ns}"
    return {"code": raw.raw.decode("utf-8", "replace"), "beep": str(uuid5(_BEEPS, name))}


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
                event, self._told = await self._store.database.read(stock_news.changed, self._told)
                if event is not None:
                    self._store.events.publish(*event)
                if self._told < self._head:
                    self._is_changed.set()
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
