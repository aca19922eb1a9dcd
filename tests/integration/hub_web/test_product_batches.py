"""F01, F39: many products in one request, made or changed by SKU, each row with its own result."""

from cloud_hub.domain.permissions import Role
from tests.integration.hub_web.conftest import Client, Running


async def test_rows_make_and_change_products_and_the_same_again_changes_nothing(hub: Running, admin: Client) -> None:
    known = await admin.make_product(price="1", metadata={"kept": True})
    body = {
        "products": [
            {"sku": known["sku"], "price": "2", "barcodes": [{"code": "4006381333931"}]},
            {"sku": "NEW-1", "name": "New", "category": "Toys", "reorder_threshold": 4},
        ]
    }
    first = await admin.post("/products/batch", body)
    assert [row["outcome"] for row in first.body["results"]] == ["changed", "created"]
    assert [row["outcome"] for row in (await admin.post("/products/batch", body)).body["results"]] == ["unchanged"] * 2
    changed = (await admin.get(f"/products/{known['id']}")).body
    assert (changed["price"], changed["metadata"], len(changed["barcodes"])) == ("2.00", {"kept": True}, 1)
    made = (await admin.get("/products?sku=NEW-1")).body["items"][0]
    assert (made["reorder_point"], made["category"], made["lifecycle"]) == ("4", "Toys", "active")
    async with hub.core.database.transaction() as connection:
        assert await connection.fetchval("SELECT count(*) FROM changes WHERE kind = 'product'") == 3


async def test_one_refused_row_refuses_all_or_only_itself_as_the_policy_says(admin: Client) -> None:
    taken = await admin.make_product(barcodes=[{"code": "4711"}])
    rows = [{"sku": "A", "name": "A"}, {"sku": "B"}, {"sku": "C", "name": "C", "barcodes": [{"code": "4711"}]}]
    refused = await admin.post("/products/batch", {"products": rows})
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/products/1/name")
    assert (await admin.get("/products?sku=A")).body["items"] == []
    partly = await admin.post("/products/batch", {"products": rows, "error_policy": "reject_failed"})
    assert (partly.status, partly.body["accepted"]) == (200, 1)
    assert [row["code"] for row in partly.body["results"]] == [None, "name", "barcode_taken"]
    assert (await admin.get("/products?sku=C")).body["items"] == []
    assert (await admin.get(f"/products/{taken['id']}")).body["version"] == "1-1"


async def test_people_without_the_permission_are_refused(hub: Running) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    assert (await clerk.post("/products/batch", {"products": [{"sku": "S", "name": "x"}]})).status == 403
