"""The digest audit: a box that should long have proved its levels equal to the hub's and has not is told of.

A box compares on each connection and daily, once all that it has is here (`digests.py`). One that is
connected and has nothing to send, and yet compared nothing for a day and a half, is an exception.
"""

from uuid import UUID

from cloud_hub.storage import exceptions, fleet
from cloud_hub.storage.database import Database
from cloud_hub.storage.exceptions import Odd
from cloud_hub.storage.fleet import Box

HOUR_MS = 3_600_000
CONNECTED_MS = HOUR_MS
"""A box that has just come back is about to compare."""
OVERDUE_MS = 36 * HOUR_MS


async def run(database: Database, now_ms: int) -> int:
    """Note every box whose proof is overdue; how many."""
    async with database.transaction() as connection:
        late = [box for box in await fleet.boxes(connection) if is_overdue(box, now_ms)]
        odd = [
            Odd(UUID(box.site_id), box.origin_id, "digest_overdue", str(box.origin_id),
                f"{box.device_name} is connected, but has not compared its levels for a day and a half", box.mark)
            for box in late
        ]  # fmt: skip
        await exceptions.raise_all(connection, odd, now_ms=now_ms)
    return len(late)


def is_overdue(box: Box, now_ms: int) -> bool:
    """Whether it could have compared for long enough, and did not."""
    is_one_to_ask = box.device_state == "active" and box.origin_state == "open" and box.is_connected and not box.pending
    if not is_one_to_ask or box.online_since_ms is None:
        return False
    last_ms = box.digest_at_ms or box.opened_at_ms or 0
    return now_ms - last_ms >= OVERDUE_MS and now_ms - box.online_since_ms >= CONNECTED_MS
