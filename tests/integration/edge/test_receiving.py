"""F10, B09: a store sees the orders it expects and takes deliveries in, with the WAN down, blind if it is told to."""

import sqlite3
from typing import Any

from edge_agent.services.applying import apply_change
from edge_agent.storage import catalogue, identity, ledger
from sync_protocol import changes
from sync_protocol.records import Fact, decode
from tests.integration.edge.conftest import PRODUCTS, Api

MILK, TEA = PRODUCTS[0].product_id, PRODUCTS[1].product_id


def an_order(version: tuple[int, int] = (1, 2), received: int = 0) -> changes.Order:
    return changes.Order(
        order_id="01a1fcc5-f651-7101-8512-e520c8fc5825", version=version, number="PO-000007", state="sent",
        vendor="Dairy", expected_on="2026-12-01", lines=[(MILK, 5000, received)],
    )  # fmt: skip


async def expect_order(api: Api) -> None:
    await api.database.write(apply_change, changes.change(an_order()), 0)


async def test_a_delivery_is_received_against_its_order_good_and_damaged_apart(api: Api) -> None:
    await expect_order(api)
    (order,) = (await api.get("/purchase-orders"))["items"]
    assert (order["number"], order["expected_on"], order["lines"]) == (
        "PO-000007", "2026-12-01", [{"product_id": MILK, "quantity": "5", "received": "0"}],
    )  # fmt: skip
    came = {"order": "PO-000007", "lines": [{"product_id": MILK, "quantity": "4", "damaged": "1", "lot": "L1"},
                                            {"product_id": TEA, "quantity": "2", "location": "backroom"}]}  # fmt: skip
    first = await api.post("/receipts", came, key="delivery")
    assert len(first["movement_ids"]) == 3
    assert (await api.post("/receipts", came, key="delivery"))["movement_ids"] == first["movement_ids"]
    moved = (await api.get(f"/inventory/products/{MILK}/history"))["items"]
    assert {(row["quantity"], row["to"], row["document"], row["reason"]) for row in moved} == {
        ("4", "shelf", "PO-000007", "receipt"), ("1", "hold", "PO-000007", "receipt"),
    }  # fmt: skip


async def test_what_is_no_open_order_or_no_delivery_is_refused(api: Api) -> None:
    line = {"product_id": MILK, "quantity": "1"}
    for body, status, code in (
        ({"order": "PO-000009", "lines": [line]}, 404, "purchase_order"),
        ({"lines": [{**line, "quantity": "0"}]}, 422, "nothing_came"),
        ({"lines": [{**line, "product_id": "nothing"}]}, 404, "product"),
        ({"lines": []}, 422, "nothing_came"),
    ):
        got, answer = await api.call("POST", "/receipts", body)
        assert (got, answer["code"]) == (status, code), body
    assert (await api.post("/receipts", {"document": "D-1", "lines": [line]}))["document"] == "D-1"


async def test_who_receives_blind_is_told_no_quantity(api: Api) -> None:
    await expect_order(api)
    await api.database.write(catalogue.set_settings, {"blind_receiving": True})
    (order,) = (await api.get("/purchase-orders"))["items"]
    assert order["lines"] == [{"product_id": MILK, "quantity": None, "received": None}]


async def test_what_was_taken_in_and_head_office_has_not_heard_of_is_received_and_not_on_order(api: Api) -> None:
    await expect_order(api)
    assert await on_order(api) == "5"
    came = {"order": "PO-000007", "lines": [{"product_id": MILK, "quantity": "2", "damaged": "1"}]}
    await api.post("/receipts", came)
    (order,) = (await api.get("/purchase-orders"))["items"]
    assert (order["lines"][0]["received"], await on_order(api)) == ("2", "3")

    def heard(connection: sqlite3.Connection) -> None:
        identity.save_ack(connection, ledger.head(connection)[0], 0)
        apply_change(connection, changes.change(an_order(version=(1, 3), received=2000)), 0)

    await api.database.write(heard)
    (order,) = (await api.get("/purchase-orders"))["items"]
    assert (order["lines"][0]["received"], await on_order(api)) == ("2", "3")
    await api.database.write(catalogue.set_settings, {"blind_receiving": True})
    assert await on_order(api) is None


async def on_order(api: Api) -> Any:
    (level,) = (await api.get(f"/inventory?product_id={MILK}"))["items"]
    return level["on_order"]


