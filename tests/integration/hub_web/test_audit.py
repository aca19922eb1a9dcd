"""F34, FEATURES 6: every write and every denial is in the audit, and nobody changes the audit unseen."""

import asyncio
from typing import Any

import pytest

from cloud_hub.domain.permissions import Role
from cloud_hub.services.auditing import seal_all
from cloud_hub.services.verification import verify
from tests.integration.hub_web.conftest import Client, Running


async def entries(admin: Client, query: str = "") -> list[dict[str, Any]]:
    reply = await admin.get(f"/audit?limit=500&{query}")
    assert reply.status == 200, reply.body
    return list(reply.body["items"])


async def entries_when(admin: Client, query: str, count: int) -> list[dict[str, Any]]:
    """Once there are so many: those without a transaction of their own are written a moment later."""
    async with asyncio.timeout(10):
        while len(found := await entries(admin, query)) < count:
            pass
    return found


async def problems(hub: Running) -> list[str]:
    async with hub.core.database.transaction() as connection:
        return [each.detail for each in await verify(connection) if each.check == "audit"]


async def test_a_write_is_in_the_audit_with_who_what_and_the_trace_id(hub: Running, admin: Client) -> None:
    me = (await admin.get("/me")).body["id"]
    product = await admin.make_product(sku="AUDITED")
    reply = await admin.patch(f"/products/{product['id']}", {"name": "New", "price": "1.00"})
    (entry,) = await entries(admin, "action=patch_product")
    assert (entry["actor"], entry["entity"]) == (me, f"/products/{product['id']}")
    assert entry["detail"]["fields"] == ["name", "price"]
    assert entry["detail"]["trace_id"] == reply.headers["X-Trace-Id"]
    assert await entries(admin, f"actor={me}&entity=/products") != []
    assert await entries(admin, "since=2100-01-01T00:00:00Z") == []


async def test_a_write_that_was_not_committed_is_not_told_as_done(hub: Running, admin: Client) -> None:
    await admin.make_product(sku="TAKEN")
    assert (await admin.post("/products", {"sku": "TAKEN", "name": "Again"})).status == 409
    assert len(await entries(admin, "action=create_product")) == 1


async def test_movements_of_a_group_are_each_told(hub: Running, admin: Client) -> None:
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    body = {"site_id": site, "product_id": product, "delta": "2", "reason": "correction"}
    refused = {**body, "delta": "-100"}
    replies = await asyncio.gather(*(admin.post("/inventory/adjust", each) for each in [body, refused, body, body]))
    assert sorted(reply.status for reply in replies) == [201, 201, 201, 409]
    found = await entries_when(admin, "action=adjust_inventory", 3)
    done = {reply.headers["X-Trace-Id"] for reply in replies if reply.status == 201}
    assert {entry["detail"]["trace_id"] for entry in found} == done


async def test_who_logs_in_is_named_once_they_have_proved_who_they_are(hub: Running, admin: Client) -> None:
    me = (await admin.get("/me")).body["id"]
    login = {"username": "admin", "password": "a long enough password"}
    tokens = (await hub.nobody.post("/auth/login", login)).body
    assert (await hub.nobody.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})).status == 200
    assert (await hub.nobody.post("/auth/login", {**login, "password": "a wrong one"})).status == 401
    (refused,) = [entry for entry in await entries_when(admin, "action=log_in", 3) if "refused" in entry["detail"]]
    assert refused["actor"] == ""
    for action in ("log_in", "refresh"):
        assert {entry["actor"] for entry in await entries(admin, f"action={action}")} - {""} == {me}


async def test_denials_are_told_and_equal_ones_are_one_entry_with_a_count(hub: Running, admin: Client) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    clerk_id = (await clerk.get("/me")).body["id"]
    await asyncio.gather(*(clerk.get("/users") for _ in range(5)))
    found = await entries_when(admin, f"actor={clerk_id}&action=list_users", 1)
    assert sum(entry["detail"]["count"] for entry in found) == 5
    assert {entry["detail"]["refused"] for entry in found} == {"permission"}
    assert (await hub.nobody.get("/products")).status == 401
    (nobody,) = await entries_when(admin, "action=list_products", 1)
    assert (nobody["actor"], nobody["detail"]["refused"]) == ("", "no_token")


async def test_auditors_read_it_and_nobody_else_or_of_some_sites_only(hub: Running, admin: Client) -> None:
    auditor = await hub.add_user("auditor", Role.AUDITOR)
    assert (await auditor.get("/audit")).status == 200
    manager = await hub.add_user("manager", Role.WAREHOUSE_MANAGER)
    assert (await manager.get("/audit")).status == 403
    partly = await hub.add_user("partly", Role.AUDITOR, [await admin.make_site()])
    assert (await partly.get("/audit")).status == 403


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET actor = 'somebody else' WHERE position = 2",
        "DELETE FROM audit WHERE position = 2",
        "DELETE FROM audit WHERE position = (SELECT max(position) FROM audit)",
        "UPDATE audit SET detail = '{}' WHERE position = 1",
        "UPDATE audit SET position = CASE position WHEN 1 THEN -2 ELSE -1 END WHERE position < 3;"
        " UPDATE audit SET position = -position WHERE position < 0",
    ],
    ids=["changed", "deleted", "cut off", "emptied", "reordered"],
)
async def test_whoever_touches_a_sealed_entry_is_found(hub: Running, admin: Client, tampering: str) -> None:
    for _ in range(3):
        await admin.make_product()
    assert await asyncio.gather(*(seal_all(hub.core.database, 0) for _ in range(3))) is not None
    await admin.make_product()
    await seal_all(hub.core.database, 0)
    assert await problems(hub) == []
    async with hub.core.database.transaction() as connection:
        await connection.execute(tampering)
    assert len(await problems(hub)) == 1
