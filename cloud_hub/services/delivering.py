"""The outbox at work: takes what is due, sends it, and decides what an answer means.

Each receiver has one task at a time and a few messages in it, so a dead one costs others
nothing. What fails is tried again with growing pauses for a day; then it is given up, and
can be sent again by hand. A channel that must not repeat itself is told of it before it
sends: what a process that died may have sent is `unknown` and stays so.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Protocol

import structlog

from cloud_hub.crashpoints import crashpoint
from cloud_hub.domain.webhooks import GIVE_UP_MS, wait_ms
from cloud_hub.services.ports import Now, Undelivered
from cloud_hub.storage import deliveries
from cloud_hub.storage.database import AGAIN, Database
from cloud_hub.storage.deliveries import Delivery

log = structlog.get_logger(__name__)
RECEIVERS_MAX = 32
EACH_MAX = 20


class Channel(Protocol):
    """One way to tell somebody."""

    may_repeat: bool
    """Whether a receiver can tell a repetition from news."""

    async def send(self, delivery: Delivery, now_ms: int) -> int | None:
        """The receiver has it; the status of its answer, where there are any. Raises Undelivered."""
        ...

    async def failed(self, delivery: Delivery, now_ms: int, next_ms: int) -> None:
        """An attempt has failed; the next one is, or would be, then."""
        ...


class Delivering:
    """Sends until it is cancelled."""

    def __init__(self, database: Database, channels: Mapping[str, Channel], *, now: Now) -> None:
        self._database = database
        self._channels = channels
        self._now = now
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def start_due(self) -> int:
        """Begin to send what is due; how many messages."""
        now_ms = self._now()
        async with self._database.transaction() as connection:
            await deliveries.settle_orphans(connection, now_ms)
            room = (RECEIVERS_MAX - len(self._busy)) * EACH_MAX
            due = await deliveries.claim(connection, list(self._busy), EACH_MAX, max(room, 0), now_ms)
        if due:
            crashpoint("delivery.after_claim")
        by_receiver: dict[str, list[Delivery]] = {}
        for delivery in due:
            by_receiver.setdefault(delivery.receiver, []).append(delivery)
        for receiver, those in by_receiver.items():
            self._busy[receiver] = asyncio.create_task(self._serve(receiver, those))
        return len(due)

    async def finish(self) -> None:
        """Wait for what is being sent."""
        await asyncio.gather(*self._busy.values())

    async def close(self) -> None:
        """Stop in the middle; claims run out by themselves."""
        for task in self._busy.values():
            task.cancel()

    async def _serve(self, receiver: str, those: list[Delivery]) -> None:
        try:
            for delivery in those:
                if not await self._send(delivery):
                    return
        except AGAIN as error:
            log.warning("the database is away", detail=str(error))
        finally:
            del self._busy[receiver]

    async def _send(self, delivery: Delivery) -> bool:
        """Whether this receiver may be sent more now."""
        channel = self._channels.get(delivery.channel)
        try:
            if channel is None:
                raise Undelivered(f"this hub has no {delivery.channel} set up", is_final=True)
            if not channel.may_repeat:
                async with self._database.transaction() as connection:
                    await deliveries.hand_over(connection, delivery.id)
            status = await channel.send(delivery, self._now())
        except Undelivered as error:
            return await self._failed(channel, delivery, error)
        crashpoint("delivery.after_send")
        async with self._database.transaction() as connection:
            now_ms = self._now()
            await deliveries.settle(
                connection, delivery.id, "sent", status=status, error="", due_at_ms=now_ms, settled_at_ms=now_ms
            )
        return True

    async def _failed(self, channel: Channel | None, delivery: Delivery, error: Undelivered) -> bool:
        now_ms = self._now()
        pause = wait_ms(delivery.attempts)
        due_ms = now_ms + pause + random.randrange(pause // 10 + 1)
        is_over = error.is_final or due_ms > delivery.created_at_ms + GIVE_UP_MS
        async with self._database.transaction() as connection:
            await deliveries.settle(
                connection, delivery.id, "failed" if is_over else "pending", status=error.status, error=error.detail,
                due_at_ms=due_ms, settled_at_ms=now_ms if is_over else None,
            )  # fmt: skip
            if not error.is_final:
                await deliveries.hold(connection, delivery.channel, delivery.receiver, due_ms)
        if channel is not None:
            await channel.failed(delivery, now_ms, due_ms)
        log.info("not delivered", channel=delivery.channel, receiver=delivery.receiver, attempts=delivery.attempts,
                 status=error.status, detail=error.detail[:200])  # fmt: skip
        return error.is_final
