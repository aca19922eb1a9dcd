"""The measured faults of the client library, each as a test that our Connection does not have it.

The numbers are those of sync_protocol/SPEC.md, "Transport". Each test talks over a real
socket to a broker that does what brokers do on bad days.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sync_protocol.errors import Lost, TooLarge, Unavailable
from sync_protocol.transport import mqtt, window
from sync_protocol.transport.mqtt import BrokerAddress, Connection
from tests.integration.transport.scripted import CONNECT, DISCONNECT, PUBACK, PUBLISH, ScriptedBroker


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedBroker]:
    async with ScriptedBroker() as broker:
        yield broker


async def connect(broker: ScriptedBroker, **settings: int) -> Connection:
    address = BrokerAddress(host="127.0.0.1", port=broker.port)
    return await Connection.open(address, client_id="box", **settings)


async def first_messages(connection: Connection, count: int) -> list[bytes]:
    got = []
    async with asyncio.timeout(10):
        async for _, payload in connection.messages():
            got.append(payload)
            if len(got) == count:
                break
    return got


async def test_1_a_new_connection_repeats_nothing_of_the_one_before(scripted: ScriptedBroker) -> None:
    scripted.puback_reason = None
    old = await connect(scripted, window=5)
    for number in range(50):
        old.publish("t", b"%d" % number)
    await scripted.seen(PUBLISH, 5)
    scripted.hang_up()
    await old.wait_lost()
    new = await connect(scripted)
    new.publish("t", b"fresh")
    await scripted.seen(PUBLISH, 6)
    assert len(scripted.of(PUBLISH, connection=1)) == 5
    (only,) = scripted.of(PUBLISH, connection=2)
    assert only.body.endswith(b"fresh")
    assert not only.flags & 0x8, "a DUP of what an older connection sent"
    await new.close()


async def test_2_a_brokers_receive_maximum_is_never_exceeded(scripted: ScriptedBroker) -> None:
    scripted.receive_maximum, scripted.puback_reason = 3, None
    connection = await connect(scripted, window=32)
    for number in range(20):
        connection.publish("t", b"%d" % number)
    sent = await scripted.seen(PUBLISH, 3)
    assert not connection.can_publish
    for acknowledged in range(17):
        assert len(scripted.of(PUBLISH)) == 3 + acknowledged
        scripted.acknowledge(sent[acknowledged])
        sent = await scripted.seen(PUBLISH, 4 + acknowledged)
    assert [packet.body.rpartition(b"\0")[2] for packet in sent] == [b"%d" % number for number in range(20)]
    await connection.close()


async def test_3_a_negative_puback_is_a_refusal(scripted: ScriptedBroker) -> None:
    scripted.puback_reason = 0x97
    connection = await connect(scripted)
    with pytest.raises(Unavailable) as refused:
        await connection.publish_confirmed("t", b"x")
    assert refused.value.code == "quota_exceeded"
    assert connection.last_refusal is not None
    assert connection.last_refusal.startswith("Quota exceeded (0x97): ")
    assert not connection.is_lost
    await connection.close()


async def test_4_what_cannot_wait_is_refused_aloud_and_nothing_is_dropped(
    scripted: ScriptedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "WAITING_MAX", 100)
    scripted.puback_reason = None
    connection = await connect(scripted, window=5)
    for number in range(105):
        connection.publish("t", b"%d" % number)
    with pytest.raises(Unavailable, match="congested"):
        connection.publish("t", b"too many")
    scripted.puback_reason = 0
    for packet in await scripted.seen(PUBLISH, 5):
        scripted.acknowledge(packet)
    assert len(await scripted.seen(PUBLISH, 105)) == 105
    await connection.close()


async def test_5_every_connection_starts_clean_and_leaves_no_session(scripted: ScriptedBroker) -> None:
    for _ in range(2):
        await (await connect(scripted)).close()
    session_expiry_of_zero = b"\x11\x00\x00\x00\x00"
    for packet in await scripted.seen(CONNECT, 2):
        assert packet.body[7] & 0x02, "clean start"
        assert session_expiry_of_zero in packet.body


@pytest.mark.parametrize(
    "garbage", [b"\x00\x00", b"\xf0\x00", b"\x30\xff\xff\xff\xff\xff", b"\x40\x01\x00", b"\x32\x02\x00\x09"]
)
async def test_6_an_exception_inside_the_client_ends_the_connection(scripted: ScriptedBroker, garbage: bytes) -> None:
    connection = await connect(scripted, keepalive_s=1)
    scripted.send(garbage)
    async with asyncio.timeout(10):
        await connection.wait_lost()
    with pytest.raises(Lost):
        connection.publish("t", b"x")
    with pytest.raises(Lost):
        await anext(connection.messages())


async def test_7_a_message_is_acknowledged_on_the_connection_it_came_by(scripted: ScriptedBroker) -> None:
    old = await connect(scripted)
    scripted.deliver("t", [b"one"])
    await scripted.seen(PUBACK)
    scripted.hang_up()
    await old.wait_lost()
    assert await first_messages(old, 1) == [b"one"], "what had arrived is still handed over"
    new = await connect(scripted)
    await new.publish_confirmed("t", b"x")
    assert scripted.of(PUBACK, connection=2) == []
    await new.close()


async def test_8_closing_with_unacknowledged_messages_does_not_hang(scripted: ScriptedBroker) -> None:
    scripted.puback_reason = None
    connection = await connect(scripted)
    connection.publish("t", b"x")
    waiting = asyncio.create_task(connection.publish_confirmed("t", b"y"))
    await scripted.seen(PUBLISH, 2)
    async with asyncio.timeout(3):
        await connection.close()
        with pytest.raises(Lost):
            await waiting
    await scripted.seen(DISCONNECT)


async def test_9_the_client_never_reconnects_by_itself(scripted: ScriptedBroker) -> None:
    for number in range(1, 4):
        connection = await connect(scripted)
        scripted.hang_up()
        await connection.wait_lost()
        assert scripted.connections == number


async def test_a_half_open_link_is_noticed_by_its_silence(scripted: ScriptedBroker) -> None:
    connection = await connect(scripted, keepalive_s=1)
    scripted.answers_pings = False
    scripted.puback_reason = None
    async with asyncio.timeout(6):
        lost = await connection.wait_lost()
    assert lost.code in ("silent", "keep_alive_timeout")


async def test_steady_sending_does_not_hide_a_half_open_link(scripted: ScriptedBroker) -> None:
    connection = await connect(scripted, keepalive_s=1, window=1_000)
    scripted.answers_pings, scripted.puback_reason = False, None

    async def chatter() -> None:
        while True:
            connection.publish("t", b"x")
            await asyncio.sleep(0.1)

    async with asyncio.timeout(6):
        with pytest.raises(Lost):
            await chatter()


async def test_a_quiet_link_that_answers_pings_stays(scripted: ScriptedBroker) -> None:
    connection = await connect(scripted, keepalive_s=1)
    await scripted.seen(12, 2)
    assert not connection.is_lost
    await connection.close()


@pytest.mark.parametrize(
    ("reason", "code"),
    [(0x86, "bad_user_name_or_password"), (0x87, "not_authorized"), (0x9F, "connection_rate_exceeded")],
)
async def test_a_refused_connection_says_why(scripted: ScriptedBroker, reason: int, code: str) -> None:
    scripted.connect_reason = reason
    with pytest.raises(Unavailable) as refused:
        await connect(scripted)
    assert refused.value.code == code
    assert f"(0x{reason:X}): " in refused.value.detail, "the reason's number and what to do about it"


async def test_a_refused_subscription_says_why(scripted: ScriptedBroker) -> None:
    scripted.suback_reason = 0x87
    connection = await connect(scripted)
    with pytest.raises(Unavailable, match="not_authorized"):
        await connection.subscribe("t/#")
    await connection.close()


async def test_a_disconnect_from_the_broker_keeps_its_reason(scripted: ScriptedBroker) -> None:
    connection = await connect(scripted)
    scripted.send(b"\xe0\x02\x8e\x00")
    lost = await connection.wait_lost()
    assert lost.code == "session_taken_over"
    assert lost.detail.startswith("the broker hung up: Session taken over (0x8E): ")


async def test_a_disconnect_that_says_more_is_quoted(scripted: ScriptedBroker) -> None:
    connection = await connect(scripted)
    text = b"use a later client"
    properties = b"\x1f" + len(text).to_bytes(2, "big") + text
    body = bytes([0x83, len(properties)]) + properties
    scripted.send(bytes([0xE0, len(body)]) + body)
    lost = await connection.wait_lost()
    assert lost.detail == 'the broker hung up: Implementation specific error (0x83), "use a later client"'


async def test_a_connection_that_just_breaks_is_not_called_an_unspecified_error(scripted: ScriptedBroker) -> None:
    connection = await connect(scripted)
    scripted.hang_up()
    lost = await connection.wait_lost()
    assert lost.code == "connection_lost"
    assert "without a word" in lost.detail
    assert "Unspecified" not in lost.detail


async def test_a_packet_that_the_broker_would_not_take_is_refused_before_it_is_sent(scripted: ScriptedBroker) -> None:
    connection = await connect(scripted)
    with pytest.raises(TooLarge):
        connection.publish("t", bytes(mqtt.PACKET_BYTES_MAX))
    await connection.close()


async def test_giving_up_while_connecting_leaves_no_socket_behind() -> None:
    hung_up = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        hung_up.set()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await Connection.open(BrokerAddress(host="127.0.0.1", port=port), client_id="box")
        async with asyncio.timeout(5):
            await hung_up.wait()
