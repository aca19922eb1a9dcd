"""Issue 3, deliverable 8: the change feed; every event once, in one order without gaps, for whoever may hear it."""

import asyncio
import os

import pytest

from cloud_hub.domain.permissions import Role
from cloud_hub.services.relaying import relay
from tests.integration.hub_web.conftest import Client, Running
from tests.integration.hub_web.telling import teller


async def adjust(client: Client, site: str, product: str, delta: str) -> None:
    reply = await client.post(
        "/inventory/adjust", {"site_id": site, "product_id": product, "delta": delta, "reason": "correction"}
    )
    assert reply.status == 201, reply.body


async def test_a_reader_hears_of_everything_once_however_it_pages(hub: Running, admin: Client) -> None:
    site = await admin.make_site("hub")
    products = [(await admin.make_product())["id"] for _ in range(3)]
    for product in products:
        await adjust(admin, site, product, "5")
    async with teller(hub) as told:
        await told.tell()
    heard, path = [], "/changes?limit=2&types=stock.changed,product.changed"
    while True:
        page = (await admin.get(path)).body
        heard += page["items"]
        path = f"/changes?limit=2&types=stock.changed,product.changed&cursor={page['next_cursor']}"
        if not page["has_more"]:
            break
    assert sorted(each["data"]["product_id"] for each in heard if each["type"] == "stock.changed") == sorted(products)
    assert {each["data"]["on_hand"] for each in heard if each["type"] == "stock.changed"} == {"5"}
    assert len({each["id"] for each in heard}) == len(heard) >= 6
    assert (await admin.get(path)).body["items"] == []


async def test_stock_that_changed_again_is_told_once_as_it_is_now(hub: Running, admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    async with teller(hub) as told:
        for delta in ("5", "-2", "4"):
            await adjust(admin, site, product, delta)
            await told.tell()
    items = (await admin.get(f"/changes?types=stock.changed&site_id={site}")).body["items"]
    assert [(each["data"]["on_hand"], each["data"]["as_of"]["position"] > 0) for each in items] == [("7", True)]


@pytest.mark.skipif("HUB_TEST_POOLER" in os.environ, reason="nobody is notified through a pooler in transaction mode")
async def test_a_reader_that_waits_hears_at_once(hub: Running, admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    async with teller(hub) as told:
        await told.tell()
        cursor = (await admin.get("/changes")).body["next_cursor"]
        waiting = asyncio.create_task(admin.get(f"/changes?types=stock.changed&wait_s=30&cursor={cursor}"))
        await adjust(admin, site, product, "1")
        await told.tell()
        async with asyncio.timeout(10):
            reply = await waiting
    assert [each["type"] for each in reply.body["items"]] == ["stock.changed"]


async def test_nobody_hears_of_others_sites_or_of_what_they_may_not_see(hub: Running, admin: Client) -> None:
    mine, other, product = (
        await admin.make_site("hub"),
        await admin.make_site("hub"),
        (await admin.make_product())["id"],
    )
    for site in (mine, other):
        await adjust(admin, site, product, "1")
    async with teller(hub) as told:
        await told.tell()
    person = await hub.add_user("of-one-site", Role.STORE_MANAGER, [mine])
    heard = (await person.get("/changes")).body["items"]
    assert {each["site_id"] for each in heard} == {mine, None}
    key = (await admin.post("/api-keys", {"name": "k", "scopes": ["products.read"]})).body["key"]
    heard = (await Client(hub.session, hub.url, key).get("/changes")).body["items"]
    assert {each["type"] for each in heard} == {"product.changed"}
    assert (await person.get(f"/changes?site_id={other}")).status == 403


async def test_two_hubs_that_tell_at_once_tell_everything_once(hub: Running, admin: Client) -> None:
    site = await admin.make_site("hub")
    for _ in range(5):
        await adjust(admin, site, (await admin.make_product())["id"], "1")
    counts = await asyncio.gather(*(relay(hub.core.database, 1) for _ in range(4)))
    counts += [await relay(hub.core.database, 1)]
    items = (await admin.get("/changes?limit=500")).body["items"]
    assert sum(counts) == len(items)
    assert len([each for each in items if each["type"] == "stock.changed"]) == 5


async def test_a_cursor_of_a_past_that_a_restore_undid_is_refused(hub: Running, admin: Client) -> None:
    await admin.make_product()
    await relay(hub.core.database, 1)
    cursor = (await admin.get("/changes")).body["next_cursor"]
    async with hub.core.database.transaction() as connection:
        await connection.execute("DELETE FROM events; UPDATE counters SET value = 0 WHERE name = 'events'")
        await connection.execute("UPDATE hub_state SET hub_epoch = hub_epoch + 1")
    await admin.make_product()
    await relay(hub.core.database, 1)
    await admin.make_product()
    await relay(hub.core.database, 1)
    reply = await admin.get(f"/changes?cursor={cursor}")
    assert (reply.status, reply.body["code"]) == (410, "cursor_of_a_lost_past")


@pytest.mark.parametrize("query", ["types=nonsense", "wait_s=31", "wait_s=x", "limit=0", "since=1"])
async def test_what_the_feed_cannot_be_asked_is_refused(hub: Running, admin: Client, query: str) -> None:
    assert (await admin.get(f"/changes?{query}")).status == 422
