"""F08: units promised to somebody are not available to others until they are released or their time is over."""

import asyncio

import pytest

from cloud_hub.domain.permissions import Role
from cloud_hub.services import reserving
from tests.integration.hub_web.conftest import Client, Running

OTHER_ID = "01a1fcc5-f651-7101-8512-e520c8fc5825"
LONG_AFTER_MS = 4_000_000_000_000


@pytest.fixture
async def body(admin: Client) -> dict[str, str]:
    """Ten of a product at a hub-run site, and three of them wanted."""
    body = {"site_id": await admin.make_site("hub"), "product_id": (await admin.make_product())["id"]}
    await admin.post("/inventory/increment", {**body, "quantity": "10"})
    return {**body, "quantity": "3"}


async def figures(client: Client, body: dict[str, str]) -> tuple[str, str, str]:
    (level,) = (await client.get(f"/inventory?site_id={body['site_id']}&product_id={body['product_id']}")).body["items"]
    return level["on_hand"], level["reserved"], level["available"]


async def test_what_is_reserved_is_on_hand_and_not_available_until_it_is_released(
    admin: Client, body: dict[str, str]
) -> None:
    made = await admin.post("/reservations", {**body, "document": "W-17", "note": "click and collect"})
    assert (made.status, made.body["state"], made.body["expires_at"]) == (201, "held", None)
    assert await figures(admin, body) == ("10", "3", "7")
    assert (await admin.get("/reservations?state=held&document=W-17")).body["items"] == [made.body]
    for _ in range(2):
        released = await admin.post(f"/reservations/{made.body['id']}/release")
        assert (released.status, released.body["state"]) == (200, "released")
    assert await figures(admin, body) == ("10", "0", "10")


async def test_no_more_is_promised_than_is_available_however_many_ask_at_once(
    admin: Client, body: dict[str, str]
) -> None:
    replies = await asyncio.gather(*(admin.post("/reservations", body) for _ in range(6)))
    assert sorted(reply.status for reply in replies) == [201] * 3 + [409] * 3
    assert {reply.body["code"] for reply in replies if reply.status == 409} == {"insufficient_stock"}
    assert await figures(admin, body) == ("10", "9", "1")
    seen = {**body, "quantity": "8", "expected_quantity": "10"}
    path = f"/inventory/products/{body['product_id']}"
    del seen["product_id"]
    assert (await admin.ask("PUT", path, seen)).body["code"] == "expected_quantity"
    assert (await admin.ask("PUT", path, {**seen, "expected_quantity": "1"})).status == 201


async def test_one_key_reserves_once(admin: Client, body: dict[str, str]) -> None:
    replies = [await admin.post("/reservations", body, Idempotency_Key="r") for _ in range(3)]
    assert [reply.status for reply in replies] == [201, 200, 200]
    assert {reply.body["id"] for reply in replies} == {replies[0].body["id"]}
    other = await admin.post("/reservations", {**body, "quantity": "4"}, Idempotency_Key="r")
    assert (other.status, other.body["code"]) == (422, "key_reused")


async def test_a_reservation_whose_time_is_over_is_given_back_by_the_clock(
    hub: Running, admin: Client, body: dict[str, str]
) -> None:
    made = (await admin.post("/reservations", {**body, "expires_in_s": 60})).body
    await reserving.expire(hub.core.database, 0)
    assert await figures(admin, body) == ("10", "3", "7")
    await reserving.expire(hub.core.database, LONG_AFTER_MS)
    assert await figures(admin, body) == ("10", "0", "10")
    assert (await admin.get(f"/reservations/{made['id']}")).body["state"] == "expired"


async def test_a_store_decides_on_its_own_reservations(hub: Running, admin: Client, body: dict[str, str]) -> None:
    at_store = {**body, "site_id": await admin.make_site()}
    asked = await admin.post("/reservations", at_store, Idempotency_Key="r")
    assert (asked.status, asked.body["state"]) == (202, "pending")
    command = (await admin.get(f"/commands/{asked.body['command_id']}")).body
    assert (command["kind"], command["body"]["quantity"], command["key"]) == ("reserve", "3", "r")
    early = await admin.post(f"/reservations/{asked.body['id']}/release")
    assert (early.status, early.body["code"]) == (409, "command_pending")
    assert (await admin.post("/reservations", at_store, Idempotency_Key="r")).body["id"] == asked.body["id"]


async def test_reservations_are_seen_and_made_at_ones_own_sites_only(
    hub: Running, admin: Client, body: dict[str, str]
) -> None:
    made = (await admin.post("/reservations", body)).body
    clerk = await hub.add_user("clerk", Role.STAFF, [await admin.make_site("hub")])
    assert (await clerk.get("/reservations")).body["items"] == []
    assert (await clerk.post("/reservations", body)).status == 403
    for path in (made["id"], OTHER_ID):
        assert (await clerk.get(f"/reservations/{path}")).status == 404
        assert (await clerk.post(f"/reservations/{path}/release")).status == 404


async def test_a_product_of_the_assortment_that_never_came_is_out_of_stock_and_to_be_restocked(
    hub: Running, admin: Client, body: dict[str, str]
) -> None:
    never = await admin.make_product(reorder_point="4")
    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO site_products (site_id, product_id, is_stocked, version_epoch, version)"
            " VALUES ($1, $2, true, 1, 1), ($1, $3, true, 1, 1)",
            body["site_id"], never["id"], body["product_id"],
        )  # fmt: skip
    (alert,) = (await admin.get(f"/inventory/restock-alerts?site_id={body['site_id']}")).body["items"]
    assert (alert["product_id"], alert["available"], alert["severity"], alert["locations"]) == (
        never["id"], "0", "out", {},
    )  # fmt: skip
    assert await figures(admin, body) == ("10", "0", "10")


async def test_what_is_on_its_way_from_another_site_is_shown_beside_the_level(
    admin: Client, body: dict[str, str]
) -> None:
    target = await admin.make_site("hub")
    plan = {"from_site": body["site_id"], "to_site": target,
            "lines": [{"product_id": body["product_id"], "quantity": "4"}]}  # fmt: skip
    await admin.post("/inventory/increment", {**body, "site_id": target, "quantity": "1"})
    transfer = (await admin.post("/transfers", plan)).body["id"]
    await admin.post(f"/transfers/{transfer}/ship", {})
    await admin.post(f"/transfers/{transfer}/receive", {"lines": [{**plan["lines"][0], "quantity": "1.5"}]})
    (level,) = (await admin.get(f"/inventory?site_id={target}")).body["items"]
    assert (level["on_hand"], level["in_transit"], level["on_order"]) == ("2.5", "2.5", "0")
    (level,) = (await admin.get(f"/inventory?site_id={body['site_id']}")).body["items"]
    assert (level["on_hand"], level["in_transit"]) == ("6", "0")
