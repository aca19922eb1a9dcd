"""Which shards of devices this worker serves: leased in PostgreSQL, shared fairly.

A worker that hangs loses its shards when their leases end; one whose process has died at
once, to whoever looks next: a hub that was restarted goes on without waiting for itself.
"""

from cloud_hub.storage import shards
from cloud_hub.storage.database import Database
from sync_protocol.topics import SHARDS

TTL_MS = 6_000
RENEW_EVERY_S = 1.5


class ShardLeases:
    """This worker's leases; `renew` is called every RENEW_EVERY_S."""

    def __init__(self, database: Database, worker: str, *, connect: shards.Connect, ttl_ms: int = TTL_MS) -> None:
        self._database = database
        self._worker = worker
        self._ttl_ms = ttl_ms
        self._pulse = shards.Pulse(connect, worker)
        self.held: set[int] = set()

    async def renew(self) -> set[int]:
        """Keep a fair share: give back what is too much, take what is free; what is held now."""
        await self._pulse.hold()
        async with self._database.transaction() as connection:
            await shards.bury(connection, self._worker)
            alive = max(1, await shards.beat(connection, self._worker, self._ttl_ms))
            share = -(-SHARDS // alive)
            held = await shards.renew(connection, self._worker, self._ttl_ms)
            if len(held) > share:
                surplus = sorted(held)[share:]
                await shards.release(connection, self._worker, surplus)
                held -= set(surplus)
            elif len(held) < share:
                held |= await shards.take(connection, self._worker, self._ttl_ms, share - len(held))
        self.held = held
        return held

    async def leave(self) -> None:
        """Give everything back at a clean stop, so that others go on at once."""
        async with self._database.transaction() as connection:
            await shards.release(connection, self._worker, sorted(self.held))
            await shards.leave(connection, self._worker)
        await self._pulse.stop()
        self.held = set()
