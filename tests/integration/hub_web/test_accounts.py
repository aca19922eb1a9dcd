"""F30, F31: people are approved, edited, reset and logged out by administrators, and keep their own profile."""

import asyncio

from cloud_hub.domain import one_time_codes
from cloud_hub.domain.permissions import GRANTS, Role
from tests.integration.hub_web.conftest import PASSWORD, Client, Running, Serve

NEW = "an entirely new secret"


async def test_who_registers_waits_until_an_administrator_gives_a_role_and_sites(serve: Serve) -> None:
    async with serve(open_registration=True) as hub:
        admin = await hub.add_user("admin", Role.ADMIN)
        site = await admin.make_site()
        body = {"email": "user@example.com", "password": "securepassword123", "full_name": "John Doe"}
        made = await hub.nobody.post("/auth/register", body)
        assert made.status == 201
        assert {name: made.body[name] for name in ("email", "full_name", "role", "state", "is_active", "site_ids")} == {
            "email": "user@example.com", "full_name": "John Doe", "role": "staff", "state": "pending",
            "is_active": False, "site_ids": [],
        }  # fmt: skip
        login = {"email": body["email"], "password": body["password"]}
        assert (await hub.nobody.post("/auth/login", login)).status == 401
        assert [each["id"] for each in (await admin.get("/users?state=pending")).body["items"]] == [made.body["id"]]
        path = f"/users/{made.body['id']}/approve"
        approved = await admin.post(path, {"role": "store_manager", "site_ids": [site]})
        assert (approved.status, approved.body["state"], approved.body["site_ids"]) == (200, "active", [site])
        again = await admin.post(path, {"site_ids": None})
        assert (again.status, again.body["code"]) == (409, "not_pending")
        assert (await hub.nobody.post("/auth/login", login)).status == 200


async def test_a_name_and_an_address_are_taken_once_in_any_case(hub: Running, admin: Client) -> None:
    body = {"username": "Twin", "email": "Twin@example.com", "password": PASSWORD}
    assert (await admin.post("/users", body)).status == 201
    name = await admin.post("/users", {**body, "username": "tWIN", "email": "other@example.com"})
    address = await admin.post("/users", {**body, "username": "other", "email": "tWIN@example.com"})
    assert [(reply.status, reply.body["code"]) for reply in (name, address)] == [
        (409, "name_taken"), (409, "email_taken"),
    ]  # fmt: skip
    raced = await asyncio.gather(*(admin.post("/users", {"username": "one", "password": PASSWORD}) for _ in range(5)))
    assert sorted(reply.status for reply in raced) == [201] + [409] * 4


async def test_a_new_user_without_a_password_sets_one_with_a_code_that_is_good_once(
    hub: Running, admin: Client
) -> None:
    made = await admin.post("/users", {"username": "new", "role": "staff"})
    assert made.status == 201
    code = made.body["code"]
    wrong = await hub.nobody.post("/auth/password", {"username": "new", "code": "AAAA", "new_password": NEW})
    unknown = await hub.nobody.post("/auth/password", {"username": "who", "code": code, "new_password": NEW})
    assert (wrong.status, wrong.body["code"]) == (unknown.status, unknown.body["code"]) == (401, "code")
    body = {"username": "new", "code": code.lower().replace("-", " "), "new_password": NEW}
    both = await asyncio.gather(*(hub.nobody.post("/auth/password", body) for _ in range(2)))
    assert sorted(reply.status for reply in both) == [204, 401]
    assert (await hub.nobody.post("/auth/password", body)).status == 401
    assert (await hub.nobody.log_in("new", NEW)).token is not None
    assert (await admin.get(f"/users/{made.body['id']}")).body.keys().isdisjoint({"code", "password_hash"})


async def test_a_code_ends_after_a_day_and_a_newer_one_replaces_it(hub: Running, admin: Client) -> None:
    made = (await admin.post("/users", {"username": "new"})).body
    newer = (await admin.post(f"/users/{made['id']}/reset-password")).body["code"]
    body = {"username": "new", "code": made["code"], "new_password": NEW}
    assert (await hub.nobody.post("/auth/password", body)).status == 401
    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "UPDATE users SET code_expires_at = code_expires_at - $1", one_time_codes.LIFE_MS + 1000
        )
    assert (await hub.nobody.post("/auth/password", {**body, "code": newer})).status == 401


async def test_a_reset_takes_the_password_away_and_logs_out_everywhere(hub: Running, admin: Client) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    me = (await clerk.get("/me")).body["id"]
    reset = await admin.post(f"/users/{me}/reset-password")
    assert (reset.status, reset.headers["Cache-Control"]) == (200, "no-store")
    assert (await clerk.get("/me")).status == 401
    for password in (PASSWORD, "", "nobody has this password"):
        body = {"username": "clerk", "password": password or "x"}
        assert (await hub.nobody.post("/auth/login", body)).status == 401
    body = {"username": "clerk", "code": reset.body["code"], "new_password": NEW}
    assert (await hub.nobody.post("/auth/password", body)).status == 204
    await hub.nobody.log_in("clerk", NEW)


async def test_an_administrator_logs_somebody_out_everywhere(hub: Running, admin: Client) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    me = (await clerk.get("/me")).body["id"]
    assert (await admin.post(f"/users/{me}/logout")).status == 204
    assert (await clerk.get("/me")).status == 401
    await hub.nobody.log_in("clerk")


