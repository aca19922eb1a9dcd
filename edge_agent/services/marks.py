"""Persist acknowledged positions, a few times a second at most.

The mark in the database only says where to prune and what to show; after a crash the hub
tells the real one. So a live scan costs one durable commit on the box and not two. What
the hub says at a Welcome (it may have gone back) and what it rejected is saved at once.
"""

import asyncio

import structlog

from edge_agent.errors import EdgeError
from edge_agent.services import uplink
from edge_agent.services.link_context import LinkContext
from sync_protocol.effects import SaveMark

log = structlog.get_logger(__name__)

LINGER_S = 0.25


class Marks:
    """The newest acknowledged position of one connection, on its way to the disk."""

    def __init__(self, context: LinkContext) -> None:
        self._context = context
        self._newest: SaveMark | None = None
        self._has_news = asyncio.Event()

    async def save(self, effect: SaveMark) -> None:
        """Returns at once for a plain acknowledgement."""
        if effect.hub_epoch is None and not effect.rejected:
            self._newest = effect
            self._has_news.set()
            return
        self._newest = None
        await self._write(effect)

    async def run(self) -> None:
        """Write the newest mark now and then."""
        while True:
            await self._has_news.wait()
            await asyncio.sleep(LINGER_S)
            self._has_news.clear()
            newest, self._newest = self._newest, None
            if newest is not None:
                await self._write(newest)

    async def _write(self, effect: SaveMark) -> None:
        context = self._context
        try:
            await context.database.write(uplink.save_mark, effect, context.clock_ms())
        except EdgeError as error:
            # A full disk must not stop the records' way up; the hub tells the mark again.
            context.status.failed(f"mark not saved: {error.detail}", context.clock_ms())
            log.warning("mark not saved", code=error.code, mark=effect.mark)
