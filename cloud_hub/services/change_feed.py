"""The change feed: events after a cursor, waiting a while for the next when there are none.

A cursor is good as long as its past is: one of before a restore that went back behind it,
or older than what is kept, is refused, and its holder reads the state anew.
"""

import asyncio
from typing import NamedTuple

from cloud_hub.domain.event_types import visible
from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Gone
from cloud_hub.storage import events, hub_state
from cloud_hub.storage.database import Connection
from cloud_hub.storage.events import Event
from cloud_hub.storage.listening import Listener
from cloud_hub.storage.reads import Reads
from sync_protocol.limits import RETENTION_MS

__all__ = ["ChangeFeed", "Cursor", "Event", "Page"]


class Cursor(NamedTuple):
    """How far somebody has read, and in which epoch of the hub."""

    epoch: int
    position: int


class Page(NamedTuple):
    """Some events, where to go on, and whether more wait there."""

    items: list[Event]
    cursor: Cursor
    has_more: bool


class ChangeFeed:
    """The use case of a reader of changes."""

    def __init__(self, reads: Reads, listener: Listener) -> None:
        self._reads = reads
        self._listener = listener
        self._news = asyncio.Event()
        self._waiting: asyncio.Task[None] | None = None

    async def read(
        self, who: Principal, cursor: Cursor | None, types: frozenset[str] | None, site_ids: list[str] | None,
        limit: int, wait_s: float,
    ) -> Page:  # fmt: skip
        """Events after the cursor (None: all that are kept). Raises Gone for a cursor of a lost past."""
        wanted = visible(who.permissions, types)
        deadline = asyncio.get_running_loop().time() + wait_s
        while True:
            news = self._news
            page = await self._reads.run(_page, cursor, wanted, site_ids, limit)
            left = deadline - asyncio.get_running_loop().time()
            if page.items or left <= 0:
                return page
            self._listen()
            try:
                async with asyncio.timeout(left):
                    await news.wait()
            except TimeoutError:
                return page

    async def now(self) -> Cursor:
        """Where what has not happened yet begins."""
        return await self._reads.run(_now)

    def _listen(self) -> None:
        """One session of this process hears of new events, for however many readers wait."""
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        while True:
            await self._listener.changed()
            news, self._news = self._news, asyncio.Event()
            news.set()

    async def close(self) -> None:
        """Stop listening."""
        if self._waiting is not None:
            self._waiting.cancel()
        await self._listener.close()


async def _page(
    connection: Connection, cursor: Cursor | None, types: list[str], site_ids: list[str] | None, limit: int
) -> Page:
    head = await events.read(connection, events.HEAD)
    epoch = await hub_state.epoch(connection)
    if cursor is not None:
        await _require_past(connection, cursor, head)
    after = cursor.position if cursor is not None else 0
    found = await events.list_after(connection, after, head, types, site_ids, limit + 1)
    items = found[:limit]
    has_more = len(found) > limit
    return Page(items, Cursor(epoch, items[-1].position if has_more else max(head, after)), has_more)


async def _now(connection: Connection) -> Cursor:
    return Cursor(await hub_state.epoch(connection), await events.read(connection, events.HEAD))


async def _require_past(connection: Connection, cursor: Cursor, head: int) -> None:
    """Raises Gone."""
    began = min((after for epoch, after in await events.list_epochs(connection) if epoch > cursor.epoch), default=head)
    if cursor.position > began:
        raise Gone("cursor_of_a_lost_past", "expected a cursor of this past: the hub was restored; begin without one")
    if cursor.position < await events.read(connection, events.PRUNED):
        days = RETENTION_MS // 86_400_000
        raise Gone("cursor_too_old", f"expected a cursor of the last {days} days; begin without one")
