"""The role `ingest`: one connection to the broker, the leased shards, four workers.

Correctness never depends on what happens here: an ack leaves only after a commit, what is
dropped is sent again, and a worker whose shard lease has run out is harmless. When the
broker or PostgreSQL is away, the worker backs off with jitter and goes on.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from uuid import UUID

import orjson
import structlog

from cloud_hub.services.exchange import Exchange
from cloud_hub.services.presence import Presence
from cloud_hub.services.shards import RENEW_EVERY_S, ShardLeases
from cloud_hub.storage.database import AGAIN, LOST
from cloud_hub.transport.queues import OriginQueues
from sync_protocol import topics
from sync_protocol.clock import full_jitter
from sync_protocol.errors import Lost, ProtocolError, Unavailable
from sync_protocol.limits import RECONNECT_BASE_MS
from sync_protocol.topics import Address
from sync_protocol.transport.mqtt import BrokerAddress, Connection

log = structlog.get_logger(__name__)

WORKERS = 4
RECONNECT_CAP_MS = 10_000
TICK_S = 1.0
WINDOW = 1_024
EXPIRY_S = 120
ALERT_EXPIRY_S = 86_400


class Broker:
    """The downlink port over the connection of the moment; nothing is kept for later."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.lost = 0

    def send(self, address: Address, payload: bytes) -> bool:
        """Publish to one box; False when there is no connection or no room."""
        if self.connection is None:
            return False
        try:
            self.connection.publish(topics.down(*address), payload, expiry_s=EXPIRY_S)
        except (Lost, Unavailable, ProtocolError):
            self.lost += 1
            return False
        return True

    async def tell_alert(self, site_id: str, payload: bytes) -> None:
        """Publish to whoever listens to a site's alerts, and wait for the broker. Raises Lost, Unavailable."""
        if self.connection is None:
            raise Lost("not_connected", "there is no broker now")
        await self.connection.publish_confirmed(topics.alerts(site_id), payload, expiry_s=ALERT_EXPIRY_S)


class Ingest:
    """Runs until it is cancelled."""

    def __init__(
        self,
        broker_address: BrokerAddress,
        broker: Broker,
        exchange: Exchange,
        leases: ShardLeases,
        presence: Presence,
        *,
        worker: str,
        hub_state: Callable[[], Awaitable[bytes]],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._address, self._broker, self._exchange = broker_address, broker, exchange
        self._leases, self._presence, self._worker = leases, presence, worker
        self._hub_state, self._changed = hub_state, changed
        self.queues = OriginQueues()
        self.is_connected = False

    async def run(self) -> None:
        """Connect again and again; each connection is new."""
        attempt = 0
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._leave)
            while True:
                try:
                    await self._connected()
                except (Lost, Unavailable) as error:
                    log.warning("the broker is away", detail=str(error))
                except LOST as error:
                    log.warning("the database is away", detail=str(error))
                attempt = 0 if self.is_connected else attempt + 1
                self.is_connected = False
                await asyncio.sleep(full_jitter(attempt, RECONNECT_BASE_MS, RECONNECT_CAP_MS, random.random) / 1000)

    async def _connected(self) -> None:
        client_id = f"backstock-hub-{self._worker}"
        connection = await Connection.open(self._address, client_id=client_id, receive_maximum=1_024, window=WINDOW)
        try:
            self.queues.clear()
            self._leases.held = set()
            self._broker.connection = connection
            await connection.subscribe(topics.PRESENCE_FILTER, topics.TELEMETRY_FILTER)
            await self._lease(connection, set())
            connection.publish(topics.HUB_STATE, await self._hub_state(), retain=True)
            self.is_connected = True
            log.info("ingesting", shards=len(self._leases.held), worker=self._worker)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(connection))
                group.create_task(self._keep_leases(connection))
                group.create_task(self._feed())
                for _ in range(WORKERS):
                    group.create_task(self._work())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        finally:
            self._broker.connection = None
            self._exchange.keep_only(set())
            await connection.close()

    async def _read(self, connection: Connection) -> None:
        async for topic, payload in connection.messages():
            try:
                if topic.startswith(f"{topics.ROOT}/up/"):
                    address = topics.parse_up(topic)
                    if topics.shard_of(address.device_id) in self._leases.held:
                        self.queues.put(address, payload)
                    continue
                device_id = topics.parse_device(topic)
            except ProtocolError as error:
                log.warning("dropped a message", topic=topic[:120], code=error.code)
                continue
            if topics.shard_of(device_id) in self._leases.held:
                self._presence.note(topic, device_id, payload)

    async def _work(self) -> None:
        while True:
            turns = await self.queues.take()
            try:
                await self._exchange.handle(turns)
            except AGAIN as error:
                log.warning("payloads wait for the database", origins=len(turns), detail=str(error))
                self.queues.put_back(turns)
                await asyncio.sleep(0.2 + random.random() * 0.8)
            finally:
                self.queues.done(turns)

    async def _keep_leases(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            before = set(self._leases.held)
            try:
                await self._lease(connection, before)
                await self._presence.save()
            except LOST as error:
                log.warning("the database is away", detail=str(error))

    async def _lease(self, connection: Connection, before: set[int]) -> None:
        held = await self._leases.renew()
        self._exchange.keep_only(held)
        fresh = sorted(held - before)
        if fresh:
            await connection.subscribe(*(topics.up_filter(shard) for shard in fresh))
            devices = await self._presence.list_device_ids()
            await self._exchange.resume([device for device in devices if _shard(device) in fresh])

    async def _feed(self) -> None:
        """Send changes down as soon as they are told of, and look every second anyway."""
        while True:
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await self._changed()
                await self._exchange.pump_all()
            except AGAIN as error:
                log.warning("changes wait for the database", detail=str(error))
                await asyncio.sleep(TICK_S)

    async def _leave(self) -> None:
        with contextlib.suppress(*LOST):
            async with asyncio.timeout(3):
                await self._leases.leave()


def hub_state_payload(hub_id: str, hub_epoch: int, now_ms: int) -> bytes:
    """What the retained hub state says."""
    return orjson.dumps({"state": "online", "hub_id": hub_id, "hub_epoch": hub_epoch, "at": now_ms})


def _shard(device: UUID) -> int:
    return topics.shard_of(str(device))
