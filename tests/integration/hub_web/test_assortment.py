"""F17, B12: what a site says of a product itself; only its own box is told, over what the chain is told."""

from typing import Any
from uuid import UUID

import orjson

from cloud_hub.domain.permissions import Role
from cloud_hub.services import feed
from cloud_hub.storage import feeds, reference
from tests.integration.hub_web.conftest import Client, Running


async def told(hub: Running, site_id: str) -> list[list[Any]]:
    """The products on a site's feed, from the time it began."""
    async with hub.core.database.transaction() as connection:
        extended = await feed.extend(connection, UUID(site_id), 1)
        assert extended is not None
        records = await feeds.read(connection, site_id, extended.feed_origin, 0, 100)
    return [record for record in map(orjson.loads, records) if record[0].startswith("product")]


async def begin(hub: Running, *site_ids: str) -> None:
    async with hub.core.database.transaction() as connection:
        await feed.ensure_all(connection, [UUID(site_id) for site_id in site_ids], 1)


async def test_only_the_box_of_the_site_is_told_and_a_later_edit_of_the_product_keeps_the_sites_own_values(
    hub: Running, admin: Client
) -> None:
    ours, other = await admin.make_site(), await admin.make_site()
    await begin(hub, ours, other)
    product = (await admin.make_product(price="2.00", reorder_point="5"))["id"]
    path = f"/products/{product}/sites/{ours}"
    patched = await admin.patch(path, {"price": "1.80", "reorder_point": "9"})
    assert (patched.status, patched.body["price"], patched.body["version"]) == (200, "1.80", "1-1")
    await admin.patch(f"/products/{product}", {"name": "Another name"})
    here, there = await told(hub, ours), await told(hub, other)
    assert [(body["price"], body["reorder_point"]) for _, body in here] == [(180, 9000)] * 3
    assert [(body["price"], body["reorder_point"]) for _, body in there] == [(200, 5000)] * 2
    await admin.ask("DELETE", path)
    assert (await told(hub, ours))[-1][1]["price"] == 200


async def test_what_a_site_does_not_stock_leaves_its_box_and_comes_back(hub: Running, admin: Client) -> None:
    site = await admin.make_site()
    await begin(hub, site)
    product = (await admin.make_product())["id"]
    await admin.patch(f"/products/{product}/sites/{site}", {"is_stocked": False})
    await admin.patch(f"/products/{product}", {"price": "3"})
    async with hub.core.database.transaction() as connection:
        assert await reference.product_lines(connection, site) == []
    assert {kind for kind, _ in await told(hub, site)} == {"product_gone"}
    await admin.patch(f"/products/{product}/sites/{site}", {"is_stocked": True})
    assert [kind for kind, _ in await told(hub, site)] == ["product_gone"] * 3 + ["product"]
    async with hub.core.database.transaction() as connection:
        assert len(await reference.product_lines(connection, site)) == 1


async def test_each_threshold_says_who_says_so(admin: Client) -> None:
    site = await admin.make_site("hub")
    product = (await admin.make_product(category="Dairy", critical_level="1"))["id"]
    await admin.patch("/thresholds", {"reorder_point": "2"})
    path = f"/products/{product}/sites/{site}"

    async def source(name: str) -> tuple[str, str]:
        body = (await admin.get(path)).body[f"holding_{name}"]
        return body["quantity"], body["source"]

    assert (await source("reorder_point"), await source("critical_level")) == (("2", "chain"), ("1", "product"))
    await admin.patch(f"/sites/{site}", {"reorder_point": "3"})
    assert await source("reorder_point") == ("3", "site")
    said = (await admin.get(f"/sites/{site}")).body
    assert (said["reorder_point"], said["critical_level"]) == ("3", None)
    await admin.patch(path, {"reorder_point": "4"})
    assert await source("reorder_point") == ("4", "site_product")
    await admin.patch(path, {"reorder_point": None})
    assert await source("reorder_point") == ("3", "site")
    await admin.patch(f"/sites/{site}", {"reorder_point": None})
    assert await source("reorder_point") == ("2", "chain")


async def test_values_that_do_not_fit_and_old_versions_are_refused(admin: Client) -> None:
    site = await admin.make_site("hub")
    path = f"/products/{(await admin.make_product(currency='JPY'))['id']}/sites/{site}"
    assert (await admin.patch(path, {"price": "1.5"})).body["code"] == "decimals"
    assert (await admin.patch(path, {"minimum": "5", "maximum": "4"})).body["code"] == "minimum"
    tag = (await admin.patch(path, {"maximum": "4"})).headers["ETag"]
    assert (await admin.patch(path, {"maximum": "5"}, If_Match=tag)).status == 200
    assert (await admin.patch(path, {"maximum": "6"}, If_Match=tag)).status == 412
    assert (await admin.get(f"/products/{site}/sites/{site}")).status == 404


async def test_somebody_sees_a_product_at_their_own_sites_only(hub: Running, admin: Client) -> None:
    mine, other = await admin.make_site("hub"), await admin.make_site("hub")
    product = (await admin.make_product())["id"]
    manager = await hub.add_user("manager", Role.WAREHOUSE_MANAGER, [mine])
    listed = await manager.get(f"/products/{product}/sites")
    assert [each["site_id"] for each in listed.body["items"]] == [mine]
    assert (await manager.patch(f"/products/{product}/sites/{other}", {"price": "1"})).status == 403
    assert len((await admin.get(f"/products/{product}/sites?limit=1")).body["items"]) == 1
