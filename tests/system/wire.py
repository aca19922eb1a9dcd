"""Somebody on the broker who hears what a store publishes, and can publish it again."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from deploy.local.stack import Stack, Store
from sync_protocol import topics
from sync_protocol.transport.mqtt import BrokerAddress, Connection


class Heard:
    """The payloads of one store's up topic, in the order they came."""

    def __init__(self, connection: Connection, topic: str) -> None:
        self._connection, self._topic = connection, topic
        self.payloads: list[bytes] = []

    async def listen(self) -> None:
        async for topic, payload in self._connection.messages():
            if topic == self._topic:
                self.payloads.append(payload)

    async def settle(self, quiet_s: float = 0.5) -> None:
        """Until nothing new was heard for a while."""
        seen = -1
        while seen != len(self.payloads):
            seen = len(self.payloads)
            await asyncio.sleep(quiet_s)

    async def publish(self, payloads: list[bytes]) -> None:
        """Say all of this in the store's name."""
        for payload in payloads:
            await self._connection.publish_confirmed(self._topic, payload)


@asynccontextmanager
async def eavesdropping(stack: Stack, store: Store) -> AsyncIterator[Heard]:
    """Hear one store; the broker of a demo trusts everybody who knows its password."""
    address = BrokerAddress(
        host="127.0.0.1", port=stack.broker.port, tls=False, username="hub", password=stack.password,
        ca_file=None, cert_file=None, key_file=None,
    )  # fmt: skip
    sync = store.sync()
    topic = topics.up(sync["device_id"], sync["origin_id"])
    connection = await Connection.open(address, client_id=f"eavesdropper-{secrets.token_hex(4)}", will=None)
    heard = Heard(connection, topic)
    await connection.subscribe(topic)
    listening = asyncio.create_task(heard.listen())
    try:
        yield heard
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await connection.close()
