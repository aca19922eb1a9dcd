"""A Connection on real brokers: order, will, take-over, backpressure, TLS, loss of the broker."""

import asyncio
import ssl
from pathlib import Path

import pytest

from deploy.local.broker import Broker
from sync_protocol.errors import Lost, Unavailable
from sync_protocol.limits import BATCH_BYTES_MAX
from sync_protocol.transport import mqtt
from sync_protocol.transport.mqtt import BrokerAddress, Connection
from tests.integration.transport.certificates import make_certificates
from tests.integration.transport.scripted import PUBACK, ScriptedBroker


def address(broker: Broker) -> BrokerAddress:
    return BrokerAddress(host=broker.host, port=broker.port, username="box", password="demo")


async def collect(connection: Connection, count: int) -> list[bytes]:
    got = []
    async with asyncio.timeout(30):
        async for _, payload in connection.messages():
            got.append(payload)
            if len(got) == count:
                break
    return got


async def test_what_is_published_arrives_in_order(broker: Broker) -> None:
    hub = await Connection.open(address(broker), client_id="hub")
    await hub.subscribe("backstock/v1/up/0/+/+")
    store = await Connection.open(address(broker), client_id="store")
    payloads = [b"%d" % number for number in range(3_000)]
    for payload in payloads:
        store.publish("backstock/v1/up/0/d/o", payload)
    assert await collect(hub, len(payloads)) == payloads
    await store.close()
    await hub.close()


async def test_a_batch_of_the_largest_size_passes(broker: Broker) -> None:
    hub = await Connection.open(address(broker), client_id="hub")
    await hub.subscribe("t")
    await hub.publish_confirmed("t", bytes(BATCH_BYTES_MAX))
    assert await collect(hub, 1) == [bytes(BATCH_BYTES_MAX)]
    await hub.close()


async def test_the_will_is_published_when_the_box_dies_and_not_when_it_leaves(broker: Broker) -> None:
    hub = await Connection.open(address(broker), client_id="hub")
    await hub.subscribe("presence/+")
    leaving = await Connection.open(address(broker), client_id="a", will=("presence/a", b"died"))
    await leaving.close()
    dying = await Connection.open(address(broker), client_id="b", will=("presence/b", b"died"))
    dying._client.socket().close()  # type: ignore[union-attr]
    async with asyncio.timeout(30):
        async for topic, payload in hub.messages():
            assert (topic, payload) == ("presence/b", b"died")
            break
    await dying.close()
    await hub.close()


async def test_a_second_client_with_one_id_ends_the_first(broker: Broker) -> None:
    first = await Connection.open(address(broker), client_id="one")
    second = await Connection.open(address(broker), client_id="one")
    async with asyncio.timeout(10):
        await first.wait_lost()
    await second.publish_confirmed("t", b"x")
    await second.close()


async def test_a_slow_reader_holds_back_the_broker_and_loses_nothing(
    mosquitto: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "INBOX_MAX", 50)
    hub = await Connection.open(address(mosquitto), client_id="hub")
    await hub.subscribe("t")
    store = await Connection.open(address(mosquitto), client_id="store")
    payloads = [b"%d" % number for number in range(500)]
    for payload in payloads[:-1]:
        store.publish("t", payload)
    await store.publish_confirmed("t", payloads[-1])
    assert len(hub._inbox) < 200
    assert await collect(hub, len(payloads)) == payloads
    await store.close()
    await hub.close()


async def test_no_broker_and_no_such_host_are_told_apart() -> None:
    for host, port, code in (("127.0.0.1", 1, "unreachable"), ("no-such-host.invalid", 1883, "unknown_host")):
        with pytest.raises(Unavailable) as refused:
            await Connection.open(BrokerAddress(host=host, port=port), client_id="x")
        assert refused.value.code == code


async def test_a_killed_broker_is_noticed_and_the_restarted_one_is_used_by_a_new_connection(broker: Broker) -> None:
    connection = await Connection.open(address(broker), client_id="x")
    broker.kill()
    async with asyncio.timeout(10):
        await connection.wait_lost()
    with pytest.raises(Lost):
        await connection.subscribe("t")
    broker.start()
    fresh = await Connection.open(address(broker), client_id="x")
    await fresh.publish_confirmed("t", b"x")
    await fresh.close()


async def test_tls_hands_over_every_message_of_one_record(tmp_path: Path) -> None:
    """TLS decrypts many packets at once and no selector tells of those that wait inside."""
    ca, certificate, key = make_certificates(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    async with ScriptedBroker(tls=server) as scripted:
        connection = await Connection.open(
            BrokerAddress(host="127.0.0.1", port=scripted.port, tls=True, ca_file=ca), client_id="x"
        )
        payloads = [b"%d" % number for number in range(300)]
        scripted.deliver("t", payloads)
        async with asyncio.timeout(5):  # not by the next ping's answer
            assert await collect(connection, 300) == payloads
        await scripted.seen(PUBACK, 300)
        await connection.publish_confirmed("t", bytes(200_000))
        await connection.close()


async def test_tls_with_a_certificate_of_a_stranger_is_refused(tmp_path: Path) -> None:
    _, certificate, key = make_certificates(tmp_path)
    other, _, _ = make_certificates(tmp_path / "other")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    async with ScriptedBroker(tls=server) as scripted:
        with pytest.raises(Unavailable) as refused:
            await Connection.open(
                BrokerAddress(host="127.0.0.1", port=scripted.port, tls=True, ca_file=other), client_id="x"
            )
    assert refused.value.code == "bad_server_certificate"


async def test_certificates_that_cannot_be_read_are_a_plain_refusal(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        await Connection.open(
            BrokerAddress(host="127.0.0.1", port=1, tls=True, ca_file=tmp_path / "none"), client_id="x"
        )
    assert refused.value.code == "credentials"
