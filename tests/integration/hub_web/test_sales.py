"""F21: sales as all ledgers tell them, and selling at sites that the hub runs."""

from decimal import Decimal
from typing import Any

import pytest

from cloud_hub.core import now_ms
from cloud_hub.domain.permissions import Role
from cloud_hub.services import rolling
from tests.integration.hub_web.conftest import Client, Running


@pytest.fixture
async def depot(admin: Client) -> str:
    return await admin.make_site("hub")


async def stocked(admin: Client, site: str, quantity: str = "100", **fields: object) -> str:
    """A product with stock at the site; its id."""
    product = str((await admin.make_product(**fields))["id"])
    body = {"site_id": site, "product_id": product, "quantity": quantity, "reason": "opening"}
    assert (await admin.post("/inventory/increment", {**body, "reason": "receipt"})).status == 201
    return product


async def test_a_sale_with_a_return_is_one_document_with_prices_and_totals(admin: Client, depot: str) -> None:
    pen = await stocked(admin, depot, price="1.99", unit_cost="0.80")
    ink = await stocked(admin, depot, price="10.00", barcodes=[{"code": "96385074", "pack_quantity": "6"}])
    lines = [
        {"product_id": pen, "quantity": "3"},
        {"barcode": "96385074", "quantity": "2", "price": "9.50"},
        {"product_id": pen, "quantity": "0.5", "kind": "return", "location": "hold"},
    ]
    sold = await admin.post("/sales", {"site_id": depot, "document": "R-1", "lines": lines})
    assert sold.status == 201, sold.body
    rows = [(line["kind"], line["quantity"], line["price"], line["amount"]) for line in sold.body["lines"]]
    # Half a unit at 1.99 is rounded to the cent, as a till does.
    assert rows == [("sale", "3", "1.99", "5.97"), ("sale", "12", "9.50", "114.00"), ("return", "0.5", "1.99", "1.00")]
    assert (sold.body["totals"], sold.body["lines"][1]["barcode"]) == ({"EUR": "118.97"}, "00000096385074")
    held = {
        row["product_id"]: row["locations"] for row in (await admin.get(f"/inventory?site_id={depot}")).body["items"]
    }
    assert (held[pen], held[ink]) == ({"shelf": "97", "hold": "0.5"}, {"shelf": "88"})
    listed = (await admin.get("/sales?document=R-1")).body["items"]
    assert sorted(listed, key=lambda line: line["position"]) == sold.body["lines"]
    returns = (await admin.get(f"/sales?kind=return&product_id={pen}&site_id={depot}")).body["items"]
    assert [line["position"] for line in returns] == [sold.body["lines"][2]["position"]]


async def test_asked_again_a_sale_answers_what_was_sold_though_the_price_has_changed(admin: Client, depot: str) -> None:
    pen = await stocked(admin, depot, price="2.00")
    body = {"site_id": depot, "lines": [{"product_id": pen, "quantity": "1"}]}
    first = await admin.post("/sales", body, Idempotency_Key="till-1")
    assert (await admin.patch(f"/products/{pen}", {"price": "3.00"})).status == 200
    again = await admin.post("/sales", body, Idempotency_Key="till-1")
    assert (again.status, again.headers["Idempotency-Replayed"], again.body) == (200, "true", first.body)
    other = {**body, "lines": [{"product_id": pen, "quantity": "1", "price": "1.00"}]}
    refused = await admin.post("/sales", other, Idempotency_Key="till-1")
    assert (refused.status, refused.body["code"]) == (422, "key_reused")
    assert len((await admin.get(f"/sales?product_id={pen}")).body["items"]) == 1


async def test_the_sites_own_price_is_asked_before_the_products(admin: Client, depot: str) -> None:
    pen = await stocked(admin, depot, price="2.00")
    assert (await admin.patch(f"/products/{pen}/sites/{depot}", {"price": "1.50"})).status == 200
    sold = await admin.post("/sales", {"site_id": depot, "lines": [{"product_id": pen, "quantity": "2"}]})
    assert sold.body["totals"] == {"EUR": "3.00"}


