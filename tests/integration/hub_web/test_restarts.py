"""PostgreSQL restarted again and again under load: callers are told 503 and when to ask again, and nothing else.

RESTARTS (default 3; `make soak` 20). What was acknowledged is there afterwards, once, whatever was asked twice.
"""

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field

import pytest

from cloud_hub.domain.permissions import Role
from deploy.local.postgres import PostgresServer
from tests.integration.hub_web.conftest import Client, Reply, Serve

RESTARTS = int(os.environ.get("RESTARTS", "3"))
WRITERS, READERS = 6, 4
BACK_S = 10.0


@dataclass
class Load:
    """Callers who go on until they are told to stop, and what they were answered."""

    admin: Client
    site: str
    product: str
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledged: dict[str, str] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    odd: list[Reply] = field(default_factory=list)
    good: asyncio.Event = field(default_factory=asyncio.Event)
    refused: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, name: int) -> None:
        """One unit after the other, each under its key until it is acknowledged."""
        number = 0
        while not self.stop.is_set():
            key = f"writer-{name}-{number}"
            change = {"product_id": self.product, "site_id": self.site, "quantity": "1"}
            reply = await self.admin.post("/inventory/increment", change, Idempotency_Key=key)
            if self._is_good(reply):
                self.acknowledged[key] = reply.body["movement_id"]
                number += 1

    async def read(self) -> None:
        while not self.stop.is_set():
            self._is_good(await self.admin.get(f"/products/{self.product}?site_id={self.site}"))

    def _is_good(self, reply: Reply) -> bool:
        self.answers[reply.status] += 1
        if reply.status in (200, 201):
            self.good.set()
            return True
        self.refused.set()
        if reply.status != 503 or int(reply.headers.get("Retry-After", "0")) < 1:
            self.odd.append(reply)
        return False

    async def next(self, event: asyncio.Event) -> None:
        """Wait for the next `good` or `refused` answer. Raises TimeoutError."""
        event.clear()
        async with asyncio.timeout(BACK_S):
            await event.wait()


@pytest.mark.timeout(60 + 15 * RESTARTS)
async def test_restarts_of_the_database_are_503_and_lose_nothing_acknowledged(
    serve: Serve, postgres: PostgresServer
) -> None:
    if os.environ.get("HUB_TEST_DATABASE_URL"):
        pytest.skip("HUB_TEST_DATABASE_URL names a server that is not ours to restart")
    async with serve() as hub:
        admin = await hub.add_user("admin", Role.ADMIN)
        load = Load(admin, await admin.make_site("hub"), (await admin.make_product())["id"])
        callers = [asyncio.create_task(load.write(name)) for name in range(WRITERS)]
        callers += [asyncio.create_task(load.read()) for _ in range(READERS)]
        for _ in range(RESTARTS):
            await load.next(load.good)
            await asyncio.to_thread(postgres.stop)
            await load.next(load.refused)
            postgres.start()  # here: it ends with the thread that started it
            await load.next(load.good)
        load.stop.set()
        await asyncio.gather(*callers)

        shown = (await admin.get(f"/products/{load.product}?site_id={load.site}")).body["stock"]["on_hand"]
        async with hub.core.database.connection() as connection:
            kept = {str(row["movement_id"]) for row in await connection.fetch("SELECT movement_id FROM movements")}

    assert load.odd == []
    assert load.answers[503] >= RESTARTS
    assert set(load.acknowledged.values()) <= kept
    assert len(load.acknowledged) <= int(shown) == len(kept) <= len(load.acknowledged) + WRITERS
