"""One MQTT 5 connection on the event loop: the only I/O of the protocol.

paho-mqtt is used as a stateless pipe. It is measured to lose, repeat and hang in nine ways
(SPEC.md, "Transport"), so each Connection has its own Client that is never used again, a
window of its own that no broker's Receive Maximum is exceeded by, callbacks that only hand
bytes on, and a watchdog on received traffic. Invariant: after `Lost` nothing of this
connection happens any more; what was on its way is unknown and the protocol repeats it.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from sync_protocol.errors import Lost, TooLarge, Unavailable
from sync_protocol.limits import BATCH_BYTES_MAX
from sync_protocol.transport.address import BrokerAddress as BrokerAddress
from sync_protocol.transport.address import failure_code
from sync_protocol.transport.paho_client import CONNECT_TIMEOUT_S, hang_up, make_client, properties_of
from sync_protocol.transport.pump import SocketPump
from sync_protocol.transport.reasons import CLOSED, in_words, slug
from sync_protocol.transport.window import Outgoing, Window, fail

PACKET_BYTES_MAX = BATCH_BYTES_MAX + 4_096
"""A batch with its topic and properties."""

INBOX_MAX = 1_000
"""Messages that may wait to be read before this end stops reading its socket."""

ANSWER_TIMEOUT_S = 10.0


class Connection:
    """One connection to the broker, from CONNACK until it is Lost or closed."""

    def __init__(self, address: BrokerAddress, client: paho.Client, *, keepalive_s: float, window: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._address = address
        self._client = client
        self._pump: SocketPump | None = None
        self._keepalive_s = keepalive_s
        self._window = Window(window)
        self._packet_bytes_max = PACKET_BYTES_MAX
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._over: asyncio.Future[Lost] = self._loop.create_future()
        self._subscribing: dict[int, asyncio.Future[None]] = {}
        self._inbox: deque[tuple[str, bytes]] = deque()
        self._arrived = asyncio.Event()
        self._watchdog: asyncio.Task[None] | None = None
        self.last_refusal: str | None = None
        """The last negative PUBACK: advisory, only the hub's own Ack is an acknowledgement."""

    @classmethod
    async def open(
        cls,
        address: BrokerAddress,
        *,
        client_id: str,
        will: tuple[str, bytes] | None = None,
        keepalive_s: int = 20,
        receive_maximum: int = 64,
        window: int = 32,
    ) -> "Connection":
        """Connect and wait for the CONNACK. Raises Unavailable."""
        client = make_client(address, client_id, will)
        self = cls(address, client, keepalive_s=keepalive_s, window=window)
        try:
            await self._dial(receive_maximum)
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._connected
        except TimeoutError as error:
            self._lose("no_answer", "no CONNACK from the broker")
            raise Unavailable("no_answer", "no CONNACK from the broker") from error
        except BaseException:
            self._lose("cancelled", "given up while connecting")
            raise
        self._watchdog = asyncio.create_task(self._watch())
        return self

    @property
    def can_publish(self) -> bool:
        """Connected, and the window has room: `publish` goes out at once."""
        return not self._over.done() and self._window.has_room

    @property
    def is_lost(self) -> bool:
        return self._over.done()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> None:
        """Send at QoS 1 when the window has room. Raises Lost, Unavailable (`congested`) or TooLarge."""
        self._send(topic, payload, retain, expiry_s, None)

    async def publish_confirmed(
        self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None
    ) -> None:
        """Send and wait until the broker took it. Raises Unavailable when it refuses."""
        confirmed: asyncio.Future[None] = self._loop.create_future()
        self._send(topic, payload, retain, expiry_s, confirmed)
        await self._answer(confirmed, "no PUBACK from the broker")

    async def subscribe(self, *filters: str) -> None:
        """Subscribe at QoS 1 and wait for the SUBACK. Raises Unavailable or Lost."""
        self._check_open()
        granted: asyncio.Future[None] = self._loop.create_future()
        code, mid = self._client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in filters])
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise self._lose("subscribe", f"could not subscribe: {code!r}")
        self._subscribing[mid] = granted
        await self._answer(granted, "no SUBACK from the broker")

    async def messages(self) -> AsyncIterator[tuple[str, bytes]]:
        """Topic and payload of all that arrives, in order; ends by raising Lost."""
        while True:
            while self._inbox:
                yield self._inbox.popleft()
                if self._pump is not None and not self._pump.is_reading and len(self._inbox) < INBOX_MAX // 2:
                    self._pump.read_on()
            self._check_open()
            self._arrived.clear()
            await self._arrived.wait()

    async def wait_lost(self) -> Lost:
        """Wait until the connection is over and say why."""
        return await asyncio.shield(self._over)

    async def close(self) -> None:
        """Say goodbye to the broker, so that it does not publish the will; never hangs."""
        if not self._over.done():
            self._client.disconnect()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.wait_lost()
            self._lose("closed", "closed by this end")
        if self._watchdog is not None and self._watchdog is not asyncio.current_task():
            self._watchdog.cancel()
            # `wait`, since awaiting the task itself would hide a cancellation of the caller.
            await asyncio.wait([self._watchdog])

    # --- connecting -------------------------------------------------------------------

    async def _dial(self, receive_maximum: int) -> None:
        properties = properties_of(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0
        properties.ReceiveMaximum = receive_maximum
        properties.MaximumPacketSize = PACKET_BYTES_MAX
        connect = partial(
            self._client.connect,
            self._address.host,
            self._address.port,
            max(1, int(self._keepalive_s)),
            clean_start=True,
            properties=properties,
        )
        dialling = self._loop.run_in_executor(None, connect)
        try:
            await asyncio.shield(dialling)
        except asyncio.CancelledError:
            dialling.add_done_callback(lambda _: hang_up(self._client))
            raise
        except (OSError, ValueError) as error:
            raise Unavailable(failure_code(error), f"{self._address.host}:{self._address.port}: {error}") from error
        self._attach()

    def _attach(self) -> None:
        """From here on paho lives on the loop; before it had nothing to do but to send CONNECT."""
        client, sock = self._client, self._client.socket()
        if not isinstance(sock, socket.socket):
            raise Unavailable("closed", "the broker hung up")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pump = pump = SocketPump(
            self._loop, sock,
            read=partial(self._guarded, client.loop_read), write=partial(self._guarded, client.loop_write),
        )  # fmt: skip
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_socket_close = lambda *_: pump.stop()
        client.on_socket_register_write = lambda *_: pump.write_on()
        client.on_socket_unregister_write = lambda *_: pump.write_off()
        pump.read_on()
        if client.want_write():
            pump.write_on()

    # --- guarding ---------------------------------------------------------------------

    def _guarded(self, step: Callable[[], object]) -> None:
        """An exception out of paho ends the connection: it must not live on half-dead."""
        try:
            step()
        except Exception as error:  # noqa: BLE001
            self._lose("client_error", f"{type(error).__name__}: {error}")

    async def _watch(self) -> None:
        """Ping, and notice a link that is up but silent; a reader of ours that is slow is no silence."""
        while not self._over.done():
            await asyncio.sleep(min(1.0, self._keepalive_s / 8))
            if self._over.done() or self._pump is None or not self._pump.is_reading:
                continue
            self._guarded(self._client.loop_misc)
            if self._loop.time() - self._pump.last_received > 1.5 * self._keepalive_s:
                self._lose("silent", f"nothing received for {1.5 * self._keepalive_s:g} s")

    # --- sending ----------------------------------------------------------------------

    def _send(
        self, topic: str, payload: bytes, retain: bool, expiry_s: int | None, confirmed: asyncio.Future[None] | None
    ) -> None:
        self._check_open()
        if len(payload) + len(topic) + 64 > self._packet_bytes_max:
            raise TooLarge(f"packet: expected at most {self._packet_bytes_max} bytes, got {len(payload)}")
        self._window.put(Outgoing(topic, payload, retain, expiry_s, confirmed))
        self._flush()

    def _flush(self) -> None:
        while not self._over.done() and (out := self._window.take()) is not None:
            properties = properties_of(PacketTypes.PUBLISH)
            if out.expiry_s is not None:
                properties.MessageExpiryInterval = out.expiry_s
            info = self._client.publish(out.topic, out.payload, 1, out.retain, properties)
            if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise self._lose("publish", f"could not publish: {info.rc!r}")
            self._window.sent(info.mid, out)

    def _check_open(self) -> None:
        if self._over.done():
            raise self._over.result()

    async def _answer(self, future: asyncio.Future[None], detail: str) -> None:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await future
        except TimeoutError as error:
            raise self._lose("no_answer", detail) from error

    def _lose(self, code: str, detail: str) -> Lost:
        """The connection is over; everyone who waits for it is told. The first reason stays."""
        if self._over.done():
            return self._over.result()
        lost = Lost(code, detail)
        self._over.set_result(lost)
        if self._pump is not None:
            self._pump.stop()
        hang_up(self._client)
        fail(self._connected, Unavailable(code, detail))
        for granted in self._subscribing.values():
            fail(granted, lost)
        self._window.lose(lost)
        self._arrived.set()
        return lost

    # --- what paho calls ----------------------------------------------------------------

    def _on_connect(
        self, _c: object, _u: object, _f: object, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._lose(slug(reason), f"the broker refused: {in_words(reason, properties)}")
            return
        self._window.narrow(getattr(properties, "ReceiveMaximum", 65_535))
        self._packet_bytes_max = min(PACKET_BYTES_MAX, getattr(properties, "MaximumPacketSize", PACKET_BYTES_MAX))
        if not self._connected.done():
            self._connected.set_result(None)

    def _on_disconnect(
        self, _c: object, _u: object, flags: paho.DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._lose(slug(reason), f"the broker hung up: {in_words(reason, properties)}")
        else:
            self._lose("connection_lost", CLOSED)

    def _on_message(self, _c: object, _u: object, message: paho.MQTTMessage) -> None:
        self._inbox.append((message.topic, bytes(message.payload)))
        self._arrived.set()
        if len(self._inbox) >= INBOX_MAX and self._pump is not None:
            self._pump.read_off()

    def _on_publish(self, _c: object, _u: object, mid: int, reason: ReasonCode, properties: Properties | None) -> None:
        refusal = None
        if reason.is_failure:
            self.last_refusal = in_words(reason, properties)
            refusal = Unavailable(slug(reason), f"the broker refused a message: {self.last_refusal}")
        self._window.acked(mid, refusal)
        self._loop.call_soon(self._guarded, self._flush)

    def _on_subscribe(
        self, _c: object, _u: object, mid: int, reasons: list[ReasonCode], properties: Properties | None
    ) -> None:
        granted = self._subscribing.pop(mid, None)
        if granted is None or granted.done():
            return
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:
            detail = f"the broker refused a topic: {in_words(refused[0], properties)}"
            granted.set_exception(Unavailable(slug(refused[0]), detail))
        else:
            granted.set_result(None)
