"""The acceptance scenarios of FEATURES section 8 as a user would play them, on whole processes."""

import json
import shutil
from pathlib import Path

import pytest

from deploy.local.calls import wait_until
from deploy.local.stack import Store
from tests.system.chain import (
    a_chain,
    assert_equal_to_the_unit,
    hub_on_hand,
    hub_rows,
    on_hand,
    receive,
    sales,
    sell,
)

pytestmark = pytest.mark.timeout(300)


async def test_scenario_1_a_store_offline_for_14_days_ends_equal_to_the_unit(tmp_path: Path) -> None:
    """5,000 sales, 40 receipts, 6 transfers, 2 cycle counts without the hub; no alert is sent twice."""
    with a_chain(tmp_path, "north", "south") as stack:
        north, south = stack.stores["north"], stack.stores["south"]
        products = stack.products  # type: ignore[attr-defined]
        north.cut()

        for number in range(40):
            assert receive(north, products[number % 20], "200").status == 201
        sold = sales(north, products, 5_000, "till-1")
        for number in range(6):
            answer = north.post("/api/v1/transfers", {
                "to_site": south.site_id, "lines": [{"product_id": products[number]["id"], "quantity": "3"}],
            })  # fmt: skip
            assert answer.status == 201, answer
        for number in (0, 7):
            _count(north, products[number], "111")
        north.mend()

        stack.wait_converged(120)
        await assert_equal_to_the_unit(stack, north)
        assert on_hand(north, products[0]) == 111
        assert sum(sold.values()) == 5_000
        alerts = await hub_rows(stack, "SELECT count(*) AS n, count(DISTINCT alert_id) AS ids FROM alerts")
        assert alerts[0]["n"] == alerts[0]["ids"]


async def test_scenario_2_killing_the_agent_in_mid_sale_loses_nothing_acknowledged(tmp_path: Path) -> None:
    with a_chain(tmp_path, "north") as stack:
        north = stack.stores["north"]
        product = stack.products[0]  # type: ignore[attr-defined]
        acknowledged = 0
        for kill in range(4):
            for number in range(25):
                acknowledged += sell(north, product, key=f"{kill}-{number}").status == 201
            north.kill()
            north.start()

        stack.wait_converged()
        assert on_hand(north, product) == -acknowledged
        await assert_equal_to_the_unit(stack, north)


async def test_scenario_4_a_count_stands_whatever_arrives_later(tmp_path: Path) -> None:
    """A count of 95; two earlier sales from a handheld arrive later: stock stays 95, the variance is revised."""
    with a_chain(tmp_path, "north") as stack:
        north = stack.stores["north"]
        product = stack.products[0]  # type: ignore[attr-defined]
        receive(north, product, "100")
        seen = north.sync()["head"]
        _count(north, product, "95")
        assert on_hand(north, product) == 95

        for counter, elapsed_ms in ((1, 1_000), (2, 864_000_000)):
            answer = sell(north, product, key=f"handheld-{counter}", handheld={
                "device": "zebra-1", "counter": counter, "seen_position": seen, "elapsed_ms": elapsed_ms,
                "until_position": seen,
            })  # fmt: skip
            assert answer.status == 201, answer

        assert on_hand(north, product) == 95
        stack.wait_converged()
        assert hub_on_hand(stack, north, product) == 95
        await assert_equal_to_the_unit(stack, north)


async def test_scenario_6_of_two_boxes_with_one_identity_the_second_is_fenced(tmp_path: Path) -> None:
    with a_chain(tmp_path, "north") as stack:
        north = stack.stores["north"]
        product = stack.products[0]  # type: ignore[attr-defined]
        sell(north, product)
        stack.wait_converged()
        north.stop()
        shutil.copytree(north.folder, tmp_path / "clone")
        clone = Store(stack, "clone", north.site_id, tmp_path / "clone")
        try:
            north.start()
            sell(north, product)
            stack.wait_converged()
            clone.start()
            for number in range(3):
                assert sell(clone, product, key=f"clone-{number}").status == 201, "a fenced box works on locally"

            wait_until(lambda: clone.sync()["state"] in ("fenced", "salvaging"), "the clone is fenced")
            assert hub_on_hand(stack, north, product) == -2, "nothing merges silently"
        finally:
            clone.close()


async def test_scenario_10_a_transfer_whose_receipt_is_seen_first_ends_right(tmp_path: Path) -> None:
    with a_chain(tmp_path, "north", "south") as stack:
        north, south = stack.stores["north"], stack.stores["south"]
        product = stack.products[0]  # type: ignore[attr-defined]
        receive(north, product, "10")
        stack.wait_converged()
        north.cut()
        south.cut()
        sent = north.post("/api/v1/transfers", {
            "to_site": south.site_id, "lines": [{"product_id": product["id"], "quantity": "4"}],
        })  # fmt: skip
        transfer = sent.body["transfer_id"]
        taken = south.post(f"/api/v1/transfers/{transfer}/receive", {
            "from_site": north.site_id, "lines": [{"product_id": product["id"], "quantity": "4"}],
        })  # fmt: skip
        assert (sent.status, taken.status) == (201, 201), (sent, taken)

        south.mend()
        wait_until(lambda: hub_on_hand(stack, south, product) == 4, "the hub has seen the receipt")
        north.mend()

        stack.wait_converged()
        assert (hub_on_hand(stack, north, product), hub_on_hand(stack, south, product)) == (6, 4)
        in_transit = await hub_rows(
            stack, "SELECT sum(quantity) AS q FROM levels WHERE location = $1", f"transit:{transfer}"
        )
        assert in_transit[0]["q"] == 0


def _count(store: Store, product: dict[str, object], counted: str) -> None:
    opened = store.post("/api/v1/stocktakes", {"name": "cycle"})
    assert opened.status == 201, opened
    stocktake = opened.body["stocktake_id"]
    line = {"product_id": product["id"], "location": "shelf", "counted": counted}
    answer = store.post(f"/api/v1/stocktakes/{stocktake}/lines", line)
    assert answer.status == 201, answer
    closed = store.post(f"/api/v1/stocktakes/{stocktake}/close", {})
    assert closed.status == 200, json.dumps(closed.body)
