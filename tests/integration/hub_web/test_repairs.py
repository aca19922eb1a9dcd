"""What a person looks at and settles: exceptions, lost edits, transfers, snapshots for boxes."""

import asyncio

from cloud_hub.core import now_ms
from cloud_hub.domain.permissions import Role
from cloud_hub.storage import exceptions
from tests.integration.hub_web.conftest import Client, Running
from tests.integration.hub_web.test_boxes import Box, make_code


async def test_exceptions_are_listed_for_ones_sites_and_settled_once_by_name(hub: Running, admin: Client) -> None:
    mine, other = await admin.make_site(), await admin.make_site()
    async with hub.core.database.transaction() as connection:
        for site in (mine, other):
            await exceptions.raise_exception(connection, site, "odd", "a thing", "detail", now_ms=now_ms())
    manager = await hub.add_user("manager", Role.STORE_MANAGER, [mine])
    (seen,) = (await manager.get("/exceptions?state=open")).body["items"]
    assert seen["site_id"] == mine
    assert (await manager.post(f"/exceptions/{seen['id']}/done")).status == 403
    done = await admin.post(f"/exceptions/{seen['id']}/done")
    assert (done.status, done.body["state"]) == (200, "done")
    assert len((await admin.get("/exceptions?state=open")).body["items"]) == 1


async def test_an_edit_that_lost_can_be_restored_once(hub: Running, admin: Client) -> None:
    product = await admin.make_product(name="Kept")
    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO conflicts (site_id, id, entity, entity_id, field, kept, lost, rule, created_at) "
            "VALUES ($1, gen_random_uuid(), 'product', $2, 'name', $3, $4, 'lww', 1)",
            await admin.make_site(), product["id"], "Kept", "Lost",
        )  # fmt: skip
    (conflict,) = (await admin.get("/conflicts")).body["items"]
    assert (conflict["kept"], conflict["lost"]) == ("Kept", "Lost")
    replies = await asyncio.gather(*(admin.post(f"/conflicts/{conflict['id']}/restore") for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]
    assert (await admin.get(f"/products/{product['id']}")).body["name"] == "Lost"


async def test_a_box_downloads_the_snapshot_of_its_own_site_and_of_no_other(hub: Running, admin: Client) -> None:
    await admin.make_product(name="Milk")
    mine, other = await admin.make_site(), await admin.make_site()
    box = Box(hub)
    device = (await box.enrol(await make_code(admin, mine))).body["device_id"]
    token = box.token(device)
    manifest = await hub.nobody.get(f"/snapshots/{mine}/manifest?kind=catalogue", Authorization=token)
    assert (manifest.status, manifest.body["products"]) == (200, 1)
    for part in manifest.body["chunks"]:
        assert (await hub.nobody.get(f"/snapshots/{mine}/chunks/{part['hash']}", Authorization=token)).status == 200
    assert (await hub.nobody.get(f"/snapshots/{other}/manifest", Authorization=token)).status == 403
    assert (await hub.nobody.get(f"/snapshots/{mine}/chunks/{'0' * 64}", Authorization=token)).status == 404
    assert (await admin.get(f"/snapshots/{mine}/manifest")).status == 401
