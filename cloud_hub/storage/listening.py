"""Hearing of changes as soon as they are committed: PostgreSQL's NOTIFY on a connection of its own.

A notification may be lost with its connection, so listeners look now and then anyway.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from cloud_hub.storage.database import LOST

RETRY_S = 1.0


class Listener:
    """`await listener.changed()` returns when somebody notified the channel since the last call."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], channel: str) -> None:
        self._connect = connect
        self._channel = channel
        self._connection: asyncpg.Connection | None = None
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Wait for the next change; the database being away only makes it wait longer."""
        if self._connection is None or self._connection.is_closed():
            await self._listen()
        await self._changed.wait()
        self._changed.clear()

    async def close(self) -> None:
        """Stop listening."""
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close()

    async def _listen(self) -> None:
        try:
            self._connection = await self._connect()
            await self._connection.add_listener(self._channel, self._note)
            self._changed.set()
        except LOST:
            await asyncio.sleep(RETRY_S)

    def _note(self, *_: Any) -> None:
        self._changed.set()
