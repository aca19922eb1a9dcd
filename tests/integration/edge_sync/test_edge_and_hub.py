"""The real agent and the real hub as processes: a scan in the store is stock at head office.

One chain of one store for the whole module; each test brings its own product.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.calls import wait_until
from deploy.local.stack import Stack, Store
from sync_protocol.gtin import check_digit

TIMEOUT_S = 30


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if shutil.which("mosquitto") is None:
        pytest.skip("MISSING: mosquitto is not installed, agent and hub are not tested together on it")
    with Stack(tmp_path_factory.mktemp("chain"), broker="mosquitto") as stack:
        yield stack


@pytest.fixture(scope="module")
def store(chain: Stack) -> Store:
    return chain.add_store("market")


@pytest.fixture
def product(chain: Stack, store: Store, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A product of head office that has arrived in the store."""
    number = abs(hash(request.node.name)) % 10**9
    body = f"290{number:09d}"
    code = f"0{body}{check_digit(body)}"
    made = chain.expect(
        "POST", "/api/v1/products",
        {"sku": f"S{number}", "name": f"Product {number}", "price": "1.99", "barcodes": [{"code": code}]},
    )  # fmt: skip
    wait_until(lambda: store.get(f"/api/v1/barcode/lookup/{code}").status == 200,
               "the product is in the store", TIMEOUT_S)  # fmt: skip
    return {**made, "code": code}


def sell(store: Store, product: dict[str, Any], times: int = 1) -> None:
    for _ in range(times):
        answer = store.post("/api/v1/scans", {"code": product["code"], "mode": "sell"})
        assert answer.status == 201, answer.body


def on_hand_at_hub(chain: Stack, store: Store, product: dict[str, Any]) -> str | None:
    path = f"/api/v1/inventory?site_id={store.site_id}&product_id={product['id']}"
    items = chain.get(path).body["items"]
    return items[0]["on_hand"] if items else None


def wait_on_hand(chain: Stack, store: Store, product: dict[str, Any], expected: str) -> None:
    wait_until(lambda: on_hand_at_hub(chain, store, product) == expected, f"{expected} on hand at the hub", TIMEOUT_S)


def test_a_product_of_head_office_is_sold_and_the_stock_is_known_there(
    chain: Stack, store: Store, product: dict[str, Any]
) -> None:
    answer = store.post("/api/v1/scans", {"code": product["code"], "mode": "receive", "quantity": "10"})
    assert answer.status == 201, answer.body

    sell(store, product, 3)

    wait_on_hand(chain, store, product, "7")


def test_a_live_sale_is_visible_within_milliseconds(chain: Stack, store: Store, product: dict[str, Any]) -> None:
    sell(store, product)
    wait_on_hand(chain, store, product, "-1")
    started = time.monotonic()

    sell(store, product)
    wait_until(lambda: on_hand_at_hub(chain, store, product) == "-2", "the sale", TIMEOUT_S, every_s=0.001)

    assert time.monotonic() - started < 2


def test_a_cut_store_sells_on_and_catches_up(chain: Stack, store: Store, product: dict[str, Any]) -> None:
    store.cut()
    wait_until(lambda: store.sync()["state"] != "streaming", "the cut is noticed", 60)
    sell(store, product, 50)
    assert on_hand_at_hub(chain, store, product) in (None, "0")

    store.mend()

    wait_on_hand(chain, store, product, "-50")
    wait_until(lambda: store.sync()["pending"] == 0, "the box knows it", TIMEOUT_S)


def test_a_price_change_arrives_while_the_store_is_selling(chain: Stack, store: Store, product: dict[str, Any]) -> None:
    chain.expect("PATCH", f"/api/v1/products/{product['id']}", {"price": "2.49"},
                 headers={"If-Match": f'"{product["version"]}"'} if "version" in product else {})  # fmt: skip

    wait_until(
        lambda: store.get(f"/api/v1/products/{product['id']}").body.get("price") == "2.49", "the price", TIMEOUT_S
    )


def test_an_adjustment_of_head_office_is_executed_by_the_store(
    chain: Stack, store: Store, product: dict[str, Any]
) -> None:
    body = {"site_id": store.site_id, "product_id": product["id"], "delta": "5", "reason": "correction"}
    answer = chain.post("/api/v1/inventory/adjust", body, headers={"Idempotency-Key": f"adjust-{product['id']}"})
    assert answer.status == 202, answer.body

    wait_on_hand(chain, store, product, "5")


def test_a_store_takes_in_what_head_office_ordered_and_head_office_has_the_receipt(
    chain: Stack, store: Store, product: dict[str, Any]
) -> None:
    vendor = chain.expect("POST", "/api/v1/vendors", {"name": f"Vendor of {product['sku']}"})["id"]
    line = {"product_id": product["id"], "quantity": "6", "unit_price": "1.5"}
    order = chain.expect(
        "POST", "/api/v1/purchase-orders", {"site_id": store.site_id, "vendor_id": vendor, "lines": [line]}
    )
    for step in ("approve", "send"):
        chain.expect("POST", f"/api/v1/purchase-orders/{order['id']}/{step}")
    wait_until(lambda: order["number"] in [each["number"] for each in expected(store)], "the order", TIMEOUT_S)

    came = {"order": order["number"], "lines": [{"product_id": product["id"], "quantity": "6", "damaged": "1"}]}
    answer = store.post("/api/v1/receipts", came)
    assert answer.status == 201, answer.body

    path = f"/api/v1/receipts?order_id={order['id']}"
    wait_until(lambda: chain.get(path).body["items"], "the receipt", TIMEOUT_S)
    (receipt,) = chain.get(path).body["items"]
    assert [(each["quantity"], each["damaged"], each["outcome"]) for each in receipt["lines"]] == [
        ("6", "1", "as_expected"),
    ]  # fmt: skip
    assert chain.get(f"/api/v1/purchase-orders/{order['id']}").body["state"] == "received"
    wait_until(lambda: order["number"] not in [each["number"] for each in expected(store)], "its end", TIMEOUT_S)


