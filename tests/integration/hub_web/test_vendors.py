"""F12 vendors, F13 their prices per product, F14 their comparison, over the API."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from cloud_hub.domain.permissions import Role
from tests.integration.hub_web.conftest import Client, Running


async def make_vendor(client: Client, **fields: Any) -> dict[str, Any]:
    reply = await client.post("/vendors", {"name": f"Vendor {uuid4().hex[:6]}", **fields})
    assert reply.status == 201, reply.body
    return dict(reply.body)


def day(offset: int) -> str:
    return (datetime.now(UTC) + timedelta(days=offset)).date().isoformat()


async def test_a_vendor_is_made_found_edited_and_archived(admin: Client) -> None:
    body = {
        "name": "Acme Supplies", "contact_email": "sales@acme.com", "contact_phone": "+1-555-0100",
        "address": "123 Main St, City, State 12345", "code": "ACME",
    }  # fmt: skip
    made = await admin.post("/vendors", body)
    assert made.status == 201
    assert {name: made.body[name] for name in body} == body
    path = made.headers["Location"].removeprefix("/api/v1")
    for q in ("acme", "SUPPL", "sales@"):
        assert [each["id"] for each in (await admin.get(f"/vendors?q={q}")).body["items"]] == [made.body["id"]]
    assert (await admin.get("/vendors?q=%25")).body["items"] == []
    edited = await admin.patch(path, {"contact_phone": None, "address": "Elsewhere"})
    assert (edited.body["contact_phone"], edited.body["address"], edited.body["version"]) == (None, "Elsewhere", "1-2")
    assert (await admin.patch(path, {"name": None})).status == 422
    assert (await admin.ask("PUT", path, {"name": "Acme"})).body["contact_email"] == "sales@acme.com"
    assert (await admin.ask("DELETE", path)).body["lifecycle"] == "archived"
    assert (await admin.get("/vendors?lifecycle=active")).body["items"] == []
    assert (await admin.get(path)).body["name"] == "Acme"


async def test_an_edit_of_a_version_that_is_no_longer_the_newest_is_refused(admin: Client) -> None:
    vendor = await make_vendor(admin)
    path = f"/vendors/{vendor['id']}"
    tag = (await admin.get(path)).headers["ETag"]
    edits = [admin.patch(path, {"name": f"Name {i}"}, If_Match=tag) for i in range(6)]
    assert sorted(reply.status for reply in await asyncio.gather(*edits)) == [200] + [412] * 5


async def test_the_same_key_makes_one_vendor_and_a_code_belongs_to_one(admin: Client) -> None:
    body = {"name": "Once", "code": "ONCE"}
    replies = await asyncio.gather(*(admin.post("/vendors", body, Idempotency_Key="v-1") for _ in range(6)))
    assert sorted(reply.status for reply in replies) == [200] * 5 + [201]
    assert len({reply.body["id"] for reply in replies}) == 1
    again = await admin.post("/vendors", {**body, "name": "Twice"}, Idempotency_Key="v-1")
    assert (again.status, again.body["code"]) == (422, "key_reused")
    taken = await admin.post("/vendors", body)
    assert (taken.status, taken.body["code"]) == (409, "code_taken")
    other = await make_vendor(admin)
    assert (await admin.patch(f"/vendors/{other['id']}", {"code": "ONCE"})).body["code"] == "code_taken"


async def test_vendors_page_without_gap_or_repetition(admin: Client) -> None:
    made = {(await make_vendor(admin, name=f"Paged {number % 3}"))["id"] for number in range(7)}
    seen, path = [], "/vendors?q=paged&limit=3"
    while path:
        page = (await admin.get(path)).body
        seen += [row["id"] for row in page["items"]]
        path = f"/vendors?q=paged&limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert len(seen) == 7
    assert set(seen) == made


async def test_a_price_of_the_documents_is_set_replaced_and_followed_by_a_later_one(admin: Client) -> None:
    vendor, product = await make_vendor(admin, currency="USD"), await admin.make_product()
    path = f"/vendors/{vendor['id']}/prices"
    body = {"product_id": product["id"], "unit_price": 12.99, "lead_time_days": 7, "minimum_order_quantity": 10}
    made = await admin.post(path, body)
    assert (made.status, made.body["unit_price"], made.body["currency"]) == (201, "12.99", "USD")
    assert (made.body["minimum_order_quantity"], made.body["valid_from"]) == ("10", day(0))
    assert (await admin.post(path, {**body, "unit_price": "12.4999"})).status == 200
    await admin.post(path, {**body, "unit_price": "11", "valid_from": day(30)})
    every = (await admin.get(path)).body["items"]
    assert [price["unit_price"] for price in every] == ["12.4999", "11.00"]
    for when, price in ((0, "12.4999"), (29, "12.4999"), (30, "11.00")):
        (held,) = [
            row for row in (await admin.get(f"{path}?on={day(when)}")).body["items"] if row["valid_from"] <= day(when)
        ][-1:]
        assert held["unit_price"] == price


async def test_prices_of_a_vendor_page_by_product_and_day(admin: Client) -> None:
    vendor = await make_vendor(admin)
    path = f"/vendors/{vendor['id']}/prices"
    for _ in range(3):
        product = (await admin.make_product())["id"]
        for start in (0, 5):
            await admin.post(path, {"product_id": product, "unit_price": "1", "valid_from": day(start)})
    seen, page_path = [], f"{path}?limit=2"
    while page_path:
        page = (await admin.get(page_path)).body
        seen += [(row["product_id"], row["valid_from"]) for row in page["items"]]
        page_path = f"{path}?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert len(seen) == 6
    assert seen == sorted(set(seen))
    other = (await admin.get("/vendors?limit=1")).body["next_cursor"]
    assert (await admin.get(f"{path}?cursor={other}")).status == 404


async def test_a_batch_of_prices_is_taken_whole_or_row_by_row_as_asked(admin: Client) -> None:
    vendor, product = await make_vendor(admin), (await admin.make_product())["id"]
    path = f"/vendors/{vendor['id']}/prices"
    good = {"product_id": product, "unit_price": "3"}
    bad = {**good, "product_id": str(uuid4())}
    late = {**good, "valid_from": day(3), "valid_until": day(2)}
    whole = await admin.post(f"{path}/batch", {"prices": [good, bad]})
    assert (whole.status, whole.body["code"]) == (404, "product")
    assert (await admin.get(path)).body["items"] == []
    body = {"prices": [good, bad, late, {**good, "unit_price": "4"}], "error_policy": "reject_failed"}
    part = await admin.post(f"{path}/batch", body)
    assert (part.status, part.body["accepted"]) == (200, 2)
    assert [row["status"] for row in part.body["results"]] == ["made", "refused", "refused", "replaced"]
    assert [row["code"] for row in part.body["results"]] == [None, "product", "days", None]
    assert [price["unit_price"] for price in (await admin.get(path)).body["items"]] == ["4.00"]


async def test_an_archived_vendor_takes_no_price_and_is_in_no_comparison(admin: Client) -> None:
    vendor, product = await make_vendor(admin), (await admin.make_product())["id"]
    path, body = f"/vendors/{vendor['id']}/prices", {"product_id": product, "unit_price": "3"}
    await admin.post(path, body)
    await admin.ask("DELETE", f"/vendors/{vendor['id']}")
    refused = await admin.post(path, body)
    assert (refused.status, refused.body["code"]) == (409, "archived")
    assert (await admin.get(f"/products/{product}/vendors")).body["items"] == []


async def test_the_vendors_of_a_product_are_ranked_for_the_quantity_asked_for(admin: Client) -> None:
    product = (await admin.make_product())["id"]
    near, far, gone = [await make_vendor(admin, name=name) for name in ("Near", "Far", "Gone")]
    for vendor, price in (
        (near, {"unit_price": "1.20"}),
        (far, {"unit_price": "1.00", "freight_per_order": "30", "order_multiple": 12, "lead_time_days": 9}),
        (gone, {"unit_price": "0.10", "valid_from": day(-9), "valid_until": day(-1)}),
    ):
        assert (await admin.post(f"/vendors/{vendor['id']}/prices", {"product_id": product, **price})).status == 201
    few = (await admin.get(f"/products/{product}/vendors?quantity=10")).body
    assert [(row["vendor_name"], row["rank"], row["order_quantity"]) for row in few["items"]] == [
        ("Near", 1, "10"),
        ("Far", 2, "12"),
    ]
    assert (few["items"][1]["total"], few["items"][1]["landed_unit_cost"]) == ("42.00", "3.50")
    assert "2 more than asked" in few["items"][1]["reason"]
    many = (await admin.get(f"/products/{product}/vendors?quantity=1200")).body
    assert [row["vendor_name"] for row in many["items"]] == ["Far", "Near"]
    assert (await admin.get(f"/products/{uuid4()}/vendors")).status == 404


async def test_a_vendor_that_no_longer_offers_a_product_has_no_price_for_it(admin: Client) -> None:
    vendor, product = await make_vendor(admin), (await admin.make_product())["id"]
    path = f"/vendors/{vendor['id']}/prices"
    await admin.post(path, {"product_id": product, "unit_price": "3"})
    assert (await admin.ask("DELETE", f"{path}/{product}")).status == 204
    assert (await admin.ask("DELETE", f"{path}/{product}")).status == 404
    assert (await admin.get(f"/products/{product}/vendors")).body["items"] == []


async def test_store_managers_read_vendors_and_staff_do_not_see_what_goods_cost(hub: Running, admin: Client) -> None:
    vendor = await make_vendor(admin)
    manager = await hub.add_user("manager", Role.STORE_MANAGER)
    clerk = await hub.add_user("clerk", Role.STAFF)
    assert (await manager.get(f"/vendors/{vendor['id']}")).status == 200
    assert (await manager.patch(f"/vendors/{vendor['id']}", {"name": "x"})).status == 403
    assert (await clerk.get(f"/vendors/{vendor['id']}")).status == 403
