"""The box's own HTTPS: its certificate and the people key, asked for, checked, kept and renewed."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp.test_utils import TestServer
from cryptography import x509

from deploy.local.ports import free_port
from edge_agent import app
from edge_agent import lan as lan_room
from edge_agent.config import Config
from edge_agent.errors import Refused
from edge_agent.lan import Lan
from edge_agent.services import enrolment, health, local_access
from edge_agent.services.applying import apply_change
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage import identity
from edge_agent.storage.database import Database
from edge_agent.storage.files import Folder
from edge_agent.transport.addresses import own_names
from edge_agent.transport.hub_http import HubHttp
from edge_agent.web.server import StoreApi
from sync_protocol import changes
from tests.integration.edge_sync.enrolling_hub import EnrollingHub
from tests.unit.edge_agent_sync.builders import DEVICE, NOW_MS, an_identity

NAMES = ["store-12", "localhost", "127.0.0.1"]
PERSON = "0190f000-0000-7000-8000-00000000000a"


@pytest.fixture
async def enrolling() -> AsyncIterator[EnrollingHub]:
    made = EnrollingHub(free_port())
    async with TestServer(made.application()) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


@pytest.fixture
async def folder(tmp_path: Path, enrolling: EnrollingHub) -> Folder:
    made = Folder(tmp_path / "box")
    await app.enrol(made, enrolling.url, enrolling.codes[0], None, "till-1")
    return made


@pytest.fixture
async def hub(enrolling: EnrollingHub, folder: Folder) -> AsyncIterator[HubHttp]:
    async with HubHttp(enrolling.url, device_id=DEVICE, sign=enrolment.record_key(folder).sign) as http:
        yield http


def now() -> datetime:
    return datetime.now(UTC)


async def test_enrolment_brings_a_certificate_for_the_boxs_names_and_the_people_key(folder: Folder) -> None:
    found = local_access.certificate(folder)
    assert found is not None
    assert set(own_names()) == set(local_access.names_in(found))
    assert {"localhost", "127.0.0.1"} <= set(own_names())
    assert len(local_access.people_key(folder) or b"") == 32
    for path in (folder.https, folder.people_key):
        assert path.stat().st_mode & 0o777 == 0o600
    assert health.https(folder, NOW_MS).result == "ok"


async def test_it_is_asked_for_anew_when_it_ends_soon_when_a_name_is_new_and_when_it_is_damaged(
    folder: Folder, hub: HubHttp
) -> None:
    await local_access.renew(folder, NAMES, hub.local_access)
    assert not local_access.is_due(folder, NAMES, [], now())
    assert local_access.is_due(folder, [*NAMES, "10.1.2.3"], [], now())
    assert not local_access.is_due(folder, [*NAMES, "hub.example.com"], ["hub.example.com"], now())
    assert local_access.is_due(folder, NAMES, [], now() + timedelta(days=61))
    folder.https.write_bytes(b"damaged")
    assert local_access.is_due(folder, NAMES, [], now())
    assert health.https(folder, NOW_MS).result == "warn"
    folder.https.unlink()
    assert local_access.is_due(folder, NAMES, [], now())


@pytest.mark.parametrize("lie", ["another authority", "another key", "no certificate"])
async def test_what_does_not_fit_is_not_kept(folder: Folder, enrolling: EnrollingHub, hub: HubHttp, lie: str) -> None:
    before, stranger = folder.https.read_bytes(), EnrollingHub()
    other = local_access.certificate(folder)
    assert other is not None

    async def lying(body: dict[str, str]) -> bytes:
        certificate = {
            "another authority": stranger.certify(body["csr"]), "another key": before.decode(), "no certificate": "x",
        }[lie]  # fmt: skip
        return orjson.dumps({"certificate": certificate, "people_key": "ab" * 32})

    with pytest.raises(Refused) as refused:
        await local_access.renew(folder, NAMES, lying)

    assert refused.value.code == "bad_answer"
    assert folder.https.read_bytes() == before


class Served:
    """A store's API with its door to the network, on a real file."""

    def __init__(self, database: Database, folder: Folder, hub: HubHttp, config: Config) -> None:
        async def checks() -> list[health.Check]:
            return []

        self.database, self.folder = database, folder
        self.api = StoreApi(
            database=database, status=LinkStatus(), api_keys={"secret": "till-1"}, boot=1, checks=checks,
            people_key=lambda: local_access.people_key(folder),
        )  # fmt: skip
        self.lan = Lan(self.api, database, folder, config, hub)

    async def until(self, result: str, beginning: str) -> str:
        async with asyncio.timeout(20):
            while True:
                check = self.lan.check()
                if check.result == result and check.detail.startswith(beginning):
                    return check.detail
                await asyncio.sleep(0.02)

    async def tell(self, number: int, *, is_active: bool) -> None:
        person = changes.Person(
            person_id=PERSON, version=(1, number), is_active=is_active, username="anna" if is_active else None,
            password_hash="x" if is_active else None,
        )  # fmt: skip
        await self.database.write(apply_change, changes.change(person), NOW_MS)


@pytest.fixture
async def served(
    tmp_path: Path, folder: Folder, hub: HubHttp, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setattr(lan_room, "LOOK_EVERY_S", 0.02)
    database = Database.open(tmp_path / "store.db")
    await database.write(identity.create, an_identity())
    made = Served(database, folder, hub, Config(lan_host="127.0.0.1", lan_port=free_port()))
    await made.api.start("127.0.0.1", 0)
    task = asyncio.create_task(made.lan.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await made.api.stop()
    await database.close()


def trusting(folder: Folder) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder.ca))


async def serial_at(url: str, folder: Folder) -> int:
    """Which certificate a browser is shown."""
    host, port = url.removeprefix("https://").split(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=trusting(folder))
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(shown).serial_number


async def test_the_door_is_open_while_somebody_could_log_in_and_closed_otherwise(served: Served) -> None:
    await served.until("ok", "closed")
    await served.tell(1, is_active=True)
    url = await served.until("ok", "https://127.0.0.1:")
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting(served.folder))) as browser,
        browser.get(f"{url}/health/live") as answer,
    ):
        assert answer.status == 200

    await served.tell(2, is_active=False)

    await served.until("ok", "closed")
    host, port = url.removeprefix("https://").split(":")
    with pytest.raises(OSError):
        await asyncio.open_connection(host, int(port))


async def test_the_cookie_of_https_is_secure_and_old_tls_is_not_spoken(served: Served) -> None:
    await served.tell(1, is_active=True)
    url = await served.until("ok", "https://")
    assert local_access.tls(served.folder).minimum_version == ssl.TLSVersion.TLSv1_2
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting(served.folder))) as browser,
        browser.post(f"{url}/api/v1/auth/logout", headers={"Authorization": "Bearer secret"}) as answer,
    ):
        assert answer.status == 204
        assert "Secure" in answer.headers["Set-Cookie"]


async def test_a_renewed_certificate_is_shown_without_a_restart(served: Served, hub: HubHttp) -> None:
    await served.tell(1, is_active=True)
    url = await served.until("ok", "https://")
    before = await serial_at(url, served.folder)
    await local_access.renew(served.folder, NAMES, hub.local_access)
    async with asyncio.timeout(20):
        while True:
            if await serial_at(url, served.folder) != before:
                return
            await asyncio.sleep(0.02)


async def test_a_port_that_is_taken_is_told_and_taken_when_it_is_free(served: Served) -> None:
    with socket.create_server(("127.0.0.1", served.lan._config.lan_port)):
        await served.tell(1, is_active=True)
        await served.until("warn", "")
    await served.until("ok", "https://")
