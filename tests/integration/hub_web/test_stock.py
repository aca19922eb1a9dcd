"""F03–F06: changing and reading stock: at a hub-run site at once, at a store by a command to its box."""

import asyncio

from cloud_hub.domain.permissions import Role
from tests.integration.hub_web.conftest import Client, Running


async def on_hand(client: Client, site: str, product: str) -> str | None:
    items = (await client.get(f"/inventory?site_id={site}&product_id={product}")).body["items"]
    return items[0]["on_hand"] if items else None


async def test_a_hub_run_site_changes_at_once_and_its_history_says_how(admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product(price="2.50"))["id"]
    received = await admin.post(
        "/inventory/adjust", {"site_id": site, "product_id": product, "delta": "10.5", "reason": "receipt"}
    )
    assert (received.status, received.body["quantity"], received.body["position"]) == (201, "10.5", 2)
    lost = await admin.post(
        "/inventory/adjust",
        {"site_id": site, "product_id": product, "delta": -3, "reason": "theft", "note": "seen by staff"},
    )
    assert (lost.status, lost.body["quantity"]) == (201, "7.5")
    history = (await admin.get(f"/inventory/products/{product}/history")).body["items"]
    assert [(row["quantity"], row["from_location"], row["to_location"], row["reason"]) for row in history] == [
        ("3", "shelf", "shrinkage", "theft"),
        ("10.5", "supplier", "shelf", "receipt"),
    ]
    assert (history[0]["actor"], history[0]["note"]) == ("admin", "seen by staff")
    as_of = (await admin.get(f"/inventory?site_id={site}")).body["as_of"][0]
    assert (as_of["position"] >= 3, as_of["is_live"]) == (True, True)


