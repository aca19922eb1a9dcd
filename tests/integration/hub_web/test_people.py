"""F30, F31: logging in and what people may do."""

import asyncio

import pytest

from cloud_hub.domain.permissions import Role
from cloud_hub.services import principals
from tests.integration.hub_web.conftest import PASSWORD, Client, Running, Serve


async def test_the_very_first_user_registers_as_admin_and_nobody_after_that(hub: Running) -> None:
    body = {"username": "first", "password": PASSWORD}
    replies = await asyncio.gather(
        *(hub.nobody.post("/auth/register", {**body, "username": f"u{i}"}) for i in range(8))
    )
    assert sorted(reply.status for reply in replies) == [201] + [403] * 7
    (made,) = [reply.body for reply in replies if reply.status == 201]
    assert (made["role"], made["state"], made["site_ids"]) == ("admin", "active", None)


async def test_with_open_registration_later_users_wait_without_sites(serve: Serve) -> None:
    async with serve(open_registration=True) as hub:
        await hub.add_user("admin", Role.ADMIN)
        reply = await hub.nobody.post("/auth/register", {"username": "later", "password": PASSWORD})
        assert (reply.status, reply.body["state"], reply.body["site_ids"]) == (201, "pending", [])
        login = await hub.nobody.post("/auth/login", {"username": "later", "password": PASSWORD})
        assert login.status == 401


async def test_a_wrong_password_and_an_unknown_user_get_the_same_words(hub: Running, admin: Client) -> None:
    wrong = await hub.nobody.post("/auth/login", {"username": "admin", "password": "wrong"})
    unknown = await hub.nobody.post("/auth/login", {"username": "who", "password": "wrong"})
    assert wrong.status == unknown.status == 401
    assert {key: wrong.body[key] for key in ("code", "detail")} == {
        key: unknown.body[key] for key in ("code", "detail")
    }


async def test_ten_wrong_passwords_and_the_next_try_has_to_wait(hub: Running, admin: Client) -> None:
    wrong = {"username": "admin", "password": "wrong"}
    statuses = [(await hub.nobody.post("/auth/login", wrong)).status for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    refused = await hub.nobody.post("/auth/login", {"username": "admin", "password": PASSWORD})
    assert (refused.status, refused.headers["Retry-After"].isdigit()) == (429, True)
    assert (await hub.nobody.post("/auth/login", {**wrong, "username": "somebody-else"})).status == 401


async def test_a_disabled_user_is_out_at_once_on_this_process(hub: Running, admin: Client) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    me = await clerk.get("/me")
    assert me.status == 200
    await admin.patch(f"/users/{me.body['id']}", {"state": "disabled"})
    assert (await clerk.get("/me")).status == 401


async def test_a_role_taken_away_elsewhere_is_gone_when_the_memory_of_it_is(
    hub: Running, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(principals, "REMEMBER_MS", 0)
    clerk = await hub.add_user("clerk", Role.WAREHOUSE_MANAGER)
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE users SET role = 'staff' WHERE username = 'clerk'")
    assert (await clerk.post("/products", {"sku": "a", "name": "a"})).status == 403


async def test_the_last_administrator_stays_one(admin: Client) -> None:
    me = (await admin.get("/me")).body["id"]
    for change in ({"role": "staff"}, {"state": "disabled"}):
        reply = await admin.patch(f"/users/{me}", change)
        assert (reply.status, reply.body["code"]) == (409, "last_admin")
    assert (await admin.get("/users")).status == 200


async def test_a_name_is_taken_once(hub: Running, admin: Client) -> None:
    body = {"username": "twin", "password": PASSWORD}
    assert [(await admin.post("/users", body)).status for _ in range(2)] == [201, 409]


async def test_somebody_of_one_site_sees_that_site_only(hub: Running, admin: Client) -> None:
    mine, other = await admin.make_site(), await admin.make_site()
    clerk = await hub.add_user("clerk", Role.STORE_MANAGER, [mine])
    assert [site["id"] for site in (await clerk.get("/sites")).body["items"]] == [mine]
    assert (await clerk.get(f"/sites/{other}")).status == 403
    assert (await clerk.get(f"/inventory?site_id={other}")).status == 403
    assert (await clerk.get(f"/inventory/movements?site_id={other}")).status == 403
    assert [each["site_id"] for each in (await clerk.get("/inventory")).body["as_of"]] == [mine]
    product = await admin.make_product()
    reply = await clerk.post(
        "/inventory/adjust", {"site_id": other, "product_id": product["id"], "delta": "1", "reason": "correction"}
    )
    assert reply.status == 403
