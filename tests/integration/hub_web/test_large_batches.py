"""F39, FEATURES 6: a batch of more than 500 rows is a job with progress, row errors and cancel, done once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cloud_hub import clockwork
from cloud_hub.core import now_ms
from cloud_hub.domain.jobs import ROWS_MAX
from cloud_hub.services.working import Worker
from tests.integration.hub_web.conftest import Client, Reply, Running
from tests.integration.hub_web.sheets import Sheets

Rows = list[dict[str, Any]]


@pytest.fixture
def jobs(hub: Running, admin: Client) -> Sheets:
    return Sheets(hub, admin)


@pytest.fixture
async def site(admin: Client) -> str:
    return await admin.make_site("hub")


@pytest.fixture
async def product(admin: Client) -> str:
    return str((await admin.make_product())["id"])


def receipts(product: str, count: int) -> Rows:
    row = {"product_id": product, "quantity": "1", "from_location": "supplier", "to_location": "shelf",
           "reason": "receipt"}  # fmt: skip
    return [row] * count


def sale(product: str, quantity: str) -> dict[str, Any]:
    return {"product_id": product, "quantity": quantity, "from_location": "shelf", "to_location": "customer",
            "reason": "sale"}  # fmt: skip


async def post(client: Client, site: str, rows: Rows, policy: str = "reject_failed", **headers: str) -> Reply:
    body = {"site_id": site, "movements": rows, "error_policy": policy}
    return await client.post("/inventory/movements", body, **headers)


async def on_hand(client: Client, site: str, product: str) -> str:
    return str((await client.get(f"/products/{product}?site_id={site}")).body["current_stock"])


async def test_rows_that_are_wrong_are_named_by_their_index_and_the_others_are_posted(
    admin: Client, jobs: Sheets, site: str, product: str
) -> None:
    nothing = "01a1fcc5-f651-7101-8512-e520c8fc5825"
    rows = receipts(product, 1_100)
    rows[3], rows[700] = sale(nothing, "1"), sale(product, "5000")

    asked = await post(admin, site, rows)

    assert (asked.status, asked.body["state"], asked.body["total"]) == (202, "queued", 1_100)
    assert asked.headers["Location"] == f"/api/v1/jobs/{asked.body['id']}"
    job = await jobs.done(asked)
    assert (job["state"], job["done"], job["errors"]) == ("done", 1_100, 2)
    assert job["result"] == {"rows": 1_100, "accepted": 1_098, "refused": 2}
    assert await jobs.errors(job) == [(3, None, "product"), (700, None, "insufficient_stock")]
    assert await on_hand(admin, site, product) == "1098"


async def test_with_reject_all_one_wrong_row_leaves_nothing_of_the_others(
    admin: Client, jobs: Sheets, site: str, product: str
) -> None:
    rows = receipts(product, 1_100)
    rows[1_050] = sale(product, "5000")

    job = await jobs.done(await post(admin, site, rows, "reject_all"))

    assert (job["state"], job["code"], job["done"]) == ("failed", "insufficient_stock", 0)
    assert "movement 1050" in job["detail"]
    assert await on_hand(admin, site, product) == "0"


async def breaks_at(hub: Running, monkeypatch: pytest.MonkeyPatch, piece: int, then: Callable[[], Any]) -> Worker:
    """A worker to which something happens when it begins a piece."""
    begun = 0

    def now() -> int:
        nonlocal begun
        begun += 1
        if begun == piece:
            then()
        return now_ms()

    monkeypatch.setattr(clockwork, "now_ms", now)
    kinds = clockwork.kinds(hub.core)
    monkeypatch.undo()
    return Worker(database=hub.core.database, kinds=kinds, name="w", asked=asyncio.Event().wait)


async def test_a_batch_whose_worker_dies_goes_on_where_it_stopped_and_posts_each_row_once(
    hub: Running, admin: Client, jobs: Sheets, site: str, product: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise ValueError("dead")

    asked = await post(admin, site, receipts(product, 1_100), Idempotency_Key="once")
    assert await (await breaks_at(hub, monkeypatch, 2, die)).run_next("w")
    half = (await admin.get(f"/jobs/{asked.body['id']}")).body
    assert (half["state"], half["done"], await on_hand(admin, site, product)) == ("queued", 500, "500")
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE jobs SET run_at = 0")

    job = await jobs.done(asked)

    assert (job["state"], job["attempts"], job["result"]["accepted"]) == ("done", 2, 1_100)
    assert await on_hand(admin, site, product) == "1100"


async def test_the_same_key_asks_for_one_job_and_refuses_another_body(
    admin: Client, jobs: Sheets, site: str, product: str
) -> None:
    rows = receipts(product, 501)
    first = await post(admin, site, rows, Idempotency_Key="once")
    await jobs.done(first)

    again = await post(admin, site, rows, Idempotency_Key="once")
    other = await post(admin, site, receipts(product, 502), Idempotency_Key="once")

    assert (again.status, again.body["id"]) == (202, first.body["id"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status, other.body["code"]) == (422, "key_reused")
    small = await post(admin, site, rows[:1], Idempotency_Key="once")
    assert (small.status, small.body["code"]) == (422, "key_reused")
    await jobs.work()
    assert await on_hand(admin, site, product) == "501"


async def test_a_batch_is_cancelled_while_it_waits_or_at_its_next_piece(
    hub: Running, admin: Client, jobs: Sheets, site: str, product: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = await post(admin, site, receipts(product, 600))
    assert (await admin.post(f"/jobs/{waiting.body['id']}/cancel")).body["state"] == "cancelled"
    running = await post(admin, site, receipts(product, 1_100))

    cancelling: list[asyncio.Task[Reply]] = []
    path = f"/jobs/{running.body['id']}/cancel"
    worker = await breaks_at(
        hub, monkeypatch, 2, lambda: cancelling.append(asyncio.create_task(admin.post(path)))
    )  # fmt: skip
    assert await worker.run_next("w")
    await asyncio.gather(*cancelling)

    ended = (await admin.get(f"/jobs/{running.body['id']}")).body
    assert ended["state"] == "cancelled"
    assert await on_hand(admin, site, product) == str(ended["done"])
    assert ended["done"] in (500, 1_000)


async def test_what_can_be_refused_at_once_is_not_made_a_job(admin: Client, site: str, product: str) -> None:
    store = await admin.make_site("edge")
    assert (await post(admin, store, receipts(product, 501))).body["code"] == "site_has_a_box"
    wrong = receipts(product, 501)
    wrong[500] = {**wrong[500], "reason": "sale"}
    refused = await post(admin, site, wrong)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (409, "/movements/500")
    wrong[500] = {**wrong[500], "quantity": "-1"}
    refused = await post(admin, site, wrong)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/movements/500/quantity")
    too_many = await post(admin, site, receipts(product, ROWS_MAX + 1))
    assert (too_many.status, too_many.body["errors"][0]["pointer"]) == (422, "/movements")
    assert str(ROWS_MAX) in too_many.body["errors"][0]["detail"]
    assert (await admin.get("/jobs")).body["items"] == []


async def test_products_and_prices_are_written_by_jobs_as_requests_write_them(
    hub: Running, admin: Client, jobs: Sheets
) -> None:
    await admin.make_product(sku="S1", price="1")
    rows: Rows = [
        {"sku": f"S{n}", "name": f"Number {n}", "price": "2.50", "unit_cost": 1.25, "reorder_point": "1.5",
         "metadata": {"shelf": n}}
        for n in range(601)
    ]  # fmt: skip
    rows[550] = {"sku": "NAMELESS", "barcodes": [{"code": "4006381333931", "pack_quantity": "6"}]}

    job = await jobs.done(await admin.post("/products/batch", {"products": rows, "error_policy": "reject_failed"}))

    assert job["result"] == {"rows": 601, "created": 599, "changed": 1, "refused": 1}
    assert await jobs.errors(job) == [(550, "name", "name")]
    made = (await admin.get("/products?sku=S600")).body["items"][0]
    assert (made["price"], made["unit_cost"], made["reorder_point"], made["metadata"]) == (
        "2.50", "1.25", "1.5", {"shelf": 600},
    )  # fmt: skip
    vendor = (await admin.post("/vendors", {"name": "Acme"})).body["id"]
    price = {"product_id": made["id"], "unit_price": "0.1250", "valid_until": "2031-01-01", "freight_per_unit": 0.5}
    prices = [{**price, "valid_from": f"20{n // 28 + 10:02d}-01-{n % 28 + 1:02d}"} for n in range(502)]
    job = await jobs.done(await admin.post(f"/vendors/{vendor}/prices/batch", {"prices": [*prices, prices[0]]}))
    assert job["result"] == {"rows": 503, "made": 502, "replaced": 1}
    page = (await admin.get(f"/vendors/{vendor}/prices?limit=1")).body["items"]
    assert [(each["unit_price"], each["freight_per_unit"], each["valid_from"]) for each in page] == [
        ("0.1250", "0.50", "2010-01-01")
    ]


async def test_a_repeated_batch_of_products_or_prices_gets_its_first_answer_and_undoes_no_later_edit(
    admin: Client,
) -> None:
    product = await admin.make_product(sku="PEN", price="1")
    body = {"products": [{"sku": "PEN", "price": "2"}, {"sku": "NEW"}], "error_policy": "reject_failed"}
    first = await admin.post("/products/batch", body, Idempotency_Key="k")
    assert (await admin.patch(f"/products/{product['id']}", {"price": "3"})).status == 200

    again = await admin.post("/products/batch", body, Idempotency_Key="k")

    assert (again.status, again.body) == (200, first.body)
    assert [row["outcome"] for row in again.body["results"]] == ["changed", "refused"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await admin.get(f"/products/{product['id']}")).body["price"] == "3.00"
    vendor = (await admin.post("/vendors", {"name": "Acme"})).body["id"]
    path, prices = f"/vendors/{vendor}/prices/batch", {"prices": [{"product_id": product["id"], "unit_price": "1"}]}
    replies = [await admin.post(path, prices, Idempotency_Key="p") for _ in range(2)]
    assert [reply.body["results"][0]["status"] for reply in replies] == ["made", "made"]
    assert (await admin.post(path, prices)).body["results"][0]["status"] == "replaced"
