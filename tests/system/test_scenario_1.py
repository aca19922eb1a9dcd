"""F03, B01, scenario 1: a store alone for 14 days, by the calls that its screen makes; then head office has it all.

The box boots without head office, works through 14 days of its clock, boots again in the middle, and does whatever
a store does. Some of the sales of each day are beeps of the screen, the rest comes from a till in batches; as a soak
all of them are beeps.
"""

import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.local.calls import Answer, wait_until
from deploy.local.stack import Store
from tests.system.chain import (
    a_chain,
    assert_equal_to_the_unit,
    code_of,
    hub_on_hand,
    hub_rows,
    on_hand,
    sales,
    sell,
)
from tests.system.clocks import LIBFAKETIME, a_clock, set_clock

pytestmark = [pytest.mark.system, pytest.mark.timeout(0)]

DAYS, SALES, RECEIPTS, TRANSFERS = 14, 5_000, 40, 6
COUNTED_ON = (3, 10)
A_WEEK = 7
Products = list[dict[str, Any]]


@pytest.mark.parametrize("beeps_a_day", [20, pytest.param(SALES // DAYS, marks=pytest.mark.soak)])
async def test_scenario_1_a_store_alone_for_14_days_ends_equal_to_the_unit(tmp_path: Path, beeps_a_day: int) -> None:
    with a_chain(tmp_path, "north", "south") as stack:
        north, south, products = stack.stores["north"], stack.stores["south"], stack.products
        _add_person(stack.expect, north)
        north.stop()
        north.cut()
        clock = tmp_path / "clock"
        north.environment = _clock(clock)
        north.start()
        sold: Counter[str] = Counter()
        for day in range(DAYS):
            if LIBFAKETIME is not None:
                set_clock(clock, f"+{day}d")
            if day == A_WEEK:
                north.stop()
                north.start()
                every_flow_works(north, south, products[-1])
            sold += _a_day(north, south, products[:-1], day, beeps_a_day)
        sold += sales(north, products[:-1], SALES - sum(sold.values()), "till-1")
        assert north.sync()["acked"] <= 1, "head office has heard of none of it"
        alerts = {alert["id"] for alert in north.get("/api/v1/alerts").body["items"]}
        north.mend()

        stack.wait_converged(120)
        await assert_equal_to_the_unit(stack, north)
        assert sum(sold.values()) == SALES
        for product in products:
            assert hub_on_hand(stack, north, product) == on_hand(north, product)
        count = "SELECT reason, count(*) AS n FROM movements WHERE reason = ANY($1) GROUP BY reason"
        rows = await hub_rows(stack, count, ["sale", "receipt", "transfer_out"])
        told = {row["reason"]: row["n"] for row in rows}
        assert told == {"sale": SALES + 1, "receipt": RECEIPTS + 2, "transfer_out": TRANSFERS + 1}, "with every flow's"
        raised = await hub_rows(stack, "SELECT count(*) AS n, count(DISTINCT alert_id) AS ids FROM alerts")
        assert raised[0]["n"] == raised[0]["ids"] >= len(alerts) > 0


def _clock(file: Path) -> dict[str, str]:
    if LIBFAKETIME is None:
        warnings.warn("14 DAYS OF THE CLOCK NOT PROVEN: libfaketime is missing (apt install faketime)", stacklevel=2)
        return {}
    return a_clock(file, "+0d")


def _a_day(north: Store, south: Store, products: Products, day: int, beeps: int) -> Counter[str]:
    """Deliveries, transfers and counts spread over the days, and some beeps; what was sold."""
    for number in range(RECEIPTS * day // DAYS, RECEIPTS * (day + 1) // DAYS):
        _done(north.post("/api/v1/receipts", {"document": f"note {number}", "lines": [
            {"product_id": products[number % len(products)]["id"], "quantity": "200"},
        ]}))  # fmt: skip
    for number in range(TRANSFERS * day // DAYS, TRANSFERS * (day + 1) // DAYS):
        lines = [{"product_id": products[number]["id"], "quantity": "3"}]
        _done(north.post("/api/v1/transfers", {"to_site": south.site_id, "lines": lines}))
    if day in COUNTED_ON:
        _counted(north, products[day], "311")
    sold: Counter[str] = Counter()
    for number in range(beeps):
        product = products[number % len(products)]
        _done(sell(north, product, key=f"beep-{day}-{number}"))
        sold[product["id"]] += 1
    return sold


def every_flow_works(store: Store, other: Store, product: dict[str, Any]) -> None:
    """Whatever people do at the screen, once; each leaves the stock of `product` told."""
    api, one = "/api/v1", {"product_id": product["id"], "quantity": "1"}
    _done(store.post(f"{api}/auth/login", {"username": "anna", "pin": "4071"}, headers={"Origin": store.api}))
    _done(store.post(f"{api}/products/{product['id']}/restock", {"quantity": "30"}))
    sold = _done(sell(store, product))
    _done(store.post(f"{api}/scans/undo", {"position": sold["position"]}))
    plan = _done(store.post(f"{api}/assistant/plans", {"actions": [{"kind": "add", **_of(product, "2")}]}))
    _done(store.post(f"{api}/assistant/plans/{plan['id']}/confirm", {}))
    sent = _done(store.post(f"{api}/transfers", {"to_site": other.site_id, "lines": [one]}))
    assert sent["transfer_id"]
    came = "01a1fcc5-f651-7101-8512-e520c8fc5825"
    _done(store.post(f"{api}/transfers/{came}/receive", {"from_site": other.site_id, "lines": [one]}))
    _done(store.post(f"{api}/inventory/adjust", {"product_id": product["id"], "delta": "-4", "reason": "damage"}))
    _counted(store, product, "25")
    new = _done(store.post(f"{api}/products", {"sku": "SHELF-1", "name": "Found on the shelf"}))
    _done(store.post(f"{api}/barcode/link", {"code": "found-1", "product_id": new["id"], "pack_quantity": "1"}))
    _done(store.post(f"{api}/barcode/scan", {"code": code_of(product)}))
    for path in (
        "sync", "tasks", "alerts", "count-plan", "reports/day", "inventory/lots", "stocktakes", "transfers", "receipts",
        "purchase-orders", f"inventory/products/{product['id']}/history", "printers", "scanners", "sites",
    ):  # fmt: skip
        assert store.get(f"{api}/{path}").status == 200, path
    elsewhere = store.get(f"{api}/inventory/products/{product['id']}/elsewhere").body
    assert (elsewhere["items"], elsewhere["is_current"]) == ([], False)
    assert on_hand(store, product) == 25


def _of(product: dict[str, Any], quantity: str) -> dict[str, str]:
    return {"product": product["sku"], "quantity": quantity}


def _counted(store: Store, product: dict[str, Any], counted: str) -> None:
    """A cycle count of one product, closed."""
    path = "/api/v1/stocktakes"
    asked = {"kind": "cycle", "product_ids": [product["id"]], "blind": False}
    stocktake = _done(store.post(path, asked))["stocktake_id"]
    line = {"product_id": product["id"], "location": "shelf", "counted": counted}
    _done(store.post(f"{path}/{stocktake}/lines", line))
    _done(store.post(f"{path}/{stocktake}/close", {}))


def _done(answer: Answer) -> Any:
    assert answer.status in (200, 201), answer
    return answer.body


def _add_person(expect: Callable[..., Any], store: Store) -> None:
    """Somebody who may log in at the store with the hub out of reach."""
    person = {"username": "anna", "password": "a long enough password", "role": "staff", "site_ids": [store.site_id]}
    made = expect("POST", "/api/v1/users", person)
    expect("PUT", f"/api/v1/users/{made['id']}/pin", {"pin": "4071"})

    def lets_in() -> bool:
        login = {"username": "anna", "pin": "4071"}
        return bool(store.post("/api/v1/auth/login", login, headers={"Origin": store.api}).status == 200)

    wait_until(lets_in, "the store knows who works there", 60, every_s=1)
