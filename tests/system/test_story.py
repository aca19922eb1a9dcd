"""ARCHITECTURE.md executed: one beep on a serial line, through both programs, and a price back at the shelf."""

import os
import pty
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.broker import mosquitto_program
from deploy.local.calls import wait_until
from deploy.local.stack import Store
from tests.system.chain import a_chain, assert_equal_to_the_unit, code_of, hub_on_hand, hub_rows, on_hand, stock_up

pytestmark = [pytest.mark.system, pytest.mark.timeout(0)]
NO_MOSQUITTO = pytest.mark.skipif(
    mosquitto_program() is None, reason="THE STORY WITH MOSQUITTO NOT PROVEN: it is missing (apt install mosquitto)"
)


@pytest.mark.parametrize("broker", ["embedded", pytest.param("mosquitto", marks=NO_MOSQUITTO)])
async def test_a_beep_becomes_stock_an_alert_and_a_price_comes_back(tmp_path: Path, broker: str) -> None:
    with a_chain(tmp_path, broker=broker) as stack, a_scanner() as (line, device):
        stack.products = [stack.products[0]]
        product = stack.products[0]
        scanners = [{"url": f"serial://{device}?baud=9600", "device": "till-1", "mode": "sell"}]
        north = stack.add_store("north", scanners=scanners)
        wait_until(lambda: _knows(north, code_of(product)), "the catalogue is in the store")
        stock_up(north, [product], "6")
        wait_until(lambda: _scanner_is_up(north), "the scanner is read")

        # 1. a beep, 2. a row, 3. an outbox: one transaction.
        os.write(line, code_of(product)[1:].encode() + b"\r\n")
        wait_until(lambda: on_hand(north, product) == 5, "the screen shows the sale")
        head = north.sync()["head"]
        [sale] = [row for row in _movements(north) if row["reason"] == "sale"]
        assert (sale["quantity"], sale["from"], sale["to"]) == ("1", "shelf", "customer")
        assert sale["position"] <= head

        # 4. a batch, 5. a ledger row, 6. a stock level.
        wait_until(lambda: hub_on_hand(stack, north, product) == 5, "head office shows the sale")
        rows = await hub_rows(stack, "SELECT movement_id::text FROM movements WHERE reason = 'sale'")
        assert [row["movement_id"] for row in rows] == [sale["movement_id"]]
        stack.wait_converged()
        await assert_equal_to_the_unit(stack, north)

        # 7. an alert: five is the reorder point.
        wait_until(lambda: _open_alerts(stack.get("/api/v1/alerts").body), "head office has the alert")
        assert len(_open_alerts(north.get("/api/v1/alerts").body)) == 1

        # 8. back to the shelf.
        stack.expect("PATCH", f"/api/v1/products/{product['id']}", {"price": "2.49"})
        wait_until(
            lambda: north.get(f"/api/v1/products/{product['id']}").body["price"] == "2.49", "the price is at the shelf"
        )


@contextmanager
def a_scanner() -> Iterator[tuple[int, str]]:
    """A serial scanner on a pseudo-terminal: what to write beeps to, and its device path."""
    line, device = pty.openpty()
    tty.setraw(device)
    try:
        yield line, os.ttyname(device)
    finally:
        os.close(line)
        os.close(device)


def _knows(store: Store, code: str) -> bool:
    return store.get(f"/api/v1/barcode/lookup/{code}").status == 200


def _scanner_is_up(store: Store) -> bool:
    checks = store.get("/health").body["checks"]
    return any(check["name"] == "scanner till-1" and check["result"] == "ok" for check in checks)


def _movements(store: Store) -> list[dict[str, str]]:
    return list(store.get("/api/v1/inventory/movements?limit=100").body["items"])


def _open_alerts(body: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    return [alert for alert in body["items"] if alert.get("status", alert.get("state")) != "resolved"]