async def test_what_cannot_be_sold_refuses_the_whole_sale(admin: Client, depot: str) -> None:
    pen = await stocked(admin, depot, "5")
    some_id = "01a1fcc5-f651-7101-8512-e520c8fc5825"
    good = {"product_id": pen, "quantity": "1"}
    for line, status, code in (
        ({"product_id": some_id, "quantity": "1"}, 404, "product"),
        ({"barcode": "12345", "quantity": "1"}, 404, "barcode"),
        ({"quantity": "1"}, 422, "product"),
        ({"product_id": pen, "quantity": "5"}, 409, "insufficient_stock"),
        ({"product_id": pen, "quantity": "0"}, 422, "invalid"),
    ):
        reply = await admin.post("/sales", {"site_id": depot, "lines": [good, line]})
        assert (reply.status, reply.body["code"]) == (status, code), reply.body
    future = await admin.post("/sales", {"site_id": depot, "sold_at": "2999-01-01T00:00:00Z", "lines": [good]})
    assert (future.status, future.body["code"]) == (422, "future")
    at_a_store = await admin.post("/sales", {"site_id": await admin.make_site(), "lines": [good]})
    assert (at_a_store.status, at_a_store.body["code"]) == (409, "site_has_a_box")
    assert (await admin.get("/sales")).body["items"] == []


async def test_a_sale_of_yesterday_is_told_when_it_was_and_when_it_was_learned_of(admin: Client, depot: str) -> None:
    pen = await stocked(admin, depot)
    body = {"site_id": depot, "sold_at": "2026-01-02T03:04:05Z", "lines": [{"product_id": pen, "quantity": "1"}]}
    (line,) = (await admin.post("/sales", body)).body["lines"]
    assert line["sold_at"] == "2026-01-02T03:04:05.000Z"
    assert line["recorded_at"] > line["sold_at"]
    assert len((await admin.get(f"/sales?since={line['recorded_at']}")).body["items"]) == 1
    assert (await admin.get(f"/sales?until={line['recorded_at']}")).body["items"] == []


async def sell(admin: Client, site: str, product: str, quantity: str, sold_at: str, **fields: str) -> None:
    line = {"product_id": product, "quantity": quantity, **fields}
    reply = await admin.post("/sales", {"site_id": site, "sold_at": sold_at, "lines": [line]})
    assert reply.status == 201, reply.body


async def count(hub: Running) -> None:
    """What the role `jobs` does every few seconds."""
    while await rolling.roll(hub.core.database, now_ms()):
        pass


@pytest.fixture
async def year(hub: Running, admin: Client, depot: str) -> dict[str, str]:
    """Sales of two products at two sites over some months: the names of all of them."""
    shop = await admin.make_site("hub")
    pen = await stocked(admin, depot, name="Pen", category="Paper", price="2.00", unit_cost="0.50")
    ink = await stocked(admin, depot, name="Ink", price="10.00")
    body = {"site_id": shop, "product_id": pen, "quantity": "50", "reason": "receipt"}
    await admin.post("/inventory/increment", body)
    await sell(admin, depot, pen, "3", "2026-01-31T10:00:00Z")
    await sell(admin, depot, pen, "1", "2026-01-31T11:00:00Z", kind="return")
    await sell(admin, shop, pen, "10", "2026-02-02T10:00:00Z")
    await sell(admin, depot, ink, "1", "2026-03-01T10:00:00Z")
    await sell(admin, depot, ink, "2", "2026-03-15T23:59:59Z", price="9.99")
    await count(hub)
    return {"depot": depot, "shop": shop, "pen": pen, "ink": ink}


async def report(client: Client, query: str) -> dict[str, Any]:
    reply = await client.get(f"/sales/report?{query}")
    assert reply.status == 200, reply.body
    return dict(reply.body)


QUARTER = "start_date=2026-01-31&end_date=2026-03-15"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [(None, "15", "53.98")]),
        ("&period=month", [("2026-01-01", "2", "4.00"), ("2026-02-01", "10", "20.00"), ("2026-03-01", "3", "29.98")]),
        ("&period=week", [("2026-01-26", "2", "4.00"), ("2026-02-02", "10", "20.00"), ("2026-02-23", "1", "10.00"),
                          ("2026-03-09", "2", "19.98")]),
        ("&period=day&start_date=2026-03-01", [("2026-03-01", "1", "10.00"), ("2026-03-15", "2", "19.98")]),
        ("&period=hour&end_date=2026-02-01", [("2026-01-31T10:00", "3", "6.00"), ("2026-01-31T11:00", "-1", "-2.00")]),
        ("&by=product&sort=-revenue", [("ink", "3", "29.98"), ("pen", "12", "24.00")]),
        ("&by=product&sort=-quantity", [("pen", "12", "24.00"), ("ink", "3", "29.98")]),
        ("&by=site&sort=-quantity&product_id=pen", [("shop", "10", "20.00"), ("depot", "2", "4.00")]),
        ("&by=category&sort=-quantity", [("Paper", "12", "24.00"), ("", "3", "29.98")]),
        ("&category=Paper", [(None, "12", "24.00")]),
        ("&site_id=depot&by=product&sort=-quantity", [("ink", "3", "29.98"), ("pen", "2", "4.00")]),
        ("&product_id=ink&start_date=2026-03-02&period=month", [("2026-03-01", "2", "19.98")]),
    ],
)  # fmt: skip
async def test_the_report_adds_up_by_period_and_by_what_was_asked(
    admin: Client, year: dict[str, str], query: str, expected: list[tuple[str, str, str]]
) -> None:
    names = {found: name for name, found in year.items()}
    asked = dict(part.split("=") for part in f"{QUARTER}{query}".split("&") if part)
    text = "&".join(f"{name}={year.get(value, value)}" for name, value in asked.items())
    told = await report(admin, text)
    rows = [
        (next((names.get(row[of], row[of]) for of in ("product_id", "site_id", "category") if row[of] is not None),
              row["period"]), row["quantity"], row["revenue"])
        for row in told["items"]
    ]  # fmt: skip
    assert rows == expected
    (total,) = told["totals"]
    assert total["revenue"] == f"{sum(Decimal(revenue) for _, _, revenue in expected):.2f}"
    pages, more = [], f"{text}&limit=1"
    while True:
        page = await report(admin, more)
        pages += page["items"]
        if page["next_cursor"] is None:
            break
        more = f"{text}&limit=1&cursor={page['next_cursor']}"
    assert pages == told["items"]


