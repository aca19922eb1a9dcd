"""What has to be done now and then: partitions ahead of time, forgetting what may be forgotten.

Never above a safe mark: batches and feed records are kept until a verified backup holds
them, and for the retention window after that.
"""

from collections.abc import Mapping

from cloud_hub.domain.stock_reports import Kind
from cloud_hub.storage import (
    chunks,
    deliveries,
    events,
    feeds,
    files,
    import_changes,
    issued_certificates,
    jobs,
    maintenance,
    notices,
    shards,
    sign_ins,
    stock_reports,
)
from cloud_hub.storage.database import Database
from sync_protocol.limits import RETENTION_MS

DAY_MS = 24 * 3_600_000
CHUNKS_KEPT_MS = 2 * DAY_MS
SLOTS_KEPT_MS = 100 * DAY_MS
"""Longer than any slot lasts: one that is forgotten would be run again."""
JOBS_KEPT_MS = 35 * DAY_MS
FILES_KEPT_MS = 7 * DAY_MS
FEED_KEPT = 50_000
"""Feed records that are kept however far the box is; one further behind takes a snapshot."""


async def make_partitions(database: Database, now_ms: int) -> list[str]:
    """This month's partition and the next two."""
    async with database.transaction() as connection:
        return await maintenance.make_partitions(connection, now_ms)


async def prune(database: Database, reports_kept: Mapping[Kind, int], now_ms: int) -> int:
    """Forget what may be forgotten; how many rows. Reports are kept for so many days."""
    gone = 0
    async with database.transaction() as connection:
        gone += await maintenance.prune_batches(connection, now_ms - RETENTION_MS)
        gone += await maintenance.prune_rest(connection, now_ms - RETENTION_MS)
        gone += await chunks.prune(connection, now_ms - CHUNKS_KEPT_MS)
        gone += await issued_certificates.prune(connection, now_ms)
        gone += await shards.prune_slots(connection, SLOTS_KEPT_MS)
        gone += await events.prune(connection, now_ms - RETENTION_MS)
        gone += await notices.prune(connection, now_ms - RETENTION_MS)
        gone += await deliveries.prune(connection, now_ms - RETENTION_MS)
        gone += await jobs.prune(connection, now_ms - JOBS_KEPT_MS)
        gone += await import_changes.prune(connection)
        gone += await files.prune(connection, now_ms - FILES_KEPT_MS)
        gone += await sign_ins.prune(connection, now_ms)
        for kind, days in reports_kept.items():
            gone += await stock_reports.prune(connection, kind, now_ms - days * DAY_MS)
    async with database.connection() as connection:
        known = await feeds.list_all(connection)
    for feed in known:
        gone += await _prune_feed(database, str(feed.site_id))
    async with database.transaction() as connection:
        gone += await maintenance.prune_changes(connection, now_ms - RETENTION_MS)
    return gone


async def _prune_feed(database: Database, site_id: str) -> int:
    """Records that the box has, that a verified backup has, and that are not among the newest."""
    async with database.transaction() as connection:
        feed = await feeds.lock(connection, site_id)
        if feed is None:
            return 0
        below = min(feed.acked, feed.safe_mark, feed.head - FEED_KEPT) + 1
        return await feeds.prune(connection, feed, below) if below > feed.first_retained else 0
