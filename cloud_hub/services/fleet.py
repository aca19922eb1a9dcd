"""The fleet: is every box up to date, and if not, since when."""

from dataclasses import dataclass
from enum import StrEnum

from cloud_hub.storage import fleet
from cloud_hub.storage.fleet import Box
from cloud_hub.storage.reads import Reads

LIVE_MS = 60_000
"""A box says something at least this often while it is connected."""


class Link(StrEnum):
    """What the hub can say of its link to a box."""

    LIVE = "live"
    SILENT = "silent"
    """Connected, and has not said anything for a minute."""
    OFFLINE = "offline"
    UNHEARD = "unheard"
    """Nobody here is connected to the broker for it: whatever the box does, we cannot know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A box and what follows from its row now."""

    box: Box
    link: Link
    pending: int | None
    """None, like the next two, unless the link is live: what a box that we do not hear has made since is unknown."""
    oldest_unsent_ms: int | None
    oldest_unsent_age_s: int | None


class Fleet:
    """The use cases of the fleet view."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def boxes(self, site_ids: list[str] | None, now_ms: int) -> list[Seen]:
        """Boxes of these sites (None: of all)."""
        found = await self._reads.run(fleet.boxes)
        return [_seen(box, now_ms) for box in found if site_ids is None or box.site_id in site_ids]


def _seen(box: Box, now_ms: int) -> Seen:
    link = _link(box, now_ms)
    pending, oldest_ms = (box.pending, box.oldest_unsent_ms) if link is Link.LIVE else (None, None)
    age_s = None if oldest_ms is None else max(0, now_ms - oldest_ms) // 1000
    return Seen(box=box, link=link, pending=pending, oldest_unsent_ms=oldest_ms, oldest_unsent_age_s=age_s)


def _link(box: Box, now_ms: int) -> Link:
    if not box.is_heard:
        return Link.UNHEARD
    if not box.is_connected:
        return Link.OFFLINE
    return Link.LIVE if is_live(box.last_seen_ms, box.is_connected, now_ms) else Link.SILENT


def is_live(last_seen_ms: int | None, is_connected: bool, now_ms: int) -> bool:
    """Whether a box is connected and was heard of lately."""
    return is_connected and last_seen_ms is not None and now_ms - last_seen_ms < LIVE_MS
