"""F42: the API by way of a PgBouncer in transaction mode: no statement stays prepared, no session is one's own.

HUB_TEST_POOLER=1 runs all tests of this folder that way.
"""

import asyncio
from urllib.parse import urlsplit

import pytest

from cloud_hub.domain.permissions import Role
from cloud_hub.storage import migrate
from cloud_hub.storage.dsn import driver_options
from deploy.local.postgres import in_database
from tests.integration.hub_web.conftest import Running, Serve


@pytest.fixture
def hub_database_url(pooler: str, database_url: str) -> str:
    return in_database(pooler, urlsplit(database_url).path.strip("/"))


async def test_reads_and_writes_of_many_callers_share_few_sessions(serve: Serve, hub_database_url: str) -> None:
    await migrate.upgrade(hub_database_url)
    async with serve() as hub:
        admin = await hub.add_user("admin", Role.ADMIN)
        site = await admin.make_site("hub")
        product = (await admin.make_product(price="1.20"))["id"]
        change = {"product_id": product, "site_id": site, "quantity": "1"}

        written = await asyncio.gather(*(admin.post("/inventory/increment", change) for _ in range(40)))
        read = await asyncio.gather(*(admin.get(f"/products/{product}?site_id={site}") for _ in range(40)))
        lists = [await admin.get(path) for path in ("/products?q=prod", "/inventory", "/changes", "/audit", "/users")]

    assert {reply.status for reply in (*written, *read, *lists)} <= {200, 201}
    assert read[-1].body["stock"]["on_hand"] == "40"


async def test_a_transaction_that_is_refused_leaves_nothing_to_the_next_caller(hub: Running) -> None:
    admin = await hub.add_user("admin", Role.ADMIN)
    product = await admin.make_product()
    replies = await asyncio.gather(
        *(admin.post("/products", {"sku": product["sku"], "name": "again"}) for _ in range(10)),
        *(admin.make_product() for _ in range(10)),
    )

    assert [reply.status for reply in replies[:10]] == [409] * 10
    assert len({made["id"] for made in replies[10:]}) == 10


def test_the_url_says_whether_statements_stay_prepared() -> None:
    plain = "postgresql://hub:secret@db.example/hub"

    assert driver_options(plain) == (plain, {})
    assert driver_options(f"{plain}?statement_cache_size=0") == (plain, {"statement_cache_size": 0})
    assert driver_options(f"{plain}?ssl=require&statement_cache_size=0") == (
        f"{plain}?ssl=require", {"statement_cache_size": 0},
    )  # fmt: skip
