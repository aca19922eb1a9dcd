"""F01, F03, F07: a product with what a site holds of it; levels named by a write are posted, never overwritten."""

from typing import Any

from cloud_hub.domain.permissions import Role
from tests.integration.hub_web.conftest import Client, Running


async def reasons(admin: Client, product_id: str) -> list[tuple[str, str]]:
    rows = (await admin.get(f"/inventory/movements?product_id={product_id}")).body["items"]
    return [(row["reason"], row["quantity"]) for row in reversed(rows)]


async def test_a_new_product_comes_with_opening_stock_and_a_level_in_a_put_is_posted_as_a_correction(
    admin: Client,
) -> None:
    site = await admin.make_site("hub")
    body = {"sku": "WDG-001", "name": "Widget A", "category": "Electronics", "current_stock": 100,
            "reorder_threshold": 20, "unit_cost": 12.99}  # fmt: skip
    made = await admin.post("/products", body, Idempotency_Key="once")
    assert made.status == 201
    assert (made.body["current_stock"], made.body["reorder_threshold"], made.body["unit_cost"]) == (
        "100",
        "20",
        "12.99",
    )
    again = await admin.post("/products", body, Idempotency_Key="once")
    assert (again.status, again.body["current_stock"]) == (200, "100")
    path = f"/products/{made.body['id']}"
    changed = await admin.ask("PUT", path, {"current_stock": 150, "reorder_threshold": 25})
    assert (changed.status, changed.body["current_stock"], changed.body["reorder_point"]) == (200, "150", "25")
    await admin.ask("PUT", path, {"current_stock": 150})
    assert await reasons(admin, made.body["id"]) == [("opening", "100"), ("correction", "50")]
    stock = (await admin.get(f"{path}?site_id={site}")).body["stock"]
    assert (stock["site_id"], stock["available"], stock["reorder_point"], stock["severity"]) == (
        site,
        "150",
        "25",
        "ok",
    )


async def test_a_level_named_for_a_store_is_a_command_that_only_its_box_decides(admin: Client) -> None:
    store = await admin.make_site("edge")
    product = await admin.make_product()
    asked = await admin.ask("PUT", f"/products/{product['id']}", {"current_stock": 7, "name": "New", "site_id": store})
    assert (asked.status, asked.body["status"]) == (202, "pending")
    assert asked.headers["Location"] == f"/api/v1/commands/{asked.body['id']}"
    found = (await admin.get(f"/products/{product['id']}")).body
    assert (found["name"], found["current_stock"]) == ("New", "0")


async def test_a_list_sums_the_sites_that_the_caller_may_see(hub: Running, admin: Client) -> None:
    first, second = await admin.make_site("hub"), await admin.make_site("hub")
    product = (await admin.make_product())["id"]
    for site, quantity in ((first, "3"), (second, "4")):
        await admin.post("/inventory/increment", {"product_id": product, "site_id": site, "quantity": quantity})
    manager = await hub.add_user("manager", Role.STORE_MANAGER, [second])

    async def listed(who: Client, more: str = "") -> Any:
        return (await who.get(f"/products?q=SKU{more}")).body["items"][0]["current_stock"]

    assert (await listed(admin), await listed(manager)) == ("7", "4")
    assert (await listed(admin, f"&site_id={first}"), await listed(admin, "&stock=false")) == ("3", None)
    assert (await manager.get(f"/products?site_id={first}")).status == 403
    assert (await manager.get(f"/products/{product}")).body["current_stock"] == "4"
    assert (await manager.get(f"/products/{product}?site_id={first}")).status == 403


async def test_a_key_for_products_alone_sees_no_stock_and_sets_none(hub: Running, admin: Client) -> None:
    await admin.make_site("hub")
    product = (await admin.make_product(current_stock="5"))["id"]
    made = await admin.post("/api-keys", {"name": "shop", "scopes": ["products.read", "products.write"]})
    key = Client(hub.session, hub.url, made.body["key"])
    seen = (await key.get(f"/products/{product}")).body
    assert (seen["current_stock"], seen["stock"]) == (None, None)
    refused = await key.ask("PUT", f"/products/{product}", {"name": "x", "current_stock": 1})
    assert (refused.status, (await key.get(f"/products/{product}")).body["name"]) == (403, seen["name"])