async def test_below_zero_is_refused_and_nothing_is_changed(admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    reply = await admin.post(
        "/inventory/adjust", {"site_id": site, "product_id": product, "delta": "-1", "reason": "correction"}
    )
    assert (reply.status, reply.body["code"]) == (409, "insufficient_stock")
    assert await on_hand(admin, site, product) is None


async def test_an_adjustment_without_a_reason_is_refused_as_at_the_stores(admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    for reason in ({}, {"reason": ""}):
        body = {"site_id": site, "product_id": product, "delta": "1", **reason}
        refused = await admin.post("/inventory/adjust", body)
        assert (refused.status, refused.body["errors"][0]["pointer"].startswith("/reason")) == (422, True)


async def test_set_to_moves_the_difference_and_nothing_when_there_is_none(admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    body = {"site_id": site, "product_id": product, "set_to": "5", "reason": "correction"}
    assert [(await admin.post("/inventory/adjust", body)).status for _ in range(2)] == [201, 200]
    lower = await admin.post("/inventory/adjust", {**body, "set_to": "2"})
    assert (lower.status, lower.body["quantity"]) == (201, "2")
    stale = await admin.post("/inventory/adjust", {**body, "set_to": "9", "expected_quantity": "5"})
    assert (stale.status, stale.body["code"]) == (409, "expected_quantity")


async def test_what_is_available_may_be_below_what_an_alert_can_say(admin: Client) -> None:
    site, product = await admin.make_site("hub"), await admin.make_product(negative_policy="allow", reorder_point="5")
    body = {"site_id": site, "product_id": product["id"]}
    assert (await admin.post("/inventory/increment", {**body, "quantity": "100"})).status == 201
    assert (await admin.post("/reservations", {**body, "quantity": "39"})).status == 201
    least = {**body, "set_to": "-999999999999", "reason": "correction"}
    assert (await admin.post("/inventory/adjust", least)).status == 201


async def test_one_key_has_one_effect_however_often_and_at_once(admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    body = {"site_id": site, "product_id": product, "delta": "4", "reason": "receipt"}
    replies = await asyncio.gather(
        *(admin.post("/inventory/adjust", body, Idempotency_Key="delivery-7") for _ in range(10))
    )
    assert {reply.body["movement_id"] for reply in replies} == {replies[0].body["movement_id"]}
    assert {reply.status for reply in replies} <= {200, 201}
    assert await on_hand(admin, site, product) == "4"
    again = await admin.post("/inventory/adjust", body, Idempotency_Key="delivery-7")
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    other = await admin.post("/inventory/adjust", {**body, "delta": "5"}, Idempotency_Key="delivery-7")
    assert (other.status, other.body["code"]) == (422, "key_reused")


async def test_many_at_once_on_one_product_add_up(admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    body = {"site_id": site, "product_id": product, "delta": "1", "reason": "receipt"}
    replies = await asyncio.gather(*(admin.post("/inventory/adjust", body) for _ in range(50)))
    assert [reply.status for reply in replies] == [201] * 50
    assert await on_hand(admin, site, product) == "50"


async def test_a_batch_is_taken_whole_or_row_by_row_as_asked(admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    receipt = {
        "product_id": product, "quantity": "5", "from_location": "supplier", "to_location": "backroom",
        "reason": "receipt",
    }  # fmt: skip
    sale = {**receipt, "quantity": "9", "from_location": "shelf", "to_location": "customer", "reason": "sale"}
    whole = await admin.post("/inventory/movements", {"site_id": site, "movements": [receipt, sale]})
    assert (whole.status, whole.body["code"]) == (409, "insufficient_stock")
    assert await on_hand(admin, site, product) is None
    body = {"site_id": site, "movements": [receipt, sale], "error_policy": "reject_failed"}
    part = await admin.post("/inventory/movements", body)
    assert (part.status, part.body["accepted"]) == (201, 1)
    assert [row["code"] for row in part.body["results"]] == [None, "insufficient_stock"]
    wrong = await admin.post("/inventory/movements", {"site_id": site, "movements": [{**receipt, "reason": "sale"}]})
    assert (wrong.status, wrong.body["code"]) == (409, "route")


async def test_a_change_at_a_store_is_a_command_that_is_pending_until_its_box_answers(admin: Client) -> None:
    site, product = await admin.make_site(), (await admin.make_product())["id"]
    body = {"site_id": site, "product_id": product, "delta": "-2", "reason": "damage"}
    asked = await admin.post("/inventory/adjust", body, Idempotency_Key="k")
    assert (asked.status, asked.body["status"]) == (202, "pending")
    assert (await admin.ask("GET", asked.headers["Location"].removeprefix("/api/v1"))).body == asked.body
    again = await admin.post("/inventory/adjust", body, Idempotency_Key="k")
    assert (again.body["id"], again.headers["Idempotency-Replayed"]) == (asked.body["id"], "true")
    other = await admin.post("/inventory/adjust", {**body, "delta": "-3"}, Idempotency_Key="k")
    assert (other.status, other.body["code"]) == (422, "key_reused")
    movement = {**body, "quantity": "1", "from_location": "shelf", "to_location": "shrinkage"}
    del movement["delta"], movement["site_id"]
    direct = await admin.post("/inventory/movements", {"site_id": site, "movements": [movement]})
    assert (direct.status, direct.body["code"]) == (409, "site_has_a_box")


async def test_a_pending_decrease_is_not_available_and_a_pending_increase_not_yet_there(
    hub: Running, admin: Client
) -> None:
    site, product = await admin.make_site(), (await admin.make_product())["id"]
    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO levels VALUES ($1, $2, 'shelf', 10000), ($1, $2, 'hold', 1000)", site, product
        )
    for delta in ("-4", "7"):
        await admin.post(
            "/inventory/adjust", {"site_id": site, "product_id": product, "delta": delta, "reason": "correction"}
        )
    (level,) = (await admin.get(f"/inventory?site_id={site}")).body["items"]
    assert (level["on_hand"], level["hold"], level["pending"], level["available"]) == ("11", "1", "4", "6")


async def test_low_stock_is_at_or_below_the_reorder_point_and_alerts_once(admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product(reorder_point="5"))["id"]
    body = {"site_id": site, "product_id": product, "reason": "correction"}
    for quantity, listed in (("6", 0), ("5", 1), ("4", 1), ("6", 0)):
        await admin.post("/inventory/adjust", {**body, "set_to": quantity})
        low = (await admin.get("/products/low-stock")).body["items"]
        assert len(low) == listed, quantity
        advised = (await admin.get(f"/inventory/restock-alerts?site_id={site}")).body["items"]
        assert low == [{name: row[name] for name in low[0]} for row in advised]
    alerts = (await admin.get(f"/alerts?site_id={site}")).body["items"]
    assert [(alert["rule"], alert["state"]) for alert in alerts if alert["available"] in ("5", "6")] == [
        ("low_stock", "resolved")
    ]


async def test_a_write_without_a_site_goes_to_ones_only_site_else_to_the_default(hub: Running, admin: Client) -> None:
    first, second = await admin.make_site("hub"), await admin.make_site("hub")
    product = (await admin.make_product())["id"]
    clerk = await hub.add_user("clerk", Role.STAFF, [second])
    body = {"product_id": product, "delta": "1", "reason": "receipt"}
    assert (await clerk.post("/inventory/adjust", body)).body["site_id"] == second
    assert (await admin.post("/inventory/adjust", body)).body["site_id"] == first
    assert await on_hand(clerk, second, product) == "1"


async def test_movements_page_without_gap_or_repetition(admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    for _ in range(7):
        await admin.post(
            "/inventory/adjust", {"site_id": site, "product_id": product, "delta": "1", "reason": "correction"}
        )
    seen, path = [], f"/inventory/movements?site_id={site}&limit=3"
    while path:
        page = (await admin.get(path)).body
        seen += [row["position"] for row in page["items"]]
        cursor = page["next_cursor"]
        path = f"/inventory/movements?site_id={site}&limit=3&cursor={cursor}" if cursor else ""
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 7
    assert (await admin.get("/inventory/movements?since=2100-01-01T00:00:00Z")).body["items"] == []
