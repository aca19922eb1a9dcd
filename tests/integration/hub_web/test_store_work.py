"""B02, B04, F26: what stores count and are asked to look at is seen at head office; who counts blind stays so."""

from typing import Any
from uuid import UUID, uuid4

from cloud_hub.domain.permissions import Role
from cloud_hub.storage import reports
from tests.integration.hub_web.conftest import Client, Running


async def count(hub: Running, site_id: str, product_id: str, *lines: dict[str, Any]) -> str:
    """A stocktake as the site's box has told it."""
    stocktake_id = str(uuid4())
    async with hub.core.database.transaction() as connection:
        told = {"site_id": UUID(site_id), "stocktake_id": UUID(stocktake_id)}
        head = {"name": "aisle 1", "state": "closed", "opened_at": 1_000, "updated_at": 2_000}
        await reports.save(connection, "stocktake", [told | head])
        line = {
            "product_id": UUID(product_id), "location": "shelf", "counted": 95_000, "expected": 100_000,
            "variance": -5_000, "after_position": 1, "until_position": 1, "status": "posted",
        }  # fmt: skip
        rows = [told | line | {"line_id": uuid4(), "occurred_at": at} | given for at, given in enumerate(lines)]
        await reports.save(connection, "count", rows)
    return stocktake_id


async def test_a_stocktake_is_shown_with_what_was_counted_and_how_far_off_the_ledger_was(
    hub: Running, admin: Client
) -> None:
    site, product = await admin.make_site(), (await admin.make_product())["id"]
    right = {"counted": 7_000, "expected": 7_000, "variance": 0}
    stocktake_id = await count(hub, site, product, {}, right, {"status": "ambiguous", "variance": 0})

    (seen,) = (await admin.get(f"/stocktakes?site_id={site}&state=closed")).body["items"]
    assert (seen["name"], seen["lines"], seen["differing"], seen["ambiguous"]) == ("aisle 1", 3, 1, 1)
    assert (await admin.get(f"/stocktakes/{stocktake_id}")).body == seen
    assert (await admin.get("/stocktakes?state=open")).body["items"] == []

    lines = f"/stocktakes/{stocktake_id}/lines"
    (posted,) = (await admin.get(f"{lines}?status=posted&limit=1&skip=1")).body["items"]
    assert (posted["counted"], posted["expected"], posted["variance"]) == ("95", "100", "-5")
    first = await admin.get(f"{lines}?limit=2")
    rest = await admin.get(f"{lines}?cursor={first.body['next_cursor']}")
    assert [line["status"] for line in first.body["items"] + rest.body["items"]] == ["ambiguous", "posted", "posted"]
    assert 'rel="next"' in first.headers["Link"]


async def test_who_counts_blind_sees_in_no_answer_what_was_expected(hub: Running, admin: Client) -> None:
    site, product = await admin.make_site(), (await admin.make_product())["id"]
    stocktake_id = await count(hub, site, product, {})
    staff = await hub.add_user("staff", Role.STAFF, [site])

    seen = (await staff.get(f"/stocktakes/{stocktake_id}")).body
    (line,) = (await staff.get(f"/stocktakes/{stocktake_id}/lines")).body["items"]

    assert (seen["lines"], seen["differing"]) == (1, None)
    assert (line["counted"], line["expected"], line["variance"]) == ("95", None, None)


async def test_stocktakes_and_tasks_are_those_of_ones_own_sites(hub: Running, admin: Client) -> None:
    mine, other, product = await admin.make_site(), await admin.make_site(), (await admin.make_product())["id"]
    foreign = await count(hub, other, product, {})
    async with hub.core.database.transaction() as connection:
        row = {"product_id": UUID(product), "detail": "-3 on record", "opened_at": 1_000, "updated_at": 1_000}
        rows = [
            row | {"site_id": UUID(site), "task_id": uuid4(), "rule": rule, "state": state}
            for site, rule, state in ((mine, "negative_stock", "open"), (mine, "recount", "done"), (other, "x", "open"))
        ]
        await reports.save(connection, "task", rows)
    manager = await hub.add_user("manager", Role.STORE_MANAGER, [mine])

    assert (await manager.get("/stocktakes")).body["items"] == []
    assert (await manager.get(f"/stocktakes?site_id={other}")).status == 403
    assert (await manager.get(f"/stocktakes/{foreign}")).status == 403
    assert (await manager.get(f"/stocktakes/{foreign}/lines")).status == 403
    assert (await manager.get(f"/stocktakes/{uuid4()}/lines")).status == 404
    assert {task["rule"] for task in (await manager.get("/tasks")).body["items"]} == {"negative_stock", "recount"}
    (open_one,) = (await manager.get(f"/tasks?state=open&product_id={product}")).body["items"]
    assert (open_one["rule"], open_one["detail"]) == ("negative_stock", "-3 on record")
    assert (await manager.get(f"/tasks?site_id={other}")).status == 403
