"""F05, F07, F08: increments, decrements, levels set by compare-and-set, and the list of commands to stores."""

import asyncio

import pytest

from tests.integration.hub_web.conftest import Client


@pytest.fixture
async def body(admin: Client) -> dict[str, str]:
    """A product at a hub-run site."""
    return {"site_id": await admin.make_site("hub"), "product_id": (await admin.make_product())["id"]}


async def test_increments_and_decrements_are_positive_and_say_what_the_location_holds(
    admin: Client, body: dict[str, str]
) -> None:
    up = await admin.post("/inventory/increment", {**body, "quantity": "10", "reason": "receipt"})
    assert (up.status, up.body["quantity"]) == (201, "10")
    down = await admin.post("/inventory/decrement", {**body, "quantity": 2.5, "reason": "damage", "note": "wet"})
    assert (down.status, down.body["quantity"]) == (201, "7.5")
    for path in ("increment", "decrement"):
        for quantity in ("0", "-1", 0, "x"):
            reply = await admin.post(f"/inventory/{path}", {**body, "quantity": quantity})
            assert reply.status == 422, (path, quantity)
    wrong = await admin.post("/inventory/decrement", {**body, "quantity": "1", "reason": "receipt"})
    assert wrong.status == 422
    product = body["product_id"]
    (lost,) = (await admin.get(f"/inventory/products/{product}/history?reason=damage&actor=admin")).body["items"]
    assert (lost["from_location"], lost["to_location"], lost["note"]) == ("shelf", "shrinkage", "wet")
    assert (await admin.get(f"/inventory/products/{product}/history?actor=nobody")).body["items"] == []


async def test_of_64_clients_that_take_at_once_as_many_succeed_as_there_are_units(
    admin: Client, body: dict[str, str]
) -> None:
    await admin.post("/inventory/increment", {**body, "quantity": "50"})
    replies = await asyncio.gather(*(admin.post("/inventory/decrement", {**body, "quantity": "1"}) for _ in range(64)))
    assert sorted(reply.status for reply in replies) == [201] * 50 + [409] * 14
    assert {reply.body["code"] for reply in replies if reply.status == 409} == {"insufficient_stock"}
    (level,) = (await admin.get(f"/inventory?site_id={body['site_id']}")).body["items"]
    assert level["on_hand"] == "0"


async def test_a_product_whose_policy_allows_it_goes_below_zero(admin: Client) -> None:
    site, product = await admin.make_site("hub"), await admin.make_product(negative_policy="allow")
    body = {"site_id": site, "product_id": product["id"], "quantity": "1"}
    down = await admin.post("/inventory/decrement", body)
    assert (down.status, down.body["quantity"]) == (201, "-1")


async def test_a_level_is_set_as_a_correction_only_if_it_is_what_the_caller_saw(
    admin: Client, body: dict[str, str]
) -> None:
    path = f"/inventory/products/{body['product_id']}"
    first = await admin.ask("PUT", path, {"site_id": body["site_id"], "quantity": "5"})
    assert (first.status, first.body["quantity"]) == (201, "5")
    same = await admin.ask("PUT", path, {"site_id": body["site_id"], "quantity": "5"})
    assert (same.status, same.body["movement_id"]) == (200, None)
    lower = {"site_id": body["site_id"], "quantity": "3", "expected_quantity": "5"}
    assert (await admin.ask("PUT", path, lower)).status == 201
    stale = await admin.ask("PUT", path, {**lower, "quantity": "9"})
    assert (stale.status, stale.body["code"]) == (409, "expected_quantity")
    history = (await admin.get(f"{path}/history")).body["items"]
    assert {row["reason"] for row in history} == {"correction"}


async def test_commands_to_stores_are_listed_by_state_kind_and_product(admin: Client) -> None:
    site, product, other = await admin.make_site(), await admin.make_product(), await admin.make_product()
    asked = [
        await admin.post(f"/inventory/{path}", {"site_id": site, "product_id": each["id"], "quantity": "1"})
        for path, each in (("increment", product), ("decrement", product), ("decrement", other))
    ]
    assert {reply.status for reply in asked} == {202}
    ids = [reply.body["id"] for reply in asked]
    listed = (await admin.get(f"/commands?site_id={site}&status=pending&kind=adjust")).body["items"]
    assert [row["id"] for row in listed] == ids[::-1]
    of_one = (await admin.get(f"/commands?product_id={other['id']}")).body["items"]
    assert [row["id"] for row in of_one] == ids[2:]
    assert (await admin.get(f"/commands?site_id={site}&status=done")).body["items"] == []
    page = (await admin.get("/commands?limit=2")).body
    rest = (await admin.get(f"/commands?limit=2&cursor={page['next_cursor']}")).body
    assert [row["id"] for row in page["items"] + rest["items"]] == ids[::-1]


async def test_what_is_left_of_an_archived_product_is_counted_or_taken_away_and_never_added_to(admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    here = {"site_id": site, "product_id": product}
    await admin.post("/inventory/increment", {**here, "quantity": "5"})
    await admin.ask("DELETE", f"/products/{product}")

    assert (await admin.post("/inventory/increment", {**here, "quantity": "1"})).body["code"] == "archived"
    assert (await admin.post("/inventory/decrement", {**here, "quantity": "2"})).status == 201
    assert (await admin.ask("PUT", f"/inventory/products/{product}", {"site_id": site, "quantity": "0"})).status == 201
