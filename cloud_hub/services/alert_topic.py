"""Alerts at the broker: what alerts do is told on one topic per site, to whoever may read it there.

Behind the events, with a counter of its own that one process at a time moves, once the broker
has taken the messages: a process that dies in between leaves them to be told again, under the
same ids. What could not be told for a day is told to nobody.
"""

from collections.abc import Awaitable, Callable

import orjson

from cloud_hub.domain.event_types import ALERTS
from cloud_hub.domain.webhooks import GIVE_UP_MS
from cloud_hub.services.webhooks import payload_of
from cloud_hub.storage import events
from cloud_hub.storage.database import Database

AT_ONCE = 100
Publish = Callable[[str, bytes], Awaitable[None]]
"""Of a site, until the broker has it. Raises Lost, Unavailable."""


async def begin(database: Database) -> None:
    """Before the first round of a process."""
    async with database.transaction() as connection:
        await events.begin(connection, events.BROKER)


async def tell(database: Database, publish: Publish, now_ms: int) -> int:
    """Tell what is new; how many events were looked at. Raises what `publish` raises; then nothing was passed."""
    async with database.transaction() as connection:
        head = await events.read(connection, events.HEAD)
        found = await events.take(connection, events.BROKER, head, ALERTS, AT_ONCE)
        for event in found:
            if event.site_id is not None and event.recorded_at_ms > now_ms - GIVE_UP_MS:
                await publish(event.site_id, orjson.dumps(payload_of(event)))
    return len(found)
