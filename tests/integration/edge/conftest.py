"""A store with its API on a real SQLite file, and a client with a key."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from edge_agent.services.health import Check
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage import identity, upgrade
from edge_agent.storage.database import Database, connect, transact
from edge_agent.storage.identity import Identity
from edge_agent.web.server import StoreApi
from tests.integration.edge import conformity
from tests.unit.edge_agent.a_store import DEVICE, ORIGIN, SITE, a_product, add

PRODUCTS = [a_product(number, reorder_point=5000, critical_level=2000) for number in range(1, 4)]


class Api:
    """Calls with the till's key."""

    def __init__(self, client: TestClient[Any, Any], store: StoreApi, database: Database, status: LinkStatus) -> None:
        self.client, self.store, self.database, self.status = client, store, database, status
        self.checks = [Check("disk", "ok", "room")]

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, data: bytes | None = None
    ) -> tuple[int, Any]:
        """(status, body) of a call below /api/v1."""
        headers = {"Authorization": "Bearer secret", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        sent: dict[str, Any] = {"data": data} if data is not None else {"json": body}
        async with self.client.request(method, f"/api/v1{path}", headers=headers, **sent) as response:
            status, answer = response.status, await response.json(content_type=None)
        conformity.check(method, path, status, response.content_type, answer)
        return status, answer

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The body of a POST that must work."""
        status, answer = await self.call("POST", path, {} if body is None else body, key=key)
        assert status in (200, 201), answer
        return answer

    async def get(self, path: str) -> Any:
        """The body of a GET that must work."""
        status, answer = await self.call("GET", path)
        assert status == 200, answer
        return answer


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated and enrolled file with three products, to be copied."""
    path = tmp_path_factory.mktemp("enrolled") / "store.db"
    upgrade.to_head(path)
    connection = connect(path)
    transact(connection, identity.create, Identity(SITE, "Store 1", DEVICE, ORIGIN, clock_offset=0))
    for product in PRODUCTS:
        transact(connection, add, product)
    connection.close()
    return path


@pytest.fixture
async def api(tmp_path: Path, enrolled: Path) -> AsyncIterator[Api]:
    shutil.copy(enrolled, tmp_path / "store.db")
    database = Database.open(tmp_path / "store.db")
    status = LinkStatus()
    found: list[Api] = []

    async def checks() -> list[Check]:
        return found[0].checks

    store = StoreApi(database=database, status=status, api_keys={"secret": "till-1"}, boot=1, checks=checks,
                     people_key=lambda: bytes(32))  # fmt: skip
    async with TestClient(TestServer(store.app)) as client:
        store.start_chores()
        found.append(Api(client, store, database, status))
        yield found[0]
        await store.stop()
    await database.close()
