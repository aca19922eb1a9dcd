"""A box at a broker that knows certificates only, under the access list that is shipped."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local.ports import free_port
from edge_agent import app
from edge_agent.services import enrolment
from edge_agent.storage import identity
from edge_agent.storage.database import Database
from edge_agent.storage.files import Folder
from edge_agent.transport.hub_http import HubHttp
from sync_protocol import topics
from sync_protocol.errors import Unavailable
from sync_protocol.transport.mqtt import BrokerAddress, Connection
from tests.integration.edge_sync.conftest import Box, MosquittoBroker, at_genesis, serving
from tests.integration.edge_sync.enrolling_hub import EnrollingHub, pem, sign_certificate
from tests.integration.edge_sync.scripted_hub import ScriptedHub
from tests.unit.edge_agent_sync.builders import DEVICE, FEED, HUB_KEY, ORIGIN, RECORD_KEY, SITE, an_id, an_identity

ACL = Path(__file__).parents[3] / "deploy" / "broker" / "acl"


@pytest.fixture
async def enrolling() -> AsyncIterator[EnrollingHub]:
    made = EnrollingHub(free_port())
    made.broker_tls = True
    async with TestServer(made.application()) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


def write_identity(folder: Path, name: str, hub: EnrollingHub) -> tuple[Path, Path]:
    """A key and a certificate of the chain's authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.key").write_bytes(text)
    (folder / f"{name}.crt").write_text(pem(sign_certificate(name, key.public_key(), hub.ca_key, hub.ca)))
    return folder / f"{name}.crt", folder / f"{name}.key"


@pytest.fixture
def tls_broker(tmp_path: Path, enrolling: EnrollingHub):
    if shutil.which("mosquitto") is None:
        pytest.skip("MISSING: mosquitto is not installed, client certificates are not tested")
    (tmp_path / "ca.crt").write_text(pem(enrolling.ca))
    certificate, key = write_identity(tmp_path, "broker", enrolling)
    settings = (
        f"cafile {tmp_path}/ca.crt\ncertfile {certificate}\nkeyfile {key}\nrequire_certificate true\n"
        f"use_identity_as_username true\nallow_anonymous false\nacl_file {ACL}"
    )
    broker = MosquittoBroker(tmp_path, enrolling.broker_port, settings)
    broker.start()
    yield broker
    broker.kill()


def as_client(folder: Path, name: str, hub: EnrollingHub) -> BrokerAddress:
    certificate, key = write_identity(folder, name, hub)
    return BrokerAddress(
        host="127.0.0.1", port=hub.broker_port, tls=True, ca_file=folder / "ca.crt", cert_file=certificate,
        key_file=key,
    )  # fmt: skip


async def test_a_box_syncs_with_nothing_but_its_certificate(
    tmp_path: Path, enrolling: EnrollingHub, tls_broker: MosquittoBroker
) -> None:
    folder = Folder(tmp_path / "box")
    found = await app.enrol(folder, enrolling.url, enrolling.codes[0], None, "till-1")
    database = Database.open(tmp_path / "store.db")
    await database.write(identity.create, an_identity())
    box = Box(database, app.broker_address(folder, found, None), snapshot=at_genesis)
    hub = ScriptedHub(SITE, DEVICE, ORIGIN, RECORD_KEY.public_key().public_bytes_raw(), FEED, key=HUB_KEY)

    async with serving(hub, as_client(tmp_path, "hub", enrolling)), box.linked():
        head = await box.sell(5)
        await hub.until(lambda: hub.mark == head, "the sales")
    await database.close()


async def test_another_box_can_neither_speak_nor_listen_for_it(
    tmp_path: Path, enrolling: EnrollingHub, tls_broker: MosquittoBroker
) -> None:
    other = await Connection.open(as_client(tmp_path, an_id(66), enrolling), client_id="other")

    with pytest.raises(Unavailable):
        await other.publish_confirmed(topics.up(DEVICE, ORIGIN), b"forged")

    await other.close()


async def test_a_stranger_does_not_get_in(tmp_path: Path, enrolling: EnrollingHub, tls_broker: MosquittoBroker) -> None:
    stranger = EnrollingHub(enrolling.broker_port)
    address = as_client(tmp_path, DEVICE, stranger)

    with pytest.raises(Unavailable):
        await Connection.open(address, client_id="stranger")


async def test_a_certificate_that_ends_soon_is_renewed_for_the_same_key(
    tmp_path: Path, enrolling: EnrollingHub
) -> None:
    enrolling.days = 3
    folder = Folder(tmp_path / "box")
    await app.enrol(folder, enrolling.url, enrolling.codes[0], None, "till-1")
    assert enrolment.days_left(folder, datetime.now(UTC)) < 4
    key = folder.device_key.read_bytes()

    async with HubHttp(enrolling.url, device_id=DEVICE, sign=enrolment.record_key(folder).sign) as http:
        await enrolment.renew(folder, http.renew)

    assert enrolment.days_left(folder, datetime.now(UTC)) > 80
    assert folder.device_key.read_bytes() == key
