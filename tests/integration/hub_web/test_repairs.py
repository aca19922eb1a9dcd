"""What a person looks at and settles: exceptions, lost edits, transfers, snapshots for boxes."""

import asyncio
from typing import Any

import pytest

from cloud_hub.core import now_ms
from cloud_hub.domain.permissions import Role
from cloud_hub.storage import conflicts, exceptions
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
    conflict = await lose(hub, admin, "product", product["id"], "name", "Kept", "Lost")
    assert (conflict["kept"], conflict["lost"], conflict["rule"], conflict["actor"]) == ("Kept", "Lost", "lww", "ann")
    replies = await asyncio.gather(*(admin.post(f"/conflicts/{conflict['id']}/restore") for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]
    assert (await admin.get(f"/products/{product['id']}")).body["name"] == "Lost"


@pytest.mark.parametrize(("field", "shown_as", "lost", "shown"), [
    ("price", "price", "5.00", "5.00"), ("cost", "unit_cost", "1.25", "1.25"), ("price", "price", None, None),
    ("reorder_point", "reorder_point", 2500, "2.5"), ("lifecycle", "lifecycle", "archived", "archived"),
])  # fmt: skip
async def test_each_kind_of_field_is_shown_and_restored_as_the_api_says_it(
    hub: Running, admin: Client, field: str, shown_as: str, lost: Any, shown: Any
) -> None:
    product = await admin.make_product(price="7.00")
    conflict = await lose(hub, admin, "product", product["id"], field, None, lost)
    assert (conflict["field"], conflict["lost"]) == (shown_as, shown)
    restored = await admin.post(f"/conflicts/{conflict['id']}/restore")
    assert (restored.status, restored.body[shown_as]) == (200, shown)


async def test_a_code_that_went_to_another_product_is_given_back_with_one_click(hub: Running, admin: Client) -> None:
    theirs, mine = await admin.make_product(barcodes=[{"code": "4711"}]), await admin.make_product()
    kept, lost = ({"product_id": each["id"], "pack_quantity": 6000} for each in (theirs, mine))
    conflict = await lose(hub, admin, "barcode", "4711", "product_id", kept, lost)
    assert conflict["lost"] == {"product_id": mine["id"], "pack_quantity": "6"}

    restored = await admin.post(f"/conflicts/{conflict['id']}/restore")

    assert restored.body["barcodes"] == [{"code": "4711", "pack_quantity": "6"}]
    assert (await admin.get(f"/products/{theirs['id']}")).body["barcodes"] == []


async def lose(hub: Running, admin: Client, entity: str, entity_id: str, field: str, kept: Any, lost: Any) -> Any:
    """A conflict as the merging of a store's edit leaves it."""
    async with hub.core.database.transaction() as connection:
        await conflicts.insert_conflict(
            connection, site_id=await admin.make_site(), entity=entity, entity_id=entity_id, field=field, kept=kept,
            lost=lost, rule="lww", actor="ann", created_at=1,
        )  # fmt: skip
    (conflict,) = (await admin.get("/conflicts")).body["items"]
    return conflict


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
