"""F02, F17: categories, and thresholds that fall back from the product to the chain; every box is told."""

from typing import Any

from cloud_hub.domain.permissions import Role
from tests.integration.hub_web.conftest import Client, Running


async def policies(hub: Running) -> list[tuple[str, dict[str, Any]]]:
    async with hub.core.database.transaction() as connection:
        rows = await connection.fetch("SELECT site_id, body FROM changes WHERE kind = 'policy' ORDER BY position")
    return [(str(row["site_id"]), row["body"]) for row in rows]


async def find(admin: Client, name: str) -> dict[str, Any]:
    (found,) = [each for each in (await admin.get("/categories")).body["items"] if each["name"] == name]
    return dict(found)


async def low_at(admin: Client, site: str, product: str) -> str:
    (level,) = (await admin.get(f"/inventory?site_id={site}&product_id={product}")).body["items"]
    return str(level["reorder_point"])


async def test_a_category_begins_when_a_product_names_it_and_ends_when_none_does(admin: Client) -> None:
    product = await admin.make_product(category="Drinks")
    drinks = await find(admin, "Drinks")
    assert drinks["products"] == 1
    path = f"/categories/{drinks['id']}"
    assert (await admin.ask("DELETE", path)).body["code"] == "category_in_use"
    await admin.patch(f"/products/{product['id']}", {"category": "Water"})
    assert (await find(admin, "Water"))["products"] == 1
    assert (await admin.ask("DELETE", path)).status == 204
    assert (await admin.get(path)).status == 404


async def test_another_name_for_a_category_is_another_name_in_its_products_and_every_store_hears_of_them(
    hub: Running, admin: Client
) -> None:
    made = [await admin.make_product(category="Old") for _ in range(3)]
    other = await admin.make_product(category="Taken")
    path = f"/categories/{(await find(admin, 'Old'))['id']}"
    assert (await admin.patch(path, {"name": "Taken"})).body["code"] == "name_taken"
    assert (await admin.patch(path, {"name": "New"})).body["name"] == "New"
    moved = [(await admin.get(f"/products/{each['id']}")).body for each in made]
    assert {(each["category"], each["version"]) for each in moved} == {("New", "1-2")}
    assert (await admin.get(f"/products/{other['id']}")).body["version"] == "1-1"
    async with hub.core.database.transaction() as connection:
        told = await connection.fetchval("SELECT count(*) FROM changes WHERE body->>'category' = 'New'")
    assert told == 3


async def test_thresholds_fall_back_product_category_site_chain(admin: Client) -> None:
    site = await admin.make_site("hub")
    product = (await admin.make_product(category="Dairy", reorder_point="5"))["id"]
    await admin.post("/inventory/adjust", {"product_id": product, "site_id": site, "delta": "1", "reason": "receipt"})
    await admin.patch("/thresholds", {"reorder_point": "1", "critical_level": "0"})
    await admin.patch(f"/sites/{site}", {"reorder_point": "2"})
    await admin.patch(f"/categories/{(await find(admin, 'Dairy'))['id']}", {"reorder_point": "3"})
    assert await low_at(admin, site, product) == "5"
    await admin.patch(f"/products/{product}", {"reorder_point": None})
    assert await low_at(admin, site, product) == "3"
    await admin.patch(f"/categories/{(await find(admin, 'Dairy'))['id']}", {"reorder_point": None})
    assert await low_at(admin, site, product) == "2"
    other = await admin.make_site("hub")
    await admin.post("/inventory/adjust", {"product_id": product, "site_id": other, "delta": "1", "reason": "receipt"})
    assert await low_at(admin, other, product) == "1"


async def test_each_box_is_told_what_holds_at_its_site_under_a_number_that_only_grows(
    hub: Running, admin: Client
) -> None:
    first, second = await admin.make_site(), await admin.make_site()
    await admin.patch(f"/sites/{first}", {"reorder_point": "2"})
    await admin.patch("/thresholds", {"reorder_point": "1"})
    made = await admin.post("/categories", {"name": "Dairy", "reorder_point": "3"})
    assert made.status == 201
    told = await policies(hub)
    last = dict(told)
    assert (last[first]["reorder_point"], last[second]["reorder_point"]) == (2000, 1000)
    assert last[first]["settings"] == {"categories": {"Dairy": {"reorder_point": 3000}}}
    for site in (first, second):
        numbers = [body["version"] for each, body in told if each == site]
        assert numbers == sorted(numbers)
    assert (await admin.ask("DELETE", f"/categories/{made.body['id']}")).status == 204
    assert (await policies(hub))[-1][1]["settings"] == {}


async def test_a_version_that_is_no_longer_the_newest_is_refused(admin: Client) -> None:
    made = await admin.post("/categories", {"name": "Toys"})
    path, tag = f"/categories/{made.body['id']}", made.headers["ETag"]
    assert (await admin.patch(path, {"description": "for children"}, If_Match=tag)).status == 200
    assert (await admin.patch(path, {"description": "x"}, If_Match=tag)).body["code"] == "version"
    chain = (await admin.get("/thresholds")).headers["ETag"]
    assert (await admin.patch("/thresholds", {"reorder_point": 4}, If_Match=chain)).status == 200
    assert (await admin.patch("/thresholds", {"reorder_point": 4}, If_Match=chain)).status == 412


async def test_so_many_thresholds_that_no_record_holds_them_are_refused(hub: Running, admin: Client) -> None:
    await admin.make_site()
    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO categories (id, name, reorder_point, version_epoch, version, created_at, updated_at)"
            " SELECT gen_random_uuid(), 'A category of a long name ' || i, 1, 1, 1, 0, 0 FROM generate_series(1, 400) i"
        )
    refused = await admin.patch("/thresholds", {"reorder_point": "1"})
    assert (refused.status, refused.body["code"]) == (409, "too_many_thresholds")


async def test_who_does_not_govern_the_whole_chain_does_not_set_what_it_falls_back_to(
    hub: Running, admin: Client
) -> None:
    manager = await hub.add_user("of-one-site", Role.ADMIN, [await admin.make_site()])
    assert (await manager.patch("/thresholds", {"reorder_point": "1"})).status == 403
