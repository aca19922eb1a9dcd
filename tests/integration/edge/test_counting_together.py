"""B02, B17: several people count one store at once, in zones, blind; what is sold meanwhile, late or taken back."""

from typing import Any

from edge_agent.services import count_planning, daily, stocktaking
from edge_agent.storage import alerts, catalogue, count_plan, retention
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.unit.edge_agent.a_store import code_of

MILK, TEA = PRODUCTS[0], PRODUCTS[1]
Json = dict[str, Any]


async def level(api: Api, product: Any = MILK) -> str:
    (found,) = (await api.get(f"/inventory?product_id={product.product_id}"))["items"]
    return str(found["on_hand"])


async def begin(api: Api, **body: Any) -> str:
    return str((await api.post("/stocktakes", body))["stocktake_id"])


async def count(api: Api, stocktake: str, counted: str, **more: Any) -> Json:
    line = {"product_id": MILK.product_id, "counted": counted, **more}
    found: Json = await api.post(f"/stocktakes/{stocktake}/lines", line)
    return found


async def receive(api: Api, quantity: str, product: Any = MILK) -> None:
    await api.post("/scans", {"code": code_of(product), "mode": "receive", "quantity": quantity})


async def test_parts_of_two_zones_are_one_count_when_the_stocktake_is_closed(api: Api) -> None:
    await receive(api, "10")
    stocktake = await begin(api, zones=["aisle", "window"])
    parts = [await count(api, stocktake, "6", zone="aisle"), await count(api, stocktake, "3", zone="window")]
    assert [part["status"] for part in parts] == ["counted", "counted"]
    assert await level(api) == "10", "a part says nothing of the whole"

    status, refused = await api.call("POST", f"/stocktakes/{stocktake}/close", {})
    assert (status, refused["code"]) == (409, "zones_open")
    for zone in ("aisle", "window"):
        await api.post(f"/stocktakes/{stocktake}/zones/done", {"zone": zone})
    closed = await api.post(f"/stocktakes/{stocktake}/close", {})
    assert (closed["state"], closed["posted"], await level(api)) == ("closed", 1, "9")
    assert await api.database.read(retention.verify) == []


async def test_what_is_sold_after_all_parts_were_counted_is_sold_from_what_was_counted(api: Api) -> None:
    await receive(api, "10")
    stocktake = await begin(api, zones=["aisle"])
    await count(api, stocktake, "9", zone="aisle")
    await api.post("/scans", {"code": code_of(MILK), "mode": "sell", "quantity": "2"})
    await api.post(f"/stocktakes/{stocktake}/close", {"with_open_zones": True})
    assert await level(api) == "7"


async def test_a_sale_between_two_parts_posts_nothing_and_asks_for_a_recount(api: Api) -> None:
    await receive(api, "10")
    stocktake = await begin(api, zones=["aisle", "window"])
    await count(api, stocktake, "6", zone="aisle")
    await api.post("/scans", {"code": code_of(MILK), "mode": "sell"})
    await count(api, stocktake, "3", zone="window")
    closed = await api.post(f"/stocktakes/{stocktake}/close", {"with_open_zones": True})
    assert (closed["posted"], closed["to_count_again"], await level(api)) == (0, [MILK.product_id], "9")
    assert [task["rule"] for task in (await api.get("/tasks"))["items"]] == ["recount"]

    again = await begin(api, blind=False)
    assert (await count(api, again, "9"))["variance"] == "0"
    assert (await api.get("/tasks"))["items"] == [], "the count answers the task"


async def test_a_zone_is_one_persons_until_somebody_takes_it_over(api: Api) -> None:
    stocktake = await begin(api, zones=["aisle"])
    await api.database.write(stocktaking.take_zone, stocktake, "aisle", "anna", 0)
    status, refused = await api.call("POST", f"/stocktakes/{stocktake}/zones", {"zone": "aisle"})
    assert (status, refused["code"]) == (409, "zone_taken")
    taken = await api.post(f"/stocktakes/{stocktake}/zones", {"zone": "aisle", "take_over": True})
    assert (taken["actor"], taken["state"]) == ("till-1", "open")
    line = {"product_id": TEA.product_id, "counted": 1}
    status, refused = await api.call("POST", f"/stocktakes/{stocktake}/lines", line)
    assert (status, refused["code"]) == (422, "zone_needed")


async def test_a_recount_replaces_and_more_adds_up(api: Api) -> None:
    stocktake = await begin(api, zones=["aisle"])
    await count(api, stocktake, "6", zone="aisle")
    await count(api, stocktake, "4", zone="aisle")
    more = await count(api, stocktake, "1", zone="aisle", more=True)
    assert more["counted"] == "5"
    shown = (await api.get(f"/stocktakes/{stocktake}"))["lines"]
    assert [line["status"] for line in shown] == ["replaced", "replaced", "counted"]
    await api.post(f"/stocktakes/{stocktake}/close", {"with_open_zones": True})
    assert await level(api) == "5"


