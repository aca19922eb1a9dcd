"""The link's wire over MQTT: this box's topics on one connection, presence and telemetry.

Presence is retained; the last will says offline with the same nonce, so a will that comes
late, from a connection before this one, can be told from news.
"""

import contextlib
import secrets
from collections.abc import AsyncGenerator

import orjson

from edge_agent.errors import LinkLost
from sync_protocol import topics
from sync_protocol.errors import Lost, TooLarge, Unavailable
from sync_protocol.transport.mqtt import BrokerAddress, Connection

UPLINK_EXPIRY_S = 60
"""What nobody took for a minute has been sent again, or is sent again by the next session."""


class BrokerDial:
    """Opens one connection after another for this box."""

    def __init__(self, address: BrokerAddress, *, device_id: str, instance: str, version: str) -> None:
        self._address = address
        self._device_id, self._instance, self._version = device_id, instance, version

    async def __call__(self, origin_id: str) -> "BrokerWire":
        """Connect and subscribe. Raises LinkLost."""
        nonce = secrets.token_hex(8)
        try:
            connection = await Connection.open(
                self._address,
                client_id=f"{self._device_id}-{self._instance}",
                will=(topics.presence(self._device_id), self._presence("offline", nonce)),
            )
        except Unavailable as error:
            raise LinkLost(f"broker: {error.detail}") from error
        wire = BrokerWire(connection, self._device_id, origin_id, self._presence("offline", nonce))
        try:
            await connection.subscribe(topics.down(self._device_id, origin_id))
            connection.publish(topics.presence(self._device_id), self._presence("online", nonce), retain=True)
        except (Unavailable, Lost) as error:
            await wire.close()
            raise LinkLost(f"broker: {error.detail}") from error
        return wire

    def _presence(self, state: str, nonce: str) -> bytes:
        return orjson.dumps({"state": state, "session": nonce, "version": self._version})


class BrokerWire:
    """One connection, bound to one origin."""

    def __init__(self, connection: Connection, device_id: str, origin_id: str, offline: bytes) -> None:
        self._connection = connection
        self._device_id = device_id
        self._up, self._down = topics.up(device_id, origin_id), topics.down(device_id, origin_id)
        self._offline = offline

    @property
    def can_publish(self) -> bool:
        return self._connection.can_publish

    def publish(self, payload: bytes) -> None:
        """On the origin's up topic. Raises LinkLost."""
        try:
            self._connection.publish(self._up, payload, expiry_s=UPLINK_EXPIRY_S)
        except (Unavailable, Lost, TooLarge) as error:
            raise LinkLost(f"broker: {error.detail}") from error

    def tell(self, gauges: bytes) -> None:
        """Telemetry: nobody misses one."""
        if self._connection.can_publish:
            self._connection.publish(topics.telemetry(self._device_id), gauges, expiry_s=UPLINK_EXPIRY_S)

    async def received(self) -> AsyncGenerator[bytes, None]:
        """Payloads of the origin's down topic. Ends by raising LinkLost."""
        try:
            async for topic, payload in self._connection.messages():
                if topic == self._down:
                    yield payload
        except Lost as error:
            raise LinkLost(f"broker: {error.detail}") from error

    async def close(self) -> None:
        """Say offline and leave, so that the will is not needed."""
        if not self._connection.is_lost:
            with contextlib.suppress(Unavailable, Lost):
                self._connection.publish(topics.presence(self._device_id), self._offline, retain=True)
        await self._connection.close()