async def test_a_restock_without_an_order_is_booked_once_and_all_goods_that_came_can_be_looked_up(api: Api) -> None:
    body = {"quantity": "3", "location": "backroom", "document": "DN 4"}
    first = await api.post(f"/products/{MILK}/restock", body, key="van")
    assert (first["level"], await api.post(f"/products/{MILK}/restock", body, key="van")) == ("3", first)
    await api.post(f"/products/{TEA}/restock", {"quantity": "1"})
    await api.post("/inventory/adjust", {"product_id": MILK, "delta": "1", "reason": "correction"})
    rows = (await api.get("/restocks"))["items"]
    assert [(row["product_id"], row["quantity"], row["to"], row["document"]) for row in rows] == [
        (MILK, "3", "backroom", "DN 4"), (TEA, "1", "shelf", None),
    ]  # fmt: skip
    assert len((await api.get(f"/restocks?product_id={TEA}"))["items"]) == 1
    assert (await api.call("POST", f"/products/{MILK}/restock", {"quantity": "0"}))[0] == 422


async def test_what_differs_from_the_order_is_told_line_by_line_with_its_reason(api: Api) -> None:
    await expect_order(api)
    came = {"order": "PO-000007", "is_all": True, "lines": [
        {"product_id": TEA, "quantity": "2", "reason": "wrong_item", "note": "not ours"},
    ]}  # fmt: skip
    found = await api.post("/receipts", came, key="van")
    assert [(line["product_id"], line["expected"], line["difference"], line["reason"]) for line in found["lines"]] == [
        (TEA, "0", "unordered", "wrong_item"), (MILK, "5", "short", None),
    ]  # fmt: skip
    kept = await api.get(f"/receipts/{found['receipt_id']}")
    assert kept["lines"] == found["lines"]
    assert [each["receipt_id"] for each in (await api.get("/receipts"))["items"]] == [found["receipt_id"]]
    assert (await api.get(f"/receipts?before={found['receipt_id']}"))["items"] == []
    told = [decode(row) for row in await api.database.read(ledger.read_encoded, 1, 99)]
    (fact,) = [record.body for record in told if isinstance(record, Fact) and record.kind == "receipt"]
    assert (fact["order"], len(fact["lines"]), fact["lines"][0]["reason"]) == ("PO-000007", 2, "wrong_item")
    (task,) = (await api.get("/tasks"))["items"]
    assert task["rule"] == "receipt_variance"
    assert task["detail"] == (
        f"PO-000007: {PRODUCTS[1].name}, 2 that nobody ordered, wrong item; {PRODUCTS[0].name}, 5 fewer than ordered"
    )
    assert (await api.call("GET", "/receipts/nothing"))[1]["code"] == "receipt"


async def test_lines_of_two_lots_share_what_was_expected_of_their_product(api: Api) -> None:
    await expect_order(api)
    lines = [{"product_id": MILK, "quantity": "2", "lot": "A"}, {"product_id": MILK, "quantity": "4", "lot": "B"}]
    found = await api.post("/receipts", {"order": "PO-000007", "lines": lines})
    assert [(line["expected"], line["difference"]) for line in found["lines"]] == [("2", "as_expected"), ("3", "over")]


async def test_the_task_of_a_long_delivery_names_what_differs_first_and_how_much_else_does(api: Api) -> None:
    await expect_order(api)
    lines = [{"product_id": MILK, "quantity": "17.5"}, *({"product_id": TEA, "quantity": "0", "damaged": "1"},) * 7]
    await api.post("/receipts", {"order": "PO-000007", "lines": lines})
    (task,) = (await api.get("/tasks"))["items"]
    assert task["detail"].startswith(
        f"PO-000007: {PRODUCTS[0].name}, 12.5 more than ordered; {PRODUCTS[1].name}, 1 dama"
    )
    assert task["detail"].endswith("; 3 more lines")


async def test_an_order_of_which_nothing_came_is_a_receipt_too(api: Api) -> None:
    await expect_order(api)
    found = await api.post("/receipts", {"order": "PO-000007", "is_all": True})
    assert ([line["difference"] for line in found["lines"]], found["movement_ids"]) == (["short"], [])


async def test_scenario_9_a_blind_receipt_tells_what_was_ordered_only_once_it_is_booked(api: Api) -> None:
    await expect_order(api)
    await api.database.write(catalogue.set_settings, {"blind_receiving": True})
    came = {"order": "PO-000007", "lines": [{"product_id": TEA, "quantity": "1.25", "damaged": "0.5"}]}
    asked = ["/purchase-orders", f"/inventory?product_id={MILK}", "/tasks"]
    assert "'5'" not in str([await api.get(path) for path in asked])

    booked = await api.post("/receipts", came | {"is_all": True})

    assert [(line["expected"], line["difference"]) for line in booked["lines"]] == [("0", "unordered"), ("5", "short")]
    assert booked["lines"] == (await api.get(f"/receipts/{booked['receipt_id']}"))["lines"]
    assert "'5'" not in str([await api.get(path) for path in asked])