async def test_a_report_has_cost_and_margin_and_says_up_to_where_it_counts(
    hub: Running, admin: Client, year: dict[str, str]
) -> None:
    told = await report(admin, f"{QUARTER}&product_id={year['pen']}")
    (row,) = told["items"]
    assert (row["sold"], row["returned"], row["gross"], row["refunds"]) == ("13", "1", "26.00", "2.00")
    assert (row["sales"], row["cost"], row["margin"]) == (2, "6.00", "18.00")
    assert told["as_of"]["uncounted"] == 0
    await sell(admin, year["depot"], year["pen"], "1", "2026-03-10T00:00:00Z")
    late = (await report(admin, QUARTER))["as_of"]
    assert late["uncounted"] == 1
    places = {each["site_id"]: each["position"] for each in late["sites"]}
    await count(hub)
    told = await report(admin, QUARTER)
    assert (told["as_of"]["uncounted"], told["totals"][0]["quantity"]) == (0, "16")
    assert {each["site_id"]: each["position"] for each in told["as_of"]["sites"]}[year["depot"]] == places[
        year["depot"]
    ] + 1


async def test_whoever_has_one_site_reads_that_sites_figures_only_and_staff_none(
    hub: Running, admin: Client, year: dict[str, str]
) -> None:
    partner = await hub.add_user("partner", Role.RETAIL_PARTNER, [year["shop"]])
    told = await report(partner, f"{QUARTER}&by=site")
    assert [(row["site_id"], row["quantity"]) for row in told["items"]] == [(year["shop"], "10")]
    assert [each["site_id"] for each in told["as_of"]["sites"]] == [year["shop"]]
    assert (await report(partner, QUARTER))["totals"][0]["quantity"] == "10"
    assert (await partner.get(f"/sales/report?site_id={year['depot']}")).status == 403
    clerk = await hub.add_user("clerk", Role.STAFF)
    assert (await clerk.get("/sales/report")).status == 403


async def test_a_report_that_cannot_be_shown_is_refused(admin: Client) -> None:
    for query in (
        "start_date=2026-02-01&end_date=2026-01-01", "start_date=1900-01-01", "period=hour&by=product", "period=year",
        "period=hour&start_date=2026-01-01&end_date=2026-12-31", "start_date=2026-02-30",
    ):  # fmt: skip
        assert (await admin.get(f"/sales/report?{query}")).status == 422, query
    assert (await report(admin, ""))["items"] == []


async def test_the_days_of_a_site_are_those_of_its_time_zone(hub: Running, admin: Client, depot: str) -> None:
    pen = await stocked(admin, depot)
    await sell(admin, depot, pen, "1", "2026-03-01T23:30:00Z")
    for zone, day in (("UTC", "2026-03-01"), ("Europe/Berlin", "2026-03-02")):
        edited = await admin.patch(f"/sites/{depot}", {"timezone": zone})
        assert (edited.status, edited.body["timezone"]) == (200, zone)
        await count(hub)
        told = await report(admin, "start_date=2026-03-01&end_date=2026-03-31&period=day")
        assert [(row["period"], row["quantity"]) for row in told["items"]] == [(day, "1")]
    wrong = await admin.patch(f"/sites/{depot}", {"timezone": "Mars/Olympus"})
    assert (wrong.status, wrong.body["code"]) == (422, "timezone")
