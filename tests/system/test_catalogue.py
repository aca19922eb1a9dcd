"""The catalogue edited on both sides while a store is cut off: what holds, who hears of it, what can be restored.

Real processes: box → MQTT → hub → conflict list → restore → change feed → box.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.calls import call, wait_until
from deploy.local.stack import Stack, Store
from tests.system.chain import Chain, a_chain, code_of, sell

pytestmark = [pytest.mark.system, pytest.mark.timeout(0)]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with a_chain(tmp_path_factory.mktemp("chain"), "north", products=12) as stack:
        yield stack


@pytest.fixture
def north(chain: Chain) -> Store:
    return chain.stores["north"]


def edit(store: Store, product_id: str, **fields: Any) -> Any:
    return told(call("PATCH", f"{store.api}/api/v1/products/{product_id}", fields, token=store.key))


def link(store: Store, code: str, product_id: str) -> Any:
    return told(store.post("/api/v1/barcode/link", {"code": code, "product_id": product_id}))


def told(answer: Any) -> Any:
    assert answer.status in (200, 201), answer
    return answer.body


def in_store(store: Store, product_id: str) -> dict[str, Any]:
    return dict(store.get(f"/api/v1/products/{product_id}").body)


def at_hub(chain: Stack, product_id: str) -> dict[str, Any]:
    return dict(chain.expect("GET", f"/api/v1/products/{product_id}"))


def conflicts_of(chain: Stack, entity_id: str) -> dict[str, Any]:
    """Open conflicts of one product or code, by field."""
    items = chain.expect("GET", "/api/v1/conflicts?state=open")["items"]
    return {each["field"]: each for each in items if each["entity_id"] == entity_id}


def restore(chain: Stack, conflict: dict[str, Any]) -> None:
    chain.expect("POST", f"/api/v1/conflicts/{conflict['id']}/restore")


def meet(chain: Chain, store: Store) -> None:
    store.mend()
    chain.wait_converged()


def test_archived_products_that_a_cut_off_store_edits_come_back_and_one_that_it_only_sells_does_not(
    chain: Chain, north: Store
) -> None:
    renamed, linked, sold = chain.products[:3]
    north.cut()
    for product in (renamed, linked, sold):
        chain.expect("DELETE", f"/api/v1/products/{product['id']}")
    edit(north, renamed["id"], name="Renamed at the shelf")
    link(north, "SHELF-1", linked["id"])
    assert sell(north, sold).status == 201
    meet(chain, north)

    wait_until(lambda: in_store(north, sold["id"])["lifecycle"] == "archived", "the store hears of it")
    wait_until(lambda: in_store(north, linked["id"])["lifecycle"] == "active", "and of what came back")
    assert (at_hub(chain, renamed["id"])["lifecycle"], at_hub(chain, renamed["id"])["name"]) == (
        "active", "Renamed at the shelf",
    )  # fmt: skip
    assert at_hub(chain, sold["id"])["lifecycle"] == "archived"
    assert "SHELF-1" in [each["code"] for each in at_hub(chain, linked["id"])["barcodes"]]

    restore(chain, conflicts_of(chain, linked["id"])["lifecycle"])
    wait_until(lambda: in_store(north, linked["id"])["lifecycle"] == "archived", "archived after all")


def test_a_provisional_product_taken_back_offline_stays_when_head_office_has_accepted_it(
    chain: Chain, north: Store
) -> None:
    made = [
        told(north.post("/api/v1/products", {"sku": f"NEW-{number}", "name": f"New {number}"}))["id"]
        for number in range(2)
    ]
    wait_until(lambda: all(chain.get(f"/api/v1/products/{each}").status == 200 for each in made), "head office has it")
    chain.wait_converged()
    north.cut()
    chain.expect("POST", f"/api/v1/products/{made[0]}/restore")
    for each in made:
        told(call("DELETE", f"{north.api}/api/v1/products/{each}", token=north.key))
    meet(chain, north)

    wait_until(lambda: at_hub(chain, made[1])["lifecycle"] == "archived", "what nobody else touched is gone")
    wait_until(lambda: in_store(north, made[0])["lifecycle"] == "active", "what was accepted is back in the store")
    conflict = conflicts_of(chain, made[0])["lifecycle"]
    assert (conflict["kept"], conflict["lost"], conflict["rule"]) == ("active", "archived", "edit_over_deletion")


def test_fields_go_by_their_policy_and_the_loser_is_restored(chain: Chain, north: Store) -> None:
    made = told(north.post("/api/v1/products", {"sku": "OWN", "name": "Own", "price": "1.00", "reorder_point": "2"}))
    product = made["id"]
    wait_until(lambda: chain.get(f"/api/v1/products/{product}").status == 200, "head office has it")
    chain.wait_converged()
    north.cut()
    chain.expect("PATCH", f"/api/v1/products/{product}", {"name": "Office", "price": "3.00", "reorder_point": "9"})
    edit(north, product, name="First try", price="2.00")
    edit(north, product, name="Store", reorder_point="4")
    meet(chain, north)

    wait_until(lambda: in_store(north, product)["price"] == "3.00", "head office's price is in the store")
    held = at_hub(chain, product)
    assert (held["name"], held["price"], held["reorder_point"]) == ("Store", "3.00", "4")
    lost = conflicts_of(chain, product)
    assert {field: each["lost"] for field, each in lost.items()} == {
        "name": "Office", "price": "2.00", "reorder_point": "9",
    }  # fmt: skip
    for conflict in lost.values():
        restore(chain, conflict)
    restored = {field: each["lost"] for field, each in lost.items()}
    wait_until(lambda: restored.items() <= in_store(north, product).items(), "restored in the store")


def test_codes_of_both_sides_are_kept_and_one_given_twice_is_the_hubs_until_restored(
    chain: Chain, north: Store
) -> None:
    mine, theirs = chain.products[4:6]
    north.cut()
    for code, product in (("OFFICE-1", mine), ("TWICE", theirs)):
        chain.expect("POST", f"/api/v1/products/{product['id']}/barcodes", {"code": code})
    link(north, "STORE-1", mine["id"])
    link(north, "TWICE", mine["id"])
    meet(chain, north)

    def stands_for(code: str) -> Any:
        found = north.get(f"/api/v1/barcode/lookup/{code}")
        return found.body["product"]["id"] if found.status == 200 else None

    wait_until(lambda: stands_for("TWICE") == theirs["id"], "the store sells by head office's word")
    codes = {code_of(mine), "OFFICE-1", "STORE-1"}
    wait_until(lambda: {each["code"] for each in in_store(north, mine["id"])["barcodes"]} == codes, "all codes")
    assert {each["code"] for each in at_hub(chain, mine["id"])["barcodes"]} == codes

    restore(chain, conflicts_of(chain, "TWICE")["product_id"])
    wait_until(lambda: stands_for("TWICE") == mine["id"], "given back with one click")

    north.cut()
    link(north, "TWICE", theirs["id"])
    meet(chain, north)
    wait_until(lambda: "TWICE" in [each["code"] for each in at_hub(chain, theirs["id"])["barcodes"]], "and moved")
    assert conflicts_of(chain, "TWICE") == {}
