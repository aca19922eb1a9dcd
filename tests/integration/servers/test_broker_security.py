"""The production broker settings, on a real mosquitto: certificates, ACL, session theft, revocation (RS-S)."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from secrets import randbits

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cloud_hub.domain.certificates import Authority, Revoked, issue_client, issue_server, make_authority, make_crl
from deploy.local.broker import Broker, mosquitto_program, start_broker
from deploy.local.broker_settings import Certificates
from sync_protocol import topics
from sync_protocol.errors import Lost, Unavailable
from sync_protocol.transport.mqtt import BrokerAddress, Connection

BOX = "01920000-0000-7000-8000-000000000001"
OTHER = "01920000-0000-7000-8000-000000000002"
ORIGIN = "01920000-0000-7000-8000-00000000000a"


class Chain:
    """A CA, its broker, and certificates on demand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime.now(UTC)
        self.authority: Authority = make_authority(
            ec.generate_private_key(ec.SECP256R1()), "test", randbits(60), self.now
        )
        self.serials: dict[str, int] = {}
        (folder / "ca.crt").write_bytes(self.authority.certificate.public_bytes(Encoding.PEM))
        self.issue("broker", server=True)
        self.revoke()
        self.broker: Broker = start_broker(folder / "broker", password="", certificates=self.files())

    def files(self) -> Certificates:
        return Certificates(
            ca=self.folder / "ca.crt", certificate=self.folder / "broker.crt", key=self.folder / "broker.key",
            crl=self.folder / "revoked.crl",
        )  # fmt: skip

    def issue(self, name: str, *, server: bool = False) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        serial = self.serials[name] = randbits(60)
        hosts = ["localhost", "127.0.0.1"]
        certificate = (
            issue_server(self.authority, key.public_key(), hosts, serial, self.now)
            if server
            else issue_client(self.authority, key.public_key(), name, serial, self.now)
        )
        (self.folder / f"{name}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
        (self.folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def revoke(self, *names: str) -> None:
        revoked = [Revoked(self.serials[name], self.now) for name in names]
        (self.folder / "revoked.crl").write_bytes(make_crl(self.authority, revoked, len(names) + 1, self.now))

    async def connect(self, name: str, client_id: str | None = None) -> Connection:
        address = BrokerAddress(
            host="127.0.0.1", port=self.broker.port, tls=True, ca_file=self.folder / "ca.crt",
            cert_file=self.folder / f"{name}.crt", key_file=self.folder / f"{name}.key",
        )  # fmt: skip
        return await Connection.open(address, client_id=client_id or name)


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    if mosquitto_program() is None:
        pytest.skip("mosquitto is missing: apt install mosquitto")
    made = Chain(tmp_path)
    for name in ("hub", BOX, OTHER):
        made.issue(name)
    yield made
    made.broker.stop()


async def first(connection: Connection, within_s: float = 5.0) -> tuple[str, bytes]:
    async with asyncio.timeout(within_s):
        async for message in connection.messages():
            return message
    raise AssertionError("the connection ended")


async def test_a_box_speaks_on_its_own_topics_and_the_hub_answers(chain: Chain) -> None:
    hub, box = await chain.connect("hub"), await chain.connect(BOX)
    await hub.subscribe(topics.up_filter(topics.shard_of(BOX)))
    await box.subscribe(topics.down(BOX, ORIGIN))

    await box.publish_confirmed(topics.up(BOX, ORIGIN), b"hello")
    assert await first(hub) == (topics.up(BOX, ORIGIN), b"hello")
    await hub.publish_confirmed(topics.down(BOX, ORIGIN), b"welcome")
    assert await first(box) == (topics.down(BOX, ORIGIN), b"welcome")


async def test_nobody_comes_in_without_a_certificate_of_the_chain(chain: Chain, tmp_path: Path) -> None:
    plain = BrokerAddress(host="127.0.0.1", port=chain.broker.port)
    nameless = BrokerAddress(host="127.0.0.1", port=chain.broker.port, tls=True, ca_file=chain.folder / "ca.crt")
    for address in (plain, nameless):
        with pytest.raises((Unavailable, Lost)):
            await Connection.open(address, client_id="stranger")


async def test_a_box_cannot_write_another_boxs_topic(chain: Chain) -> None:
    hub, box = await chain.connect("hub"), await chain.connect(BOX)
    await hub.subscribe(topics.up_filter(topics.shard_of(OTHER)), topics.up_filter(topics.shard_of(BOX)))

    with pytest.raises((Unavailable, Lost)):
        await box.publish_confirmed(topics.up(OTHER, ORIGIN), b"forged")
    honest = await chain.connect(OTHER)
    await honest.publish_confirmed(topics.up(OTHER, ORIGIN), b"honest")
    assert await first(hub) == (topics.up(OTHER, ORIGIN), b"honest")


async def test_a_box_does_not_hear_what_is_meant_for_another(chain: Chain) -> None:
    hub, box = await chain.connect("hub"), await chain.connect(BOX)
    await box.subscribe(topics.down(OTHER, ORIGIN), topics.down(BOX, ORIGIN))

    await hub.publish_confirmed(topics.down(OTHER, ORIGIN), b"secret")
    await hub.publish_confirmed(topics.down(BOX, ORIGIN), b"mine")
    assert await first(box) == (topics.down(BOX, ORIGIN), b"mine")


async def test_alerts_are_written_by_the_hub_alone_and_read_by_whoever_holds_a_certificate_for_it(chain: Chain) -> None:
    for name in ("alerts", "stranger"):
        chain.issue(name)
    hub, box, reader = await chain.connect("hub"), await chain.connect(BOX), await chain.connect("alerts")
    others = await chain.connect("stranger")
    for each in (reader, box, others):
        await each.subscribe(f"{topics.ROOT}/#", topics.down(BOX, ORIGIN), topics.HUB_STATE)
    for forger in (box, reader, others):
        with pytest.raises((Unavailable, Lost)):
            await forger.publish_confirmed(topics.alerts("s1"), b"forged")

    await hub.publish_confirmed(topics.alerts("s1"), b"low")
    assert await first(reader) == (topics.alerts("s1"), b"low")
    await hub.publish_confirmed(topics.down(BOX, ORIGIN), b"after it")
    assert await first(box) == (topics.down(BOX, ORIGIN), b"after it")


async def test_a_client_id_does_not_take_over_another_boxs_session(chain: Chain) -> None:
    box = await chain.connect(BOX)
    thief = await chain.connect(OTHER, client_id=BOX)
    await box.subscribe(topics.down(BOX, ORIGIN))
    hub = await chain.connect("hub")

    await hub.publish_confirmed(topics.down(BOX, ORIGIN), b"still here")
    assert await first(box) == (topics.down(BOX, ORIGIN), b"still here")
    await thief.close()


async def test_a_revoked_box_cannot_come_back_after_the_reload(chain: Chain) -> None:
    box = await chain.connect(BOX)
    await box.close()
    chain.revoke(BOX)
    chain.broker.reload()

    async def refused() -> bool:
        try:
            connection = await chain.connect(BOX)
        except (Unavailable, Lost):
            return True
        await connection.close()
        return False

    async with asyncio.timeout(10):
        while not await refused():  # noqa: ASYNC110 - the broker says nothing when it has reloaded
            await asyncio.sleep(0.05)
    other = await chain.connect(OTHER)
    await other.publish_confirmed(topics.up(OTHER, ORIGIN), b"others still work")
