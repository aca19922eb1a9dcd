"""F01, F02, F27: products and barcodes: versions, keys, search, and the change that each write puts on the feed."""

import asyncio
from typing import Any

from cloud_hub.domain.permissions import Role
from tests.integration.hub_web.conftest import Client, Running


async def changes(hub: Running) -> list[dict[str, Any]]:
    async with hub.core.database.transaction() as connection:
        rows = await connection.fetch("SELECT kind, body FROM changes WHERE kind LIKE 'product%' ORDER BY position")
    return [dict(row) for row in rows]


async def test_a_product_is_made_found_edited_and_archived_and_every_store_hears_of_it(
    hub: Running, admin: Client
) -> None:
    made = await admin.make_product(price="1.29", unit_cost=0.79, barcodes=[{"code": "4006381333931"}])
    assert (made["price"], made["unit_cost"], made["barcodes"][0]["code"]) == ("1.29", "0.79", "04006381333931")
    found = await admin.get("/barcode/lookup/4006381333931")
    assert found.body["product"]["id"] == made["id"]
    edited = await admin.patch(f"/products/{made['id']}", {"price": "1.39", "metadata": {"shelf": "A3"}})
    assert (edited.body["price"], edited.body["version"]) == ("1.39", "1-2")
    archived = await admin.ask("DELETE", f"/products/{made['id']}")
    assert archived.body["lifecycle"] == "archived"
    said = await changes(hub)
    assert [change["kind"] for change in said] == ["product", "product", "product_gone"]
    assert [change["body"]["version"] for change in said] == [[1, 1], [1, 2], [1, 3]]
    assert (said[1]["body"]["price"], said[1]["body"]["barcodes"][0]["pack_quantity"]) == (139, 1000)


async def test_an_edit_of_a_version_that_is_no_longer_the_newest_is_refused(admin: Client) -> None:
    product = await admin.make_product()
    tag = (await admin.get(f"/products/{product['id']}")).headers["ETag"]
    edits = [admin.patch(f"/products/{product['id']}", {"name": f"Name {i}"}, If_Match=tag) for i in range(6)]
    statuses = sorted(reply.status for reply in await asyncio.gather(*edits))
    assert statuses == [200] + [412] * 5


async def test_the_same_key_makes_one_product_however_often_and_at_once(hub: Running, admin: Client) -> None:
    body = {"sku": "ONCE", "name": "Once", "barcodes": [{"code": "ABC"}]}
    replies = await asyncio.gather(*(admin.post("/products", body, Idempotency_Key="key-1") for _ in range(8)))
    assert sorted(reply.status for reply in replies) == [200] * 7 + [201]
    assert len({reply.body["id"] for reply in replies}) == 1
    assert all(reply.headers["Idempotency-Replayed"] == "true" for reply in replies if reply.status == 200)
    other = await admin.post("/products", {**body, "name": "Another"}, Idempotency_Key="key-1")
    assert (other.status, other.body["code"]) == (422, "key_reused")
    assert len(await changes(hub)) == 1


async def test_sku_and_barcodes_belong_to_one_product(admin: Client) -> None:
    first = await admin.make_product(barcodes=[{"code": "96385074"}])
    again = await admin.post("/products", {"sku": first["sku"], "name": "x"})
    assert (again.status, again.body["code"]) == (409, "sku_taken")
    taken = await admin.post("/products", {"sku": "other", "name": "x", "barcodes": [{"code": "00000096385074"}]})
    assert (taken.status, taken.body["code"]) == (409, "barcode_taken")
    second = await admin.make_product()
    linked = await admin.post(f"/products/{second['id']}/barcodes", {"code": "96385074"})
    assert (linked.status, linked.body["code"]) == (409, "barcode_taken")
    await admin.ask("DELETE", f"/products/{first['id']}/barcodes/96385074")
    linked = await admin.post(f"/products/{second['id']}/barcodes", {"code": "96385074", "pack_quantity": 6})
    assert (linked.status, linked.body["barcodes"][0]["pack_quantity"]) == (201, "6")


async def test_search_finds_words_skus_and_codes_and_pages_meet_without_gap(admin: Client) -> None:
    made = [await admin.make_product(name=f"Mineral water {number:02d}", category="Drinks") for number in range(7)]
    await admin.make_product(name="Bread", barcodes=[{"code": "4006381333931"}])
    assert len((await admin.get("/products?q=miner%20wat")).body["items"]) == 7
    assert len((await admin.get("/products?q=4006381333931")).body["items"]) == 1
    assert (await admin.get(f"/products?q={made[3]['sku']}")).body["items"][0]["id"] == made[3]["id"]
    assert (await admin.get("/products?q=%25")).body["items"] == []
    seen, path = [], "/products?category=Drinks&limit=3"
    while path:
        reply = await admin.get(path)
        seen += [item["id"] for item in reply.body["items"]]
        cursor = reply.body["next_cursor"]
        assert ("Link" in reply.headers) == (cursor is not None)
        path = f"/products?category=Drinks&limit=3&cursor={cursor}" if cursor else ""
    assert seen == [product["id"] for product in made]
    skipped = await admin.get("/products?category=Drinks&skip=5&limit=2")
    assert [item["id"] for item in skipped.body["items"]] == seen[5:]


async def test_a_merge_patch_clears_with_null_but_not_what_a_product_needs(admin: Client) -> None:
    product = await admin.make_product(price="2", reorder_point="5")
    cleared = await admin.patch(f"/products/{product['id']}", {"price": None, "reorder_point": None})
    assert (cleared.body["price"], cleared.body["reorder_point"]) == (None, None)
    assert (await admin.patch(f"/products/{product['id']}", {"name": None})).status == 422


async def test_a_code_of_a_gtins_length_needs_its_check_digit_and_an_internal_code_none(admin: Client) -> None:
    wrong = {"code": "4006381333932"}
    refused = await admin.post("/products", {"sku": "w", "name": "x", "barcodes": [{"code": "4711"}, wrong]})
    assert (refused.status, refused.body["code"], refused.body["errors"][0]["pointer"]) == (
        422, "check_digit", "/barcodes/1/code",
    )  # fmt: skip
    path = f"/products/{(await admin.make_product())['id']}/barcodes"
    assert (await admin.post(path, wrong)).body["code"] == "check_digit"
    for code in ("4711", "400638133393", "A4006381333932"):
        assert (await admin.post(path, {"code": code})).status == (422 if len(code) == 12 else 201)


async def test_more_decimals_than_a_currency_has_are_refused(admin: Client) -> None:
    reply = await admin.post("/products", {"sku": "yen", "name": "x", "currency": "JPY", "price": "1.50"})
    assert (reply.status, reply.body["code"]) == (422, "decimals")


async def test_staff_read_the_catalogue_and_do_not_write_it(hub: Running, admin: Client) -> None:
    product = await admin.make_product()
    clerk = await hub.add_user("clerk", Role.STAFF)
    assert (await clerk.get(f"/products/{product['id']}")).status == 200
    assert (await clerk.patch(f"/products/{product['id']}", {"name": "x"})).status == 403
