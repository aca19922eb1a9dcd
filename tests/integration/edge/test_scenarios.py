"""Scenarios 4, 5 and 8 of the acceptance list at one box, by its API; tests/system plays 4 and 5 with head office."""

import sqlite3
from typing import Any

import pytest

from edge_agent.services import alerting
from edge_agent.storage import catalogue, history, retention
from edge_agent.web import scans
from sync_protocol.gtin import check_digit
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.unit.edge_agent.a_store import a_product, add, code_of

MILK = PRODUCTS[0]
GTIN = code_of(MILK).zfill(14)
CHEESE = a_product(90, name="Cheese", unit="kg", price=1990)
WEIGHED = "275432100000"
DAY_MS = 86_400_000


@pytest.mark.parametrize("days_late", [0, 10])
async def test_scenario_4_a_count_of_95_stands_when_two_earlier_sales_come_late(
    api: Api, monkeypatch: pytest.MonkeyPatch, days_late: int
) -> None:
    await api.post("/scans", {"code": code_of(MILK), "mode": "receive", "quantity": "100"})
    seen = (await api.get("/sync?device=zebra"))["position"]
    until = (await api.get("/sync?device=zebra"))["position"]
    stocktake = (await api.post("/stocktakes", {"blind": False}))["stocktake_id"]
    line = {"product_id": MILK.product_id, "counted": "95"}
    assert (await api.post(f"/stocktakes/{stocktake}/lines", line))["variance"] == "-5"

    later = scans.now_ms() + days_late * DAY_MS
    monkeypatch.setattr(scans, "now_ms", lambda: later)
    for counter in (1, 2):
        handheld = {"device": "zebra", "counter": counter, "seen_position": seen, "until_position": until,
                    "elapsed_ms": counter}  # fmt: skip
        await api.post("/scans", {"code": code_of(MILK), "mode": "sell", "handheld": handheld}, key=f"late-{counter}")
    (level,) = (await api.get(f"/inventory?product_id={MILK.product_id}"))["items"]
    (counted,) = (await api.get(f"/stocktakes/{stocktake}"))["lines"]
    assert (level["on_hand"], counted["counted"], counted["variance"]) == ("95", "95", "-3")
    assert await api.database.read(retention.verify) == []


async def test_scenario_5_a_clock_three_days_ahead_and_stepped_back_changes_no_order_and_no_stock(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, keys = scans.now_ms(), []
    for number, ahead in enumerate((3 * DAY_MS, 0, -2 * 3_600_000, -now)):
        monkeypatch.setattr(scans, "now_ms", lambda at=now + ahead: at)
        await api.post("/scans", {"code": code_of(MILK), "mode": "sell"}, key=f"sale-{number}")
        keys.append(f"sale-{number}")
    lines = await api.database.read(history.movements)
    assert [line.key for line in lines] == keys
    (level,) = (await api.get(f"/inventory?product_id={MILK.product_id}"))["items"]
    assert level["on_hand"] == "-4"
    await api.database.write(alerting.note_clock, -3 * DAY_MS, now)
    assert [each["type"] for each in (await api.get("/alerts?open=true"))["items"] if each["type"] == "clock"] == [
        "clock"
    ]
    await api.database.write(alerting.note_clock, 0, now)
    assert not [each for each in (await api.get("/alerts?open=true"))["items"] if each["type"] == "clock"]


def _an_assortment(connection: sqlite3.Connection) -> None:
    add(connection, CHEESE)
    for code, product in (("036000291452", MILK), ("042100005264", MILK), (WEIGHED + check_digit(WEIGHED), CHEESE)):
        catalogue.link(connection, code.zfill(14), product.product_id, 1000)
    catalogue.link(connection, "10614141000415", MILK.product_id, 12_000)
    catalogue.set_settings(connection, {"scanner": {"instore_rules": ["27:PPPPPVVVVV/weight/3/kg"]}})


_WEIGHED = "27" + "54321" + "01250"
READINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "GS1 DataMatrix": (f"]d201{GTIN}17301231\x1d10LOT7\x1d21X1", {"lot": "LOT7", "expiry": "2030-12-31"}),
    "Digital Link": (f"]Q1https://id.gs1.org/01/{GTIN}/10/LOT7?17=301231", {"lot": "LOT7", "expiry": "2030-12-31"}),
    "EAN-13": (f"]E0{code_of(MILK)}", {"lot": None, "expiry": None, "quantity": "1"}),
    "UPC-A": ("036000291452", {"quantity": "1"}),
    "UPC-E": ("]E004252614", {"quantity": "1"}),
    "a case of twelve": ("]I110614141000415", {"quantity": "12"}),
    "weight-embedded EAN": (_WEIGHED + check_digit(_WEIGHED), {"quantity": "1.25", "product": CHEESE.product_id}),
    "separators stripped": (f"]d201{GTIN}1730123110LOT721X1", {"lot": None, "expiry": None}),
}  # fmt: skip


@pytest.mark.parametrize("kind", READINGS)
async def test_scenario_8_each_kind_of_code_is_the_right_product_lot_expiry_and_amount(api: Api, kind: str) -> None:
    await api.database.write(_an_assortment)
    code, expected = READINGS[kind]
    found = await api.post("/barcode/scan", {"code": code})
    assert found["product"]["id"] == expected.pop("product", MILK.product_id)
    assert {name: found[name] for name in expected} == expected
    if kind == "separators stripped":
        assert "missing_fnc1" in found["flags"]
