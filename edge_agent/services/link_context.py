"""Everything a Link needs, wired by app.py: storage, the way out, keys, clocks, what to show."""

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from edge_agent.services.hub_clock import HubClock
from edge_agent.services.link_status import LinkStatus
from edge_agent.services.outside import Dial
from edge_agent.storage.database import Database
from sync_protocol.batch import Sign
from sync_protocol.limits import RECONNECT_CAP_MS
from sync_protocol.messages import FeedCursor


def monotonic_ms() -> int:
    """For timeouts; never jumps."""
    return time.monotonic_ns() // 1_000_000


def wall_ms() -> int:
    """What the box's clock says; may jump."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkContext:
    """The parts of the box that the link works with."""

    database: Database
    dial: Dial
    sign: Sign
    hub_key: bytes
    instance: str
    """Random per start: two live boxes with one identity cannot both be right about it."""
    fetch_snapshot: Callable[[str], Awaitable[FeedCursor]]
    become: Callable[[str, int], Awaitable[None]]
    clock: HubClock
    status: LinkStatus
    agent_version: str = ""
    jitter: Callable[[], float] = random.random
    reconnect_cap_ms: int = RECONNECT_CAP_MS
    now_ms: Callable[[], int] = monotonic_ms
    clock_ms: Callable[[], int] = wall_ms
