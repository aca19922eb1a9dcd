"""A hub's API in this process, on a database of its own and a real socket, and a client for it."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import pytest

from cloud_hub import api, logs
from cloud_hub.config import Config
from cloud_hub.core import Core, now_ms, open_core
from cloud_hub.domain.permissions import Role
from cloud_hub.services.accounts import COMMAND_LINE, Accounts, Person
from cloud_hub.services.metrics import Metrics
from cloud_hub.services.passwords import Passwords
from cloud_hub.services.principals import Principals
from deploy.local.postgres import in_database
from tests.integration.hub_web.mail_server import MailServer, mail_server
from tests.servers.pooler import pooled

PASSWORD = "a long enough password"


@dataclass
class Reply:
    """What the hub answered."""

    status: int
    headers: Any
    body: Any


class Client:
    """Speaks with the API as one person (or nobody)."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str | None = None) -> None:
        self.session = session
        self.url = url
        self.token = token

    async def ask(self, method: str, path: str, json: Any = None, **headers: str) -> Reply:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            names.setdefault("Authorization", f"Bearer {self.token}")
        path = path if path.startswith(("/health", "/metrics", "/docs", "/redoc", "/openapi")) else f"/api/v1{path}"
        async with self.session.request(method, self.url + path, json=json, headers=names) as response:
            if "json" in response.content_type:
                return Reply(response.status, response.headers, await response.json())
            if response.content_type == "text/event-stream":
                return Reply(response.status, response.headers, None)  # it never ends
            return Reply(response.status, response.headers, (await response.read()).decode(errors="replace"))

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, json: Any = None, **headers: str) -> Reply:
        return await self.ask("POST", path, json, **headers)

    async def patch(self, path: str, json: Any = None, **headers: str) -> Reply:
        return await self.ask("PATCH", path, json, **headers)

    async def log_in(self, username: str, password: str = PASSWORD) -> "Client":
        reply = await self.post("/auth/login", {"username": username, "password": password})
        assert reply.status == 200, reply.body
        return Client(self.session, self.url, reply.body["access_token"])

    async def make_site(self, kind: str = "edge") -> str:
        code = f"site-{uuid4().hex[:8]}"
        reply = await self.post("/sites", {"code": code, "name": code, "kind": kind})
        assert reply.status == 201, reply.body
        return str(reply.body["id"])

    async def make_product(self, **fields: Any) -> dict[str, Any]:
        sku = f"SKU-{uuid4().hex[:8]}"
        reply = await self.post("/products", {"sku": sku, "name": f"Product {sku}", **fields})
        assert reply.status == 201, reply.body
        return dict(reply.body)


class KnownPasswords(Passwords):
    """Hashes each password once for all tests: it takes long on purpose."""

    _known: ClassVar[dict[str, str]] = {}

    async def hash(self, password: str) -> str:
        if password not in self._known:
            self._known[password] = await super().hash(password)
        return self._known[password]


@dataclass
class Running:
    """A served API and what it is made of."""

    core: Core
    url: str
    session: aiohttp.ClientSession

    @property
    def nobody(self) -> Client:
        return Client(self.session, self.url)

    async def add_user(self, username: str, role: Role, site_ids: list[str] | None = None) -> Client:
        passwords = KnownPasswords()
        try:
            accounts = Accounts(self.core.database, self.core.reads, passwords, Principals(), open_registration=False)
            sites = None if site_ids is None else frozenset(site_ids)
            await accounts.create(Person(username), PASSWORD, role, sites, COMMAND_LINE, now_ms())
        finally:
            passwords.close()
        return await self.nobody.log_in(username)


Serve = Callable[..., Any]


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    """A mail server that keeps what it is handed."""
    async with mail_server() as made:
        yield made


@pytest.fixture(scope="session")
def pooler(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PgBouncer in transaction mode in front of the test's server."""
    with pooled(tmp_path_factory.mktemp("pooler"), server_url) as url:
        yield url


@pytest.fixture
def hub_database_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """What hubs of these tests are told; HUB_TEST_POOLER=1 puts a pooler in front of all of them."""
    if not os.environ.get("HUB_TEST_POOLER"):
        return database_url
    return in_database(request.getfixturevalue("pooler"), urlsplit(database_url).path.strip("/"))


@pytest.fixture
def serve(hub_database_url: str, tmp_path: Path) -> Serve:
    """`async with serve(rate_per_address=5) as running:` a hub with these settings."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Running]:
        defaults = {
            "http_port": 0, "state_dir": tmp_path / "state", "rate_per_address": 0, "rate_per_principal": 0,
            "mail_url": f"file://{tmp_path}/mailbox",
        }  # fmt: skip
        config = Config(**{"database_url": hub_database_url, **defaults, **settings})
        logs.configure("error")
        async with AsyncExitStack() as stack:
            core = await stack.enter_async_context(open_core(config))
            url = await api.start_api(core, Metrics("test"), stack)
            session = await stack.enter_async_context(aiohttp.ClientSession())
            yield Running(core, url, session)

    return start


@pytest.fixture
async def hub(serve: Serve) -> AsyncIterator[Running]:
    """A hub with default settings."""
    async with serve() as running:
        yield running


@pytest.fixture
async def admin(hub: Running) -> Client:
    """Its administrator."""
    return await hub.add_user("admin", Role.ADMIN)