async def test_a_part_that_a_handheld_brings_after_the_closing_is_kept_and_asks_for_a_recount(api: Api) -> None:
    stocktake = await begin(api, zones=["aisle"])
    await api.post(f"/stocktakes/{stocktake}/close", {"with_open_zones": True})
    handheld = {"device": "zebra", "counter": 1, "seen_position": 0}
    late = await count(api, stocktake, "6", zone="aisle", handheld=handheld)
    assert late["status"] == "too_late"
    assert [task["rule"] for task in (await api.get("/tasks"))["items"]] == ["recount"]
    line = {"product_id": MILK.product_id, "counted": "6", "zone": "aisle", "handheld": handheld}
    status, refused = await api.call("POST", f"/stocktakes/{stocktake}/lines", line)
    assert (status, refused["code"]) == (409, "already_recorded")


async def test_what_nobody_counted_is_left_alone_or_gone_as_the_closing_says(api: Api) -> None:
    for uncounted, left in (("leave", "4"), ("zero", "0")):
        await receive(api, "4", TEA)
        stocktake = await begin(api)
        await count(api, stocktake, "3")
        await api.post(f"/stocktakes/{stocktake}/close", {"uncounted": uncounted})
        assert (await level(api), await level(api, TEA)) == ("3", left)
        await api.post("/inventory/adjust", {"product_id": TEA.product_id, "set_to": "0", "reason": "correction"})


async def test_a_line_that_was_a_mistake_is_taken_back_with_its_variance(api: Api) -> None:
    await receive(api, "10")
    stocktake = await begin(api)
    line = await count(api, stocktake, "1")
    assert await level(api) == "1"
    for _ in range(2):
        shown = await api.post(f"/stocktakes/{stocktake}/lines/{line['line_id']}/withdraw", {})
        assert ([each["status"] for each in shown["lines"]], await level(api)) == (["withdrawn"], "10")
    status, missing = await api.call("POST", f"/stocktakes/{stocktake}/lines/nothing/withdraw", {})
    assert (status, missing["code"]) == (404, "line")


async def test_whoever_counts_what_somebody_else_has_counted_is_told_so_and_not_how_many(api: Api) -> None:
    await receive(api, "10")
    stocktake = await begin(api)
    assert (await count(api, stocktake, "9"))["warnings"] == []
    await api.database.write(_as_of_somebody_else, stocktake)
    again = await count(api, stocktake, "8")
    assert (again["warnings"], "variance" in again, "expected" in again) == (["counted_before"], False, False)


def _as_of_somebody_else(connection: Any, stocktake: str) -> None:
    connection.execute("UPDATE count_lines SET actor = 'anna' WHERE stocktake_id = ?", (stocktake,))


async def test_a_closing_that_was_broken_off_is_finished_by_closing_again(api: Api) -> None:
    for product in (MILK, TEA):
        await receive(api, "10", product)
    stocktake = await begin(api, zones=["aisle"])
    for product in (MILK, TEA):
        line = {"product_id": product.product_id, "counted": "9", "zone": "aisle"}
        await api.post(f"/stocktakes/{stocktake}/lines", line)
    stocktaking.POSTED_AT_ONCE, kept = 1, stocktaking.POSTED_AT_ONCE
    try:
        first = await api.database.write(stocktaking.post_some, stocktake, "till-1", 0, with_open_zones=True)
        assert (first.stocktake.state, first.left) == ("closing", 1)
        closed = await api.post(f"/stocktakes/{stocktake}/close", {})
    finally:
        stocktaking.POSTED_AT_ONCE = kept
    assert (closed["state"], closed["posted"], await level(api), await level(api, TEA)) == ("closed", 2, "9", "9")


async def test_the_plan_asks_for_what_sells_most_and_a_cycle_count_is_of_what_is_due(api: Api) -> None:
    for product, sold in ((MILK, "30"), (TEA, "1")):
        await receive(api, "50", product)
        await api.post("/scans", {"code": code_of(product), "mode": "sell", "quantity": sold})
    await api.database.write(catalogue.set_settings, {"count_plan": {"a_days": 1, "b_days": 1, "c_days": 1}})
    await api.database.write(count_plan.replace, await api.database.read(count_planning.rank, 2**41), 2**41)
    due = (await api.get("/count-plan"))["items"]
    assert [(each["product_id"], each["rank"]) for each in due] == [(MILK.product_id, "A"), (TEA.product_id, "C")]

    cycle = await api.post("/stocktakes", {"kind": "cycle"})
    assert {each["product_id"] for each in cycle["to_count"]} == {MILK.product_id, TEA.product_id}
    await daily.look_around(api.database, 2**41)
    asked = [task for task in await api.database.read(alerts.list_tasks) if task.rule == "cycle_count"]
    assert {task.product_id for task in asked} == {MILK.product_id, TEA.product_id}
    await count(api, cycle["stocktake_id"], "20")
    left = [task for task in (await api.get("/tasks"))["items"] if task["rule"] == "cycle_count"]
    assert [task["product_id"] for task in left] == [TEA.product_id]
