"""Gauges and counters of the box for anyone's monitoring, as one flat JSON object.

Names carry their unit and only grow. Nothing personal and no product is in it.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any

import orjson

from edge_agent.services.disk import Disk
from edge_agent.services.hub_clock import HubClock
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage import history, identity, ledger

_PAGE_BYTES = 4_096


def backlog(connection: sqlite3.Connection, clock_ms: int) -> dict[str, Any]:
    """How far the hub is behind this ledger, by the database."""
    who = identity.get(connection)
    head, _ = ledger.head(connection)
    oldest = history.oldest_unacked_at(connection, who.acked) if head > who.acked else None
    return {
        "head": head,
        "acked": who.acked,
        "safe_mark": who.safe_mark,
        "pending": max(0, head - who.acked),
        "oldest_unacked_age_s": None if oldest is None else max(0, (clock_ms - oldest) // 1000),
        "first_retained": who.first_retained,
        "feed_cursor": who.feed_cursor,
        "hub_epoch": who.hub_epoch,
        "boot": who.boot,
    }


def gauges(
    of_ledger: dict[str, Any], status: LinkStatus, disk: Disk, clock: HubClock, *, version: str, started: float
) -> dict[str, Any]:
    """Everything together."""
    return {
        **of_ledger,
        "version": version,
        "uptime_s": int(time.monotonic() - started),
        "link": status.state,
        "connections": status.connections,
        "last_error": status.last_error,
        "bytes_up": status.bytes_up,
        "bytes_down": status.bytes_down,
        "clock_offset_ms": clock.offset_ms,
        "clock_jumps": clock.jumps,
        "disk_free_bytes": disk.space.free,
        "disk_total_bytes": disk.space.total,
        "disk_watermark": disk.watermark.name.lower(),
        "rss_bytes": resident_bytes(),
    }


def encode(found: dict[str, Any]) -> bytes:
    """As published."""
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS)


def resident_bytes() -> int:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
