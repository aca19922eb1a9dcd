"""F24, F26: dashboards: stock over time, turnover, dead stock, stock-outs, how right records are."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud_hub.core import now_ms
from cloud_hub.domain.periods import Days
from cloud_hub.domain.permissions import Role
from cloud_hub.services import rolling, stock_reporting
from cloud_hub.services.stock_reporting import Kind
from tests.integration.hub_web.conftest import Client, Running

TODAY = datetime.now(UTC).date()


async def count(hub: Running) -> None:
    while await rolling.roll(hub.core.database, now_ms()):
        pass


@pytest.fixture
async def shop(hub: Running, admin: Client) -> dict[str, str]:
    """Goods that came today and were partly sold, at two sites; one lies dead, one is sold out."""
    site, other = await admin.make_site("hub"), await admin.make_site("hub")
    ids = {"site": site, "other": other}
    for name, quantity, sold, where in (
        ("pen", "100", "30", site), ("ink", "7", None, site), ("cap", "5", "5", site), ("pen", "10", "4", other),
    ):  # fmt: skip
        if name not in ids:
            ids[name] = (await admin.make_product(sku=name, name=name.title(), price="2.00"))["id"]
        body = {"site_id": where, "product_id": ids[name], "quantity": quantity, "reason": "receipt"}
        assert (await admin.post("/inventory/increment", body)).status == 201
        if sold is not None:
            sale = {"site_id": where, "lines": [{"product_id": ids[name], "quantity": sold}]}
            assert (await admin.post("/sales", sale)).status == 201
    await count(hub)
    return ids


async def test_stock_over_time_ends_with_what_lies_there_now(hub: Running, admin: Client, shop: dict[str, str]) -> None:
    told = (await admin.get("/reports/stock-trends")).body
    assert (len(told["items"]), told["items"][-1]["first"]) == (30, TODAY.isoformat())
    last, before = told["items"][-1], told["items"][-2]
    assert (last["on_hand"], last["added"], last["sold"], before["on_hand"]) == ("83", "122", "39", "0")
    of_one = (await admin.get(f"/reports/stock-trends?product_id={shop['pen']}&site_id={shop['other']}")).body
    assert (of_one["items"][-1]["on_hand"], of_one["items"][-1]["sold"]) == ("6", "4")
    # What is not counted yet is in neither the movements nor the level, so the past does not move.
    sale = {"site_id": shop["other"], "lines": [{"product_id": shop["pen"], "quantity": "1"}]}
    assert (await admin.post("/sales", sale)).status == 201
    later = (await admin.get("/reports/stock-trends")).body
    assert (later["items"], later["as_of"]["uncounted"]) == (told["items"], 1)
    await count(hub)
    assert (await admin.get("/reports/stock-trends?period=week")).body["items"][-1]["on_hand"] == "82"
    assert (await admin.get("/reports/stock-trends?period=hour")).status == 422


async def test_each_product_says_how_it_sells_and_dead_stock_is_found(admin: Client, shop: dict[str, str]) -> None:
    told = (await admin.get(f"/reports/selling?site_id={shop['site']}")).body
    rows = [(row["sku"], row["sold"], row["closing"], row["turnover"], row["sell_through"], row["is_dead"])
            for row in told["items"]]  # fmt: skip
    assert rows == [
        ("cap", "5", "0", None, "1.000", False), ("ink", "0", "7", "0.000", "0.000", True),
        ("pen", "30", "70", "0.857", "0.300", False),
    ]  # fmt: skip
    everywhere = (await admin.get("/reports/selling?limit=1")).body
    rest = (await admin.get(f"/reports/selling?cursor={everywhere['next_cursor']}")).body["items"]
    assert [(row["sku"], row["sold"], row["closing"]) for row in rest] == [("ink", "0", "7"), ("pen", "34", "76")]
    assert [row["sku"] for row in (await admin.get("/reports/selling?dead=true")).body["items"]] == ["ink"]
    assert [row["sku"] for row in (await admin.get("/reports/selling?dead=false")).body["items"]] == ["cap", "pen"]


async def test_the_dashboard_has_sales_top_products_stock_outs_and_how_right_records_are(
    hub: Running, admin: Client, shop: dict[str, str]
) -> None:
    at = round(datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC).timestamp() * 1000)
    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO count_lines (site_id, line_id, stocktake_id, product_id, location, counted, expected,"
            " variance, after_position, until_position, status, occurred_at)"
            " SELECT $1, gen_random_uuid(), $1, $2, 'shelf', 1, 1, i, 1, 1, 'posted', $3 FROM generate_series(0, 3) i",
            shop["site"], shop["pen"], at,
        )  # fmt: skip
    told = (await admin.get("/products/analytics")).body
    assert (told["revenue"], [row["name"] for row in told["top_products"]]) == ({"EUR": "78.00"}, ["Pen", "Cap"])
    assert (told["counted_lines"], told["record_accuracy"]) == (4, "0.250")
    assert (told["stocked"], told["out_of_stock"], told["stock_out_rate"]) == (4, 1, "0.250")
    assert told["trend"][-1]["on_hand"] == "83"
    yesterday = TODAY - timedelta(1)
    before = (await admin.get(f"/products/analytics?end_date={yesterday}")).body
    assert (before["revenue"], before["trend"][-1]["on_hand"], before["record_accuracy"]) == ({}, "0", None)
    partner = await hub.add_user("partner", Role.RETAIL_PARTNER, [shop["other"]])
    assert (await partner.get("/products/analytics")).body["revenue"] == {"EUR": "8.00"}
    assert (await partner.get(f"/products/analytics?site_id={shop['site']}")).status == 403


async def test_stock_outs_are_measured_by_daily_reports_and_compared_with_the_days_before(
    hub: Running, admin: Client, shop: dict[str, str]
) -> None:
    for first in (TODAY - timedelta(1), TODAY):
        for site in (shop["site"], shop["other"]):
            days = Days(first, first + timedelta(1))
            await stock_reporting.make(hub.core.database, site, Kind.DAILY, days, "UTC", now_ms())
    today = f"/products/analytics?start_date={TODAY}&end_date={TODAY}"
    assert (await admin.get(today)).body["stock_outs"] == {"rate": "0.250", "rate_before": "1.000", "change": "-0.750"}
    of_other = (await admin.get(f"{today}&site_id={shop['other']}")).body["stock_outs"]
    assert of_other == {"rate": "0.000", "rate_before": "1.000", "change": "-1.000"}
    nothing = (await admin.get("/products/analytics?end_date=2020-01-01")).body["stock_outs"]
    assert nothing == {"rate": None, "rate_before": None, "change": None}


async def test_a_stocktake_counts_on_the_day_that_it_is_where_the_site_is(hub: Running, admin: Client) -> None:
    body = {"code": "east", "name": "East", "kind": "hub", "timezone": "Asia/Tokyo"}
    site = (await admin.post("/sites", body)).body["id"]
    await count(hub)
    at = round(datetime(TODAY.year, TODAY.month, TODAY.day, 20, tzinfo=UTC).timestamp() * 1000)
    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO count_lines (site_id, line_id, stocktake_id, product_id, location, counted, expected,"
            " variance, after_position, until_position, status, occurred_at)"
            " VALUES ($1, $1, $1, $1, 'shelf', 1, 1, 0, 1, 1, 'posted', $2)", site, at,
        )  # fmt: skip
    told = {
        day: (await admin.get(f"/products/analytics?start_date={day}&end_date={day}")).body
        for day in (TODAY, TODAY + timedelta(1))
    }
    assert [each["counted_lines"] for each in told.values()] == [0, 1]
    last = told[TODAY + timedelta(1)]
    assert (last["record_accuracy"], last["record_accuracy_before"]) == ("1.000", None)
