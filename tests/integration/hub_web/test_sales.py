"""F21: sales as all ledgers tell them, and selling at sites that the hub runs."""

import pytest

from tests.integration.hub_web.conftest import Client


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
