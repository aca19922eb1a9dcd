"""Databases put back from a backup while the chain trades: nothing that anybody still holds is lost or doubled."""

import shutil
import sys
from pathlib import Path

import pytest

from deploy.local.calls import wait_until
from deploy.local.stack import Store
from tests.system.chain import (
    Chain,
    a_chain,
    assert_equal_to_the_unit,
    hub_on_hand,
    hub_rows,
    on_hand,
    sell,
    wait_equal,
)
from tests.system.commands import run
from tests.system.tills import Till, assert_nothing_lost_or_doubled, trading

pytestmark = [pytest.mark.system, pytest.mark.timeout(0)]


async def test_a_hub_restored_from_an_older_backup_gets_everything_again_under_a_new_epoch(tmp_path: Path) -> None:
    with a_chain(tmp_path, "north", "south") as stack:
        tills = [Till(store, stack.products, store.name) for store in stack.stores.values()]
        product = stack.products[0]
        for till in tills:
            for _ in range(20):
                assert till.sell_one()
        stack.wait_converged()
        file = tmp_path / "hub.backup"
        stack.cloud_hub("backup", str(file), "--verify")
        epoch = await _epoch(stack)
        with trading(tills):
            stack.expect("PATCH", f"/api/v1/products/{product['id']}", {"price": "7.77"})
            wait_until(
                lambda: all(_price(store, product) == "7.77" for store in stack.stores.values()), "the price arrived"
            )
            stack.hub.stop()
            stack.postgres.create_database("restored")
            environment = {"HUB_DATABASE_URL": stack.postgres.url("restored")}
            stack.cloud_hub("restore", str(file), **environment)
            _use_database(stack, "restored")
            stack.hub.start()
        for store in stack.stores.values():
            wait_equal(stack, store, 90)
            await assert_nothing_lost_or_doubled(stack, store, tills)
        assert await _epoch(stack) > epoch
        wait_until(lambda: _hub_price(stack, product) == "7.77", "the stores handed back the price that the hub forgot")
        assert "0 problem" in stack.cloud_hub("verify")


async def test_a_store_restored_from_a_backup_is_fenced_confirmed_and_goes_on(tmp_path: Path) -> None:
    """Its sales after the backup are at the hub already; those after the restore are adopted, once."""
    with a_chain(tmp_path, "north") as stack:
        north, product = stack.stores["north"], stack.products[0]
        _sell(north, product, "before", 3)
        stack.wait_converged()
        agent(north, "backup", str(tmp_path / "north.backup"))
        _sell(north, product, "after", 4)
        stack.wait_converged()
        north.stop()
        agent(north, "restore", str(tmp_path / "north.backup"))
        north.cut()
        north.start()
        _sell(north, product, "restored", 5)
        north.mend()
        wait_until(lambda: north.sync()["state"] in ("fenced", "salvaging"), "the restored box is fenced")
        assert hub_on_hand(stack, north, product) == -7, "nothing merges silently"

        confirm_and_adopt(stack, north, expected_records=5)

        wait_until(
            lambda: on_hand(north, product) == hub_on_hand(stack, north, product) == -12, "all twelve are sold once"
        )
        wait_equal(stack, north)
        await assert_equal_to_the_unit(stack, north)


async def test_a_cloned_box_is_fenced_and_its_own_sales_can_be_adopted(tmp_path: Path) -> None:
    """Scenario 6 to its end: the survivor is confirmed, the clone's branch is adopted once."""
    with a_chain(tmp_path, "north") as stack:
        north, product = stack.stores["north"], stack.products[0]
        _sell(north, product, "both", 1)
        stack.wait_converged()
        north.stop()
        shutil.copytree(north.folder, tmp_path / "clone")
        clone = Store(stack, "clone", north.site_id, tmp_path / "clone")
        try:
            north.start()
            _sell(north, product, "original", 2)
            stack.wait_converged()
            clone.start()
            _sell(clone, product, "clone", 3)
            wait_until(lambda: clone.sync()["state"] in ("fenced", "salvaging"), "the clone is fenced")
            wait_until(
                lambda: sum(b["records"] for b in _branches(stack)) >= 3, "the clone's own records wait as a branch"
            )
        finally:
            clone.close()

        confirm_and_adopt(stack, north, expected_records=3)

        wait_until(lambda: on_hand(north, product) == hub_on_hand(stack, north, product) == -6, "all six are sold once")
        wait_equal(stack, north)
        await assert_equal_to_the_unit(stack, north)


def confirm_and_adopt(stack: Chain, store: Store, expected_records: int, timeout_s: float = 90) -> None:
    """What a person at head office does about a fenced box, until it has caught up as a successor."""
    before = store.sync()["origin_id"]
    wait_until(
        lambda: sum(b["records"] for b in _branches(stack)) >= expected_records, "the branch is at the hub", timeout_s
    )
    device = store.sync()["device_id"]
    stack.expect("POST", f"/api/v1/devices/{device}/confirm-survivor")
    wait_until(lambda: store.sync()["origin_id"] != before, "the box goes on as a successor", timeout_s)
    for branch in _branches(stack):
        stack.expect("POST", f"/api/v1/branches/{branch['id']}/adopt", {})


def agent(store: Store, *arguments: str) -> None:
    """An `edge-agent` command on the store's folder."""
    assert run([sys.executable, "-m", "edge_agent", "--data", str(store.folder), *arguments]) == 0


def _sell(store: Store, product: dict[str, object], prefix: str, count: int) -> None:
    for number in range(count):
        assert sell(store, product, key=f"{prefix}-{number}").status == 201


def _branches(stack: Chain) -> list[dict[str, object]]:
    return list(stack.expect("GET", "/api/v1/branches")["items"])


def _price(store: Store, product: dict[str, object]) -> str:
    return str(store.get(f"/api/v1/products/{product['id']}").body["price"])


def _hub_price(stack: Chain, product: dict[str, object]) -> str:
    return str(stack.expect("GET", f"/api/v1/products/{product['id']}")["price"])


async def _epoch(stack: Chain) -> int:
    [row] = await hub_rows(stack, "SELECT hub_epoch FROM hub_state")
    return int(row["hub_epoch"])


def _use_database(stack: Chain, name: str) -> None:
    """From now on the chain's hub, its commands and the oracle use this database."""
    stack.database = name
    stack.hub.environment = {**stack.hub.environment, "HUB_DATABASE_URL": stack.postgres.url(name)}
