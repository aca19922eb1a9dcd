"""F22: inventory reports of days, weeks and months: made once when they are over, again when more comes, downloaded."""

import csv
from datetime import UTC, date, datetime, timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from cloud_hub.config import Config
from cloud_hub.core import now_ms
from cloud_hub.domain.permissions import Role
from cloud_hub.errors import Misconfigured
from cloud_hub.services import housekeeping, rolling, stock_reporting
from cloud_hub.services.stock_reporting import Kind
from tests.integration.hub_web.conftest import Client, Running
from tests.integration.hub_web.sheets import Sheets

TODAY = datetime.now(UTC).date()
LAST_MONTH = (TODAY.replace(day=1) - timedelta(1)).replace(day=1)


@pytest.fixture
async def goods(hub: Running, admin: Client) -> dict[str, str]:
    """A depot that had goods last month, lost some and sold some, and sold more this month."""
    site = await admin.make_site("hub")
    pen = await admin.make_product(sku="=PEN", name="Pen", unit_cost="0.50", price="2.00")
    ink = await admin.make_product(sku="INK", name="Ink")
    await admin.make_product(sku="NEVER", name="Never there")
    for product, quantity in ((pen, "100"), (ink, "7")):
        body = {"site_id": site, "product_id": product["id"], "quantity": quantity, "reason": "receipt"}
        await admin.post("/inventory/increment", body)
    await admin.post(
        "/inventory/decrement", {"site_id": site, "product_id": pen["id"], "quantity": "3", "reason": "theft"}
    )
    # The API cannot receive in the past; the ledger of a store that tells late can.
    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "UPDATE movements SET corrected_at = $1", datetime(*LAST_MONTH.timetuple()[:3], 12, tzinfo=UTC)
        )
    for sold_at in (LAST_MONTH + timedelta(1), TODAY):
        at = datetime(*sold_at.timetuple()[:3], tzinfo=UTC).isoformat()
        line = {"product_id": pen["id"], "quantity": "10"}
        assert (await admin.post("/sales", {"site_id": site, "sold_at": at, "lines": [line]})).status == 201
    await count(hub)
    return {"site": site, "pen": pen["id"]}


async def count(hub: Running) -> None:
    while await rolling.roll(hub.core.database, now_ms()):
        pass


async def download(hub: Running, client: Client, path: str) -> bytes:
    async with hub.session.get(
        f"{hub.url}/api/v1{path}", headers={"Authorization": f"Bearer {client.token}"}
    ) as response:
        assert response.status == 200, await response.text()
        assert "attachment" in response.headers["Content-Disposition"]
        return await response.read()


async def test_what_is_over_is_made_once_for_each_site_and_says_what_came_and_went(
    hub: Running, admin: Client, goods: dict[str, str]
) -> None:
    assert [await stock_reporting.make_due(hub.core.database, now_ms()) for _ in range(2)] == [3, 0]
    (report,) = (await admin.get(f"/reports/monthly?site_id={goods['site']}")).body["items"]
    assert (report["start_date"], report["is_final"], report["revision"], report["lines"]) == (
        LAST_MONTH.isoformat(), True, 1, 2,
    )  # fmt: skip
    quantities = {"opening": "0", "received": "107", "sold": "10", "returned": "0", "lost": "3", "counted": "0",
                  "transferred": "0", "closing": "94"}  # fmt: skip
    shelves = {"stocked": 2, "out_of_stock": 0}
    assert report["totals"] == {"quantities": quantities, "values": {"EUR": "43.50"}, **shelves}
    assert (await admin.get(f"/reports/monthly/{report['id']}")).body == report
    assert (await admin.get(f"/reports/daily/{report['id']}")).status == 404
    days = (await admin.get("/reports/daily")).body["items"]
    assert [each["start_date"] for each in days] == [(TODAY - timedelta(1)).isoformat()]


async def test_what_a_site_is_to_have_and_has_not_is_out_of_stock_unless_nobody_misses_it(
    hub: Running, admin: Client, goods: dict[str, str]
) -> None:
    never = (await admin.get("/products?sku=NEVER")).body["items"][0]["id"]
    days = stock_reporting.days_of(Kind.MONTHLY, LAST_MONTH)

    async def shelves() -> tuple[int, int]:
        await stock_reporting.make(hub.core.database, goods["site"], Kind.MONTHLY, days, "UTC", now_ms())
        totals = (await admin.get("/reports/monthly")).body["items"][0]["totals"]
        now = (await admin.get("/products/analytics")).body
        assert (now["stocked"], now["out_of_stock"]) == (totals["stocked"], totals["out_of_stock"])
        return totals["stocked"], totals["out_of_stock"]

    async def stock(product: str, *, is_stocked: bool) -> None:
        path = f"/products/{product}/sites/{goods['site']}"
        assert (await admin.patch(path, {"is_stocked": is_stocked})).status == 200

    assert await shelves() == (2, 0)
    await stock(never, is_stocked=True)
    assert await shelves() == (3, 1)
    await stock(goods["pen"], is_stocked=False)
    assert await shelves() == (2, 1)
    assert (await admin.ask("DELETE", f"/products/{never}")).status in (200, 204)
    assert await shelves() == (1, 0)


