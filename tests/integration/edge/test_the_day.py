"""F21 (the day's), B07, B10, B16: the day's report, lots by the API, and a scan that is taken back."""

import time

from edge_agent.services import daily
from edge_agent.services.applying import apply_change
from edge_agent.storage import catalogue, retention, store_days
from sync_protocol import changes
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.unit.edge_agent.a_store import OTHER_SITE, code_of

MILK, TEA = PRODUCTS[0], PRODUCTS[1]
CODE = code_of(MILK)


async def sell(api: Api, quantity: str = "1") -> dict[str, object]:
    found: dict[str, object] = await api.post("/scans", {"code": CODE, "mode": "sell", "quantity": quantity})
    return found


async def test_the_days_report_tells_sales_returns_waste_counts_and_alerts_as_of_a_position(api: Api) -> None:
    await api.database.write(daily.begin, time.time_ns() // 1_000_000)
    await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": "10"})
    await sell(api, "6")
    await api.post("/scans/undo", {})
    await sell(api, "5")
    body = {"product_id": MILK.product_id, "delta": "-1", "reason": "damage"}
    await api.post("/inventory/adjust", body)
    stocktake = (await api.post("/stocktakes", {}))["stocktake_id"]
    await api.post(f"/stocktakes/{stocktake}/lines", {"product_id": MILK.product_id, "counted": "3"})

    day = await api.get("/reports/day")
    assert (day["sales"]["quantity"], day["sales"]["value"], day["sales"]["movements"]) == ("5", {"EUR": "9.95"}, 1)
    assert (day["returns"]["quantity"], day["returns"]["value"], day["taken_back"]) == ("0", {}, 1)
    assert (day["waste"]["damage"]["quantity"], day["receipts"]["quantity"]) == ("1", "10")
    assert day["counts"]["posted"] == {"lines": 1, "products": 1, "variance": "-1"}
    assert day["best_selling"] == [{"product_id": MILK.product_id, "name": MILK.name, "quantity": "5"}]
    assert day["people"]["till-1"]["sale"] == 1
    assert "low_stock" in day["alerts"]
    assert (day["is_today"], day["position"], day["as_of"]["position"]) == (True, day["position"], day["position"])
    assert (await api.get("/reports/day?day=2020-01-01"))["sales"]["movements"] == 0


async def test_what_is_taken_back_on_its_day_never_was_and_on_a_later_day_is_that_days_return(api: Api) -> None:
    await api.database.write(store_days.note, "2026-11-20", 0, 0)
    first, _ = await sell(api, "2"), await sell(api, "2")
    await api.post("/scans/undo", {"position": first["position"]})
    late = await sell(api, "3")
    end = late["position"]
    await api.database.write(store_days.note, "2026-11-21", end, 0)
    undone = await api.post("/scans/undo", {"position": end})
    returned = {"product_id": MILK.product_id, "quantity": "2", "reason": "return"}
    await api.post("/inventory/movements", {"movements": [returned]})

    before, after = [await api.get(f"/reports/day?day=2026-11-{day}") for day in (20, 21)]
    figures = [(day["sales"]["quantity"], day["returns"]["quantity"], day["taken_back"]) for day in (before, after)]
    assert figures == [("5", "0", 1), ("0", "5", 0)], "a return of as many is none that is taken back"
    assert undone["undone"]["movement_id"] == late["movement_id"]


async def test_a_day_is_what_was_written_on_it_and_a_clock_that_was_wrong_makes_a_day_of_its_own(api: Api) -> None:
    def days(connection: object) -> list[list[store_days.Stretch]]:
        return [store_days.stretches(connection, day, 9) for day in ("2026-11-21", "2099-01-01")]  # type: ignore[arg-type]

    for position, day in ((0, "2026-11-21"), (3, "2099-01-01"), (5, "2026-11-21"), (5, "2026-11-21")):
        await api.database.write(store_days.note, day, position, 0)
    assert await api.database.read(days) == [[(0, 3), (5, 9)], [(3, 5)]]


async def test_a_scan_is_taken_back_once_by_a_movement_the_other_way_with_the_same_facts(api: Api) -> None:
    await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": "10"})
    sold = await sell(api, "3")
    await api.database.write(catalogue.save_product, MILK._replace(price=999))
    undone = await api.post("/scans/undo", {"position": sold["position"]})
    assert (undone["level"], undone["undone"]["movement_id"]) == ("10", sold["movement_id"])
    assert await api.post("/scans/undo", {"position": sold["position"]}) == undone, "asked twice, done once"

    back = (await api.get(f"/inventory/products/{MILK.product_id}/history"))["items"][-1]
    assert (back["reason"], back["from"], back["to"], back["actor"]) == ("return", "customer", "shelf", "till-1")
    assert await api.database.read(_prices) == [199, 199, 199], "at the price of then"
    assert await api.database.read(retention.verify) == []


def _prices(connection: object) -> list[int]:
    rows = connection.execute(  # type: ignore[attr-defined]
        "SELECT json_extract(facts, '$[4]') FROM ledger JOIN items ON ref = item_ref ORDER BY sequence"
    )
    return [price for (price,) in rows]


async def test_what_cannot_be_taken_back_is_refused_with_what_to_do(api: Api) -> None:
    status, problem = await api.call("POST", "/scans/undo", {})
    assert (status, problem["code"]) == (404, "nothing_to_undo")
    adjusted = await api.post("/inventory/adjust", {"product_id": MILK.product_id, "delta": 5, "reason": "correction"})
    status, problem = await api.call("POST", "/scans/undo", {"position": adjusted["position"]})
    assert (status, problem["code"], problem["remedy"]) == (409, "no_undo", "count it, or adjust it with a reason")
    sold = await sell(api)
    undone = await api.post("/scans/undo", {"position": sold["position"]})
    status, problem = await api.call("POST", "/scans/undo", {"position": undone["position"]})
    assert (status, problem["code"]) == (409, "no_undo")

    order = changes.Order(order_id="01a1fcc5-f651-7101-8512-e520c8fc5825", version=(1, 2), number="PO-000007",
                          state="sent", lines=[(MILK.product_id, 5000, 0)])  # fmt: skip
    await api.database.write(apply_change, changes.change(order), 0)
    came = await api.post("/scans", {"code": CODE, "mode": "receive", "document": "PO-000007"})
    status, problem = await api.call("POST", "/scans/undo", {"position": came["position"]})
    assert (status, problem["code"]) == (409, "no_undo")


async def test_a_unit_scanned_onto_a_transfer_by_mistake_comes_off_it_again(api: Api) -> None:
    await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": "5"})
    sent = await api.post("/transfers", {"to_site": OTHER_SITE, "lines": []})
    beep = {"code": CODE, "mode": "transfer_out", "document": sent["transfer_id"], "quantity": "2"}
    scanned = await api.post("/scans", beep)
    await api.post("/scans/undo", {"position": scanned["position"]})
    (line,) = (await api.get(f"/transfers/{sent['transfer_id']}"))["lines"]
    (held,) = (await api.get(f"/inventory?product_id={MILK.product_id}"))["items"]
    assert (line["dispatched"], held["on_hand"]) == ("0", "5")


async def test_lots_are_listed_with_what_ends_first_and_a_scan_says_what_to_use_first(api: Api) -> None:
    for lot, expiry in (("B", "2999-12-31"), ("A", "2999-01-31")):
        line = {"product_id": MILK.product_id, "quantity": "5", "lot": lot, "expiry": expiry}
        await api.post("/receipts", {"lines": [line]})
    found = await api.get(f"/inventory/lots?product_id={MILK.product_id}")
    assert [(each["lot"], each["quantity"]) for each in found["items"]] == [("A", "5"), ("B", "5")]
    assert (await api.get("/inventory/lots?within_days=7"))["items"] == []

    gtin = CODE.zfill(14)
    looked_up = await api.get(f"/barcode/lookup/%5Dd201{gtin}10B%1D21X")
    assert (looked_up["lot"], looked_up["expiry"], looked_up["is_expired"]) == ("B", "2999-12-31", False)
    assert looked_up["use_first"] == {"lot": "A", "expiry": "2999-01-31", "location": "shelf", "quantity": "5"}
    bad = {"product_id": MILK.product_id, "quantity": "5", "lot": "C", "expiry": "2999-02-30"}
    assert (await api.call("POST", "/receipts", {"lines": [bad]}))[0] == 422


async def test_a_transfer_that_came_short_is_a_task_until_it_is_closed_short(api: Api) -> None:
    other = "01a1fcc5-f651-7101-8512-e520c8fc5826"
    await api.database.write(apply_change, changes.change(changes.TransferNotice(
        transfer_id=other, from_site=OTHER_SITE, to_site="00000000-0000-4000-8000-000000000001", step="dispatched",
        lines=[(MILK.product_id, 5000)])), 0)  # fmt: skip
    line = {"product_id": MILK.product_id, "quantity": "3"}
    came = await api.post(f"/transfers/{other}/receive", {"lines": [line]})
    assert came["lines"][0]["missing"] == "2"
    (task,) = (await api.get("/tasks"))["items"]
    assert (task["rule"], task["product_id"]) == ("transfer_short", MILK.product_id)
    await api.post(f"/transfers/{other}/close-short", {"fault": "carrier", "reason": "box open"})
    assert (await api.get("/tasks"))["items"] == []