async def test_one_product_with_its_stock_is_one_statement(hub: Running, admin: Client) -> None:
    await admin.make_site("hub")
    product = (await admin.make_product(current_stock="5"))["id"]
    asked: list[str] = []
    found = hub.core.reads._idle
    for connection in found:
        if connection is not None:
            connection.add_query_logger(lambda record: asked.append(record.query))
    for _ in range(3):
        assert (await admin.get(f"/products/{product}")).body["current_stock"] == "5"
    assert len(asked) == 3


async def test_products_are_found_by_words_in_any_order_without_accents_and_by_the_beginning_of_a_code(
    admin: Client,
) -> None:
    cream = await admin.make_product(name="Crème brûlée Dubois", barcodes=[{"code": "4006381333931"}])
    other = await admin.make_product(name="Brule parfait", sku="WDG-0017")
    for text in ("brulee creme", "CRÈME", "dub bru", "400638", "4006381333931", cream["sku"]):
        items = (await admin.get(f"/products?q={text}")).body["items"]
        assert [item["id"] for item in items] == [cream["id"]], text
    for text in ("wdg-00", "0017", "parf"):
        assert [item["id"] for item in (await admin.get(f"/products?search={text}")).body["items"]] == [other["id"]]
    assert (await admin.get("/products?q=%27%3A*%20%26")).body["items"] == []


async def test_filters_and_orders_combine_and_pages_go_on_in_the_order_asked_for(admin: Client) -> None:
    made = [
        await admin.make_product(
            name=f"Thing {n}", price=str(n), metadata={"colour": "red" if n % 2 else "blue", "n": n}
        )
        for n in range(6)
    ]
    ids = [each["id"] for each in made]

    async def found(query: str) -> list[str]:
        reply = await admin.get(f"/products?{query}")
        assert reply.status == 200, reply.body
        return [item["id"] for item in reply.body["items"]]

    assert await found("metadata[colour]=red&sort=-name") == [ids[5], ids[3], ids[1]]
    assert await found("metadata[colour]=red&metadata[n]=3") == [ids[3]]
    assert await found("price[gte]=2&price[lte]=4") == ids[2:5]
    assert await found("updated_since=2026-01-01T00:00:00Z&sort=updated_at&q=thing") == ids
    assert await found("updated_at[lte]=2020-01-01T00:00:00Z") == []
    page = await admin.get("/products?sort=-updated_at&limit=4")
    rest = await admin.get(f"/products?sort=-updated_at&limit=4&cursor={page.body['next_cursor']}")
    assert [item["id"] for item in [*page.body["items"], *rest.body["items"]]] == ids[::-1]
    for wrong in ("sort=colour", "metadata[]=x", "colour[x]=1", "price[gt]=1", "q=a&search=b"):
        assert (await admin.get(f"/products?{wrong}")).status == 422, wrong


async def test_what_a_site_does_not_stock_is_not_in_its_assortment(admin: Client) -> None:
    site = await admin.make_site("hub")
    kept, gone = await admin.make_product(name="Kept"), await admin.make_product(name="Gone")
    await admin.patch(f"/products/{gone['id']}/sites/{site}", {"is_stocked": False})
    listed = await admin.get(f"/products?stocked_at={site}")
    assert [item["id"] for item in listed.body["items"]] == [kept["id"]]


async def test_a_scan_only_resolves_and_a_link_names_its_product(admin: Client) -> None:
    product = (await admin.make_product())["id"]
    linked = await admin.post("/barcode/link", {"barcode": "012345678905", "product_id": product})
    assert (linked.status, linked.body["barcodes"][0]["code"]) == (200, "00012345678905")
    scanned = await admin.post("/barcode/scan", {"barcode": "012345678905"})
    assert (scanned.body["product"]["id"], scanned.body["pack_quantity"]) == (product, "1")
    assert (await admin.post("/barcode/scan", {"barcode": "404"})).status == 404


async def test_an_archived_product_comes_back(admin: Client) -> None:
    path = f"/products/{(await admin.make_product())['id']}"
    assert (await admin.ask("DELETE", path)).body["lifecycle"] == "archived"
    assert (await admin.post(f"{path}/restore")).body["lifecycle"] == "active"
