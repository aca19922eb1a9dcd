"""F23, F24: movements by who made them and why, for one user and for the chain, and what was lost."""

import pytest

from cloud_hub.core import now_ms
from cloud_hub.domain.permissions import Role
from cloud_hub.services import rolling
from tests.integration.hub_web.conftest import Client, Running


@pytest.fixture
async def done(hub: Running, admin: Client) -> dict[str, str]:
    """Two people moved goods at two sites: the ids."""
    sites = {name: await admin.make_site("hub") for name in ("depot", "shop")}
    pen = (await admin.make_product(name="Pen", unit_cost="0.50"))["id"]
    bob = await hub.add_user("bob", Role.STAFF)
    for client, site, how, quantity, reason in (
        (admin, "depot", "increment", "100", "receipt"),
        (bob, "shop", "increment", "50", "receipt"),
        (bob, "shop", "decrement", "2", "damage"),
        (bob, "depot", "decrement", "4", "theft"),
        (admin, "depot", "decrement", "1.5", "theft"),
    ):
        body = {"site_id": sites[site], "product_id": pen, "quantity": quantity, "reason": reason}
        assert (await client.post(f"/inventory/{how}", body)).status == 201
    relocated = {"product_id": pen, "quantity": "3", "from_location": "shelf", "to_location": "backroom"}
    moved = await bob.post(
        "/inventory/movements", {"site_id": sites["shop"], "movements": [{**relocated, "reason": "relocation"}]}
    )
    assert moved.status == 201
    while await rolling.roll(hub.core.database, now_ms()):
        pass
    return {**sites, "pen": pen}


async def test_movements_are_told_by_user_and_reason_for_the_chain_a_site_and_one_user(
    admin: Client, done: dict[str, str]
) -> None:
    told = (await admin.get("/reports/stock-movements")).body
    rows = [(row["actor"], row["reason"], row["movements"], row["added"], row["taken"]) for row in told["items"]]
    assert rows == [
        ("admin", "receipt", 1, "100", "0"), ("admin", "theft", 1, "0", "1.5"), ("bob", "damage", 1, "0", "2"),
        ("bob", "receipt", 1, "50", "0"), ("bob", "relocation", 1, "0", "0"), ("bob", "theft", 1, "0", "4"),
    ]  # fmt: skip
    assert told["totals"] == {"movements": 6, "added": "150", "taken": "7.5"}
    assert told["as_of"]["uncounted"] == 0
    of_bob = (await admin.get(f"/reports/stock-movements?actor=bob&site_id={done['shop']}&limit=2")).body
    assert [row["reason"] for row in of_bob["items"]] == ["damage", "receipt"]
    rest = await admin.get(f"/reports/stock-movements?actor=bob&site_id={done['shop']}&cursor={of_bob['next_cursor']}")
    assert ([row["reason"] for row in rest.body["items"]], rest.body["totals"]["movements"]) == (["relocation"], 3)
    before = (await admin.get("/reports/stock-movements?start_date=2025-01-01&end_date=2025-01-31")).body
    assert (before["items"], before["totals"]["movements"]) == ([], 0)


async def test_what_was_lost_is_told_by_reason_product_and_site_with_what_it_had_cost(
    hub: Running, admin: Client, done: dict[str, str]
) -> None:
    by_reason = (await admin.get("/reports/shrinkage")).body["items"]
    assert [(row["reason"], row["quantity"], row["cost"]) for row in by_reason] == [
        ("damage", "2", "1.00"), ("theft", "5.5", "2.75"),
    ]  # fmt: skip
    by_product = (await admin.get("/reports/shrinkage?by=product")).body["items"]
    assert {(row["product_id"], row["name"], row["reason"]) for row in by_product} == {
        (done["pen"], "Pen", "damage"), (done["pen"], "Pen", "theft"),
    }  # fmt: skip
    first = (await admin.get("/reports/shrinkage?by=site&limit=1")).body
    second = (await admin.get(f"/reports/shrinkage?by=site&cursor={first['next_cursor']}")).body
    assert {row["site_id"] for row in first["items"] + second["items"]} == {done["depot"], done["shop"]}
    partner = await hub.add_user("partner", Role.RETAIL_PARTNER, [done["shop"]])
    assert [row["reason"] for row in (await partner.get("/reports/shrinkage")).body["items"]] == ["damage"]
    assert (await partner.get(f"/reports/stock-movements?site_id={done['depot']}")).status == 403


async def test_what_stocktakes_did_not_find_is_lost_for_no_known_reason_less_what_they_found_beyond_the_record(
    hub: Running, admin: Client, done: dict[str, str]
) -> None:
    for how, quantity in (("decrement", "5"), ("increment", "1.5")):
        body = {"site_id": done["shop"], "product_id": done["pen"], "quantity": quantity, "reason": "correction"}
        assert (await admin.post(f"/inventory/{how}", body)).status == 201
    # Only a store counts; in its ledger this is what a stocktake posts.
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE movements SET reason = 'count' WHERE reason = 'correction'")
    while await rolling.roll(hub.core.database, now_ms()):
        pass
    for by in ("reason", "product", "site"):
        rows = (await admin.get(f"/reports/shrinkage?by={by}")).body["items"]
        (row,) = [row for row in rows if row["reason"] == "count"]
        assert (row["quantity"], row["movements"], row["cost"]) == ("3.5", 2, None)