def expected(store: Store) -> list[dict[str, Any]]:
    return list(store.get("/api/v1/purchase-orders").body["items"])


def test_a_look_up_tells_what_other_stores_have_and_as_of_when(
    chain: Stack, store: Store, product: dict[str, Any]
) -> None:
    branch = chain.add_store("branch")
    wait_until(lambda: branch.get(f"/api/v1/barcode/lookup/{product['code']}").status == 200, "the product", TIMEOUT_S)
    for each, quantity in ((branch, "9"), (store, "4")):
        answer = each.post("/api/v1/scans", {"code": product["code"], "mode": "receive", "quantity": quantity})
        assert answer.status == 201, answer.body
        wait_on_hand(chain, each, product, quantity)
    path = f"/api/v1/inventory/products/{product['id']}/elsewhere"

    (there,) = store.get(path).body["items"]
    (here,) = branch.get(path).body["items"]

    assert (there["site_id"], there["available"]) == (branch.site_id, "9")
    wait_until(lambda: store.get(path).body["items"][0]["site_name"] == "Store branch", "its name", TIMEOUT_S)
    there["site_name"] = "Store branch"
    assert (here["site_id"], here["on_hand"], here["as_of"]["is_live"]) == (store.site_id, "4", True)
    assert there["as_of"]["position"] == branch.sync()["head"]
    assert store.get(f"/api/v1/inventory?product_id={product['id']}").body["as_of"]["site_id"] == store.site_id
    chain.hub.kill()
    kept = store.get(path).body
    chain.hub.start()
    assert (kept["items"], kept["told_at"] is None) == ([there], False)


def test_an_agent_killed_while_selling_loses_and_doubles_nothing(
    chain: Stack, store: Store, product: dict[str, Any]
) -> None:
    sell(store, product, 20)
    store.kill()
    store.start()
    sell(store, product, 5)

    wait_on_hand(chain, store, product, "-25")


def test_a_killed_hub_comes_back_to_a_store_that_sold_on(chain: Stack, store: Store, product: dict[str, Any]) -> None:
    chain.hub.kill()
    sell(store, product, 10)
    chain.hub.start()

    wait_on_hand(chain, store, product, "-10")


def test_a_replaced_box_knows_the_lots_that_its_predecessor_knew(
    chain: Stack, product: dict[str, Any], tmp_path: Path
) -> None:
    old = chain.add_store("corner")
    wait_until(lambda: old.get(f"/api/v1/products/{product['id']}").status == 200, "the product", TIMEOUT_S)
    first, second = {"lot": "A", "expiry": "2027-01-10"}, {"lot": "B", "expiry": "2027-03-10"}
    rows: list[dict[str, Any]] = [
        {"reason": "receipt", "quantity": "4"}, {"reason": "receipt", "quantity": "5", **first},
        {"reason": "receipt", "quantity": "10", **second}, {"reason": "sale", "quantity": "2"},
        {"reason": "relocation", "quantity": "5", "to": "backroom"},
        {"reason": "damage", "quantity": "1", "lot": "B"}, {"reason": "receipt", "quantity": "1.5", "lot": "C"},
    ]  # fmt: skip
    movements = [{"product_id": product["id"], **row} for row in rows]
    assert old.post("/api/v1/inventory/movements", {"movements": movements}).status == 201
    wait_until(lambda: old.sync()["pending"] == 0, "head office has them", TIMEOUT_S)
    known = lots_of(old, product)
    old.stop()

    new = Store(chain, "corner-2", old.site_id, tmp_path / "corner-2")
    new.enrol(chain.expect("POST", "/api/v1/enrolment-codes", {"site_id": old.site_id})["code"])
    new.start()
    try:
        assert lots_of(new, product) == known
        assert {(each["location"], each["lot"], each["quantity"]) for each in known} == {
            ("backroom", "A", "3"), ("backroom", "B", "2"), ("shelf", "B", "7"), ("shelf", "C", "1.5"),
            ("shelf", None, "4"),
        }  # fmt: skip
    finally:
        new.close()


def lots_of(store: Store, product: dict[str, Any]) -> list[dict[str, Any]]:
    return list(store.get(f"/api/v1/inventory/lots?product_id={product['id']}").body["items"])


def test_both_ends_prove_their_ledgers(chain: Stack, store: Store, product: dict[str, Any]) -> None:
    sell(store, product, 2)
    wait_on_hand(chain, store, product, "-2")

    chain.cloud_hub("verify")
    store.stop()
    command = [sys.executable, "-m", "edge_agent", "--data", str(store.folder), "verify"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    store.start()

    assert (done.returncode, done.stdout) == (0, "0 problems\n"), done.stderr
