"""Writes alerts to the broker over the ingest worker's connection: a second one with its certificate would end it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from cloud_hub.services import alert_topic
from cloud_hub.services.ports import Now
from cloud_hub.storage.database import AGAIN, Database
from cloud_hub.transport.mqtt import Broker
from sync_protocol.errors import Lost, Unavailable

log = structlog.get_logger(__name__)
TICK_S = 1.0
REFUSED_S = 30.0
"""A broker whose ACL does not know the topic yet is asked again after this."""


class AlertTopic:
    """Runs until it is cancelled."""

    def __init__(
        self, database: Database, broker: Broker, *, now: Now, changed: Callable[[], Awaitable[None]]
    ) -> None:  # fmt: skip
        self._database, self._broker = database, broker
        self._now, self._changed = now, changed

    async def run(self) -> None:
        """Tell what is new at once, and look every second anyway."""
        await alert_topic.begin(self._database)
        while True:
            pause_s = await self._round()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await (self._changed() if pause_s == TICK_S else asyncio.sleep(pause_s))

    async def _round(self) -> float:
        """How long to wait then, unless there are news."""
        try:
            while self._broker.connection is not None:
                if not await alert_topic.tell(self._database, self._broker.tell_alert, self._now()):
                    break
        except Unavailable as error:
            log.warning("the broker took no alert", detail=str(error))
            return REFUSED_S
        except (Lost, *AGAIN) as error:
            log.warning("alerts wait", detail=str(error))
        return TICK_S