async def test_the_second_of_two_editors_is_told_and_null_clears_an_address_only(hub: Running, admin: Client) -> None:
    made = await admin.post("/users", {"username": "x", "email": "x@example.com", "password": PASSWORD})
    path, tag = f"/users/{made.body['id']}", made.headers["ETag"]
    first = await admin.patch(path, {"full_name": "First"}, If_Match=tag)
    second = await admin.patch(path, {"full_name": "Second"}, If_Match=tag)
    assert (first.status, second.status) == (200, 412)
    assert first.headers["ETag"] != tag
    assert (await admin.get(path)).headers["ETag"].startswith(first.headers["ETag"].rstrip('"'))
    assert (await admin.patch(path, {"email": None})).body["email"] is None
    for body in ({"username": None}, {"role": None}, {"state": None}, {"full_name": None}):
        assert (await admin.patch(path, body)).status == 422, body
    assert (await admin.patch(path, {"password": NEW})).status == 422


async def test_users_are_found_by_words_state_and_role_and_page_by_page(hub: Running, admin: Client) -> None:
    for number in range(5):
        body = {"username": f"clerk{number}", "full_name": f"Number {number}", "password": PASSWORD}
        assert (await admin.post("/users", body)).status == 201
    assert [each["username"] for each in (await admin.get("/users?q=NUMBER%203")).body["items"]] == ["clerk3"]
    assert [each["username"] for each in (await admin.get("/users?role=admin")).body["items"]] == ["admin"]
    names, path = [], "/users?limit=2"
    while path:
        reply = await admin.get(path)
        names += [each["username"] for each in reply.body["items"]]
        cursor = reply.body["next_cursor"]
        path = f"/users?limit=2&cursor={cursor}" if cursor else ""
    assert names == ["admin", *(f"clerk{number}" for number in range(5))]


async def test_an_administrator_of_some_sites_governs_nobody_beyond_them(hub: Running, admin: Client) -> None:
    mine, other = await admin.make_site(), await admin.make_site()
    local = await hub.add_user("local", Role.ADMIN, [mine])
    boss = (await admin.get("/me")).body["id"]
    far = (await admin.post("/users", {"username": "far", "password": PASSWORD, "site_ids": [other]})).body["id"]
    near = await local.post("/users", {"username": "near", "password": PASSWORD, "site_ids": [mine]})
    assert near.status == 201
    for sites in (None, [other], [mine, other]):
        body = {"username": "further", "password": PASSWORD, "site_ids": sites}
        assert (await local.post("/users", body)).status == 403
        assert (await local.patch(f"/users/{near.body['id']}", {"site_ids": sites})).status == 403
        assert (await local.post("/api-keys", {"name": "k", "scopes": ["stock.read"], "site_ids": sites})).status == 403
    for user in (boss, far):
        assert (await local.patch(f"/users/{user}", {"state": "disabled"})).status == 403
        assert (await local.post(f"/users/{user}/reset-password")).status == 403
        assert (await local.post(f"/users/{user}/logout")).status == 403
    assert (await admin.get("/me")).status == 200


async def test_one_changes_ones_own_name_freely_and_what_one_logs_in_with_by_password(
    hub: Running, admin: Client
) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    assert (await clerk.patch("/me", {"full_name": "A Clerk"})).body["full_name"] == "A Clerk"
    for body in ({"email": "c@example.com"}, {"email": "c@example.com", "password": "wrong"}):
        reply = await clerk.patch("/me", body)
        assert (reply.status, reply.body["code"]) == (403, "password")
    reply = await clerk.patch("/me", {"email": "c@example.com", "password": PASSWORD})
    assert (reply.status, reply.body["email"]) == (200, "c@example.com")
    assert (await clerk.patch("/me", {"username": "admin", "password": PASSWORD})).status == 409
    assert (await clerk.patch("/me", {"role": "admin"})).status == 422


async def test_a_new_password_needs_the_old_one_and_logs_out_every_other_device(hub: Running, admin: Client) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    other = await hub.nobody.log_in("clerk")
    wrong = await clerk.post("/me/password", {"old_password": "wrong", "new_password": NEW})
    weak = await clerk.post("/me/password", {"old_password": PASSWORD, "new_password": "clerkclerk"})
    assert (wrong.status, weak.status, weak.body["errors"][0]["pointer"]) == (403, 422, "/new_password")
    assert (await clerk.post("/me/password", {"old_password": PASSWORD, "new_password": NEW})).status == 204
    assert (await clerk.get("/me")).status == 200
    assert (await other.get("/me")).status == 401
    await hub.nobody.log_in("clerk", NEW)


async def test_the_old_password_cannot_be_guessed_with_a_stolen_token(hub: Running, admin: Client) -> None:
    body = {"old_password": "guess", "new_password": NEW}
    statuses = [(await admin.post("/me/password", body)).status for _ in range(11)]
    assert statuses == [403] * 10 + [429]


async def test_the_matrix_of_roles_can_be_shown(hub: Running, admin: Client) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    roles = (await clerk.get("/roles")).body
    assert {each["role"]: set(each["permissions"]) for each in roles["items"]} == {
        str(role): {str(permission) for permission in granted} for role, granted in GRANTS.items()
    }
    assert "users.write" not in roles["scopes"]
    assert set((await clerk.get("/me")).body["permissions"]) == {str(each) for each in GRANTS[Role.STAFF]}