async def test_a_report_is_downloaded_as_csv_and_as_a_workbook_without_formulas(
    hub: Running, admin: Client, goods: dict[str, str]
) -> None:
    await stock_reporting.make_due(hub.core.database, now_ms())
    (report,) = (await admin.get("/reports/monthly")).body["items"]
    path = f"/reports/monthly/{report['id']}/file"
    lines = list(csv.reader(StringIO((await download(hub, admin, path)).decode())))
    assert lines[0][:4] == ["sku", "name", "category", "opening"]
    assert lines[1:] == [
        ["'=PEN", "Pen", "", "0", "100", "10", "0", "3", "0", "0", "87", "0.50", "43.50", "EUR"],
        ["INK", "Ink", "", "0", "7", "0", "0", "0", "0", "0", "7", "", "", "EUR"],
    ]  # fmt: skip
    page: Any = load_workbook(BytesIO(await download(hub, admin, f"{path}?format=xlsx"))).active
    assert [[cell.value or "" for cell in row] for row in page.iter_rows()] == lines


async def test_a_report_is_printed_unless_it_has_more_lines_than_anybody_prints(
    hub: Running, admin: Client, goods: dict[str, str]
) -> None:
    await stock_reporting.make_due(hub.core.database, now_ms())
    (report,) = (await admin.get("/reports/monthly")).body["items"]
    path = f"/reports/monthly/{report['id']}/file?format=pdf"
    (page,) = PdfReader(BytesIO(await download(hub, admin, path))).pages
    shown = page.extract_text()
    site = (await admin.get(f"/sites/{goods['site']}")).body
    assert f"{LAST_MONTH} to {report['end_date']} · {site['code']} · {site['name']}" in shown
    assert all(text in shown for text in ("=PEN", "+107", "-10", "94", "43.50 EUR", "Final · revision 1"))
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE stock_reports SET lines = 20001")
    refused = await admin.get(path)
    assert (refused.status, refused.body["code"]) == (422, "too_long")


async def test_whoever_asks_for_a_period_gets_its_report_made_anew_by_a_job(
    hub: Running, admin: Client, goods: dict[str, str]
) -> None:
    sheets = Sheets(hub, admin)
    body = {"site_id": goods["site"], "day": (LAST_MONTH + timedelta(3)).isoformat()}
    first = await sheets.done(await admin.post("/reports/monthly", body, Idempotency_Key="once"))
    again = await admin.post("/reports/monthly", body, Idempotency_Key="once")
    assert (again.status, again.headers["Idempotency-Replayed"]) == (202, "true")
    second = await sheets.done(await admin.post("/reports/monthly", body))
    assert first["result"] == second["result"]
    report = (await admin.get(first["result"]["report"].removeprefix("/api/v1"))).body
    assert (report["revision"], report["start_date"]) == (2, LAST_MONTH.isoformat())
    early = await sheets.done(await admin.post("/reports/daily", {"site_id": goods["site"], "day": "9998-01-01"}))
    assert (early["state"], early["code"]) == ("failed", "not_over")


async def test_a_report_of_a_store_is_provisional_until_its_box_was_heard_after_it_and_made_again_then(
    hub: Running, admin: Client
) -> None:
    site = await admin.make_site()
    await count(hub)
    assert await stock_reporting.make_due(hub.core.database, now_ms()) == 3
    assert {each["is_final"] for each in (await admin.get("/reports/daily")).body["items"]} == {False}
    assert await stock_reporting.make_due(hub.core.database, now_ms()) == 0
    async with hub.core.database.transaction() as connection:
        device, origin = "01a1fcc5-f651-7101-8512-e520c8fc5825", "01a1fcc5-f651-7101-8512-e520c8fc5826"
        await connection.execute(
            "INSERT INTO devices (id, site_id, name, public_key, enrolled_at, is_online)"
            " VALUES ($1, $2, 'b', '', 0, true)", device, site,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO origins (site_id, origin_id, device_id, public_key, chain_hash, opened_at, last_seen, lease)"
            " VALUES ($1, $2, $3, '', '', 0, $4, 'l')", site, origin, device, now_ms(),
        )  # fmt: skip
        await connection.execute("UPDATE sites SET writer_origin = $1 WHERE id = $2", origin, site)
    assert await stock_reporting.make_due(hub.core.database, now_ms()) == 3
    (report,) = (await admin.get("/reports/daily")).body["items"]
    assert (report["is_final"], report["revision"]) == (True, 2)


async def test_reports_are_forgotten_so_long_after_they_were_made_as_the_settings_say(
    hub: Running, admin: Client, goods: dict[str, str]
) -> None:
    database, made_at = hub.core.database, now_ms()
    await stock_reporting.make_due(database, made_at)
    kept = {**hub.core.config.reports_kept, Kind.DAILY: 40}
    for days, left in (
        (39, ["daily", "monthly", "weekly"]),
        (41, ["monthly", "weekly"]),
        (751, ["monthly"]),
        (3661, []),
    ):
        await housekeeping.prune(database, kept, made_at + days * housekeeping.DAY_MS)
        kinds = [kind for kind in ("daily", "monthly", "weekly") if (await admin.get(f"/reports/{kind}")).body["items"]]
        assert kinds == left
    with pytest.raises(Misconfigured, match=r"daily_reports_days.*greater than or equal to 35"):
        Config.load(None, {"HUB_DATABASE_URL": "postgresql://h/d", "HUB_DAILY_REPORTS_DAYS": "30"})


async def test_reports_are_of_ones_own_sites(hub: Running, admin: Client, goods: dict[str, str]) -> None:
    await stock_reporting.make_due(hub.core.database, now_ms())
    (report,) = (await admin.get("/reports/monthly")).body["items"]
    partner = await hub.add_user("partner", Role.RETAIL_PARTNER, [await admin.make_site("hub")])
    assert (await partner.get("/reports/monthly")).body["items"] == []
    assert (await partner.get(f"/reports/monthly/{report['id']}")).status == 404
    assert (await partner.get(f"/reports/monthly/{report['id']}/file")).status == 404
    assert (await admin.get(f"/reports/monthly?end_date={date(2000, 1, 1)}")).body["items"] == []
