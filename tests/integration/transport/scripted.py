"""A broker that misbehaves on purpose, on a real socket: what real ones do only on bad days.

It reads MQTT 5 packets, keeps them, and answers as its fields say. It has no queues, no
sessions and no subscriptions; `send` and `deliver` put bytes on the wire of the newest
connection.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from typing import Self

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 4, 8, 12, 14


@dataclass(frozen=True)
class Packet:
    """One packet as it came: which connection it came by, its type, flags and body."""

    connection: int
    type: int
    flags: int
    body: bytes


@dataclass
class ScriptedBroker:
    """What it answers is settled by the fields; change them while it runs."""

    receive_maximum: int | None = None
    connect_reason: int = 0
    puback_reason: int | None = 0
    """None: a PUBACK never comes."""
    suback_reason: int = 1
    answers_pings: bool = True
    tls: ssl.SSLContext | None = None
    packets: list[Packet] = field(default_factory=list)
    connections: int = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self._changed = asyncio.Condition()
        self._writers: list[asyncio.StreamWriter] = []
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def of(self, kind: int, connection: int | None = None) -> list[Packet]:
        """The packets of a type, by one connection or all."""
        return [p for p in self.packets if p.type == kind and connection in (None, p.connection)]

    async def seen(self, kind: int, count: int = 1) -> list[Packet]:
        """Wait until so many packets of a type have come."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    def send(self, data: bytes) -> None:
        self._writers[-1].write(data)

    def deliver(self, topic: str, payloads: list[bytes]) -> None:
        """Messages at QoS 1, all in one write."""
        self.send(b"".join(_publish(topic, number + 1, payload) for number, payload in enumerate(payloads)))

    def acknowledge(self, sent: Packet, reason: int = 0) -> None:
        """The PUBACK of one PUBLISH."""
        length = int.from_bytes(sent.body[:2], "big")
        self.send(_packet(0x40, sent.body[2 + length : 4 + length] + bytes([reason])))

    def hang_up(self) -> None:
        self._writers[-1].transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self._writers.append(writer)
        try:
            while True:
                first = (await reader.readexactly(1))[0]
                packet = Packet(number, first >> 4, first & 0xF, await reader.readexactly(await _length(reader)))
                async with self._changed:
                    self.packets.append(packet)
                    self._changed.notify_all()
                self._answer(packet)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    def _answer(self, packet: Packet) -> None:
        if packet.type == CONNECT:
            properties = b"" if self.receive_maximum is None else b"\x21" + self.receive_maximum.to_bytes(2, "big")
            self.send(_packet(0x20, bytes([0, self.connect_reason, len(properties)]) + properties))
        elif packet.type == PUBLISH and self.puback_reason is not None:
            self.acknowledge(packet, self.puback_reason)
        elif packet.type == SUBSCRIBE:
            self.send(_packet(0x90, packet.body[:2] + bytes([0, self.suback_reason])))
        elif packet.type == PINGREQ and self.answers_pings:
            self.send(b"\xd0\x00")


def _packet(first: int, body: bytes) -> bytes:
    length, encoded = len(body), bytearray()
    while True:
        length, low = divmod(length, 128)
        encoded.append(low | (0x80 if length else 0))
        if not length:
            return bytes([first]) + encoded + body


def _publish(topic: str, mid: int, payload: bytes) -> bytes:
    name = topic.encode()
    return _packet(0x32, len(name).to_bytes(2, "big") + name + mid.to_bytes(2, "big") + b"\x00" + payload)


async def _length(reader: asyncio.StreamReader) -> int:
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return length
