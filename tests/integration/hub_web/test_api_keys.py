"""F31: keys of integrations are shown once, do what their scopes say at their sites, and end when they should."""

import pytest

from cloud_hub.domain.permissions import Role
from cloud_hub.services import principals
from tests.integration.hub_web.conftest import Client, Running


async def make_key(admin: Client, *scopes: str, **more: object) -> tuple[Client, dict[str, object]]:
    reply = await admin.post("/api-keys", {"name": "till", "scopes": list(scopes), **more})
    assert reply.status == 201, reply.body
    return Client(admin.session, admin.url, reply.body["key"]), reply.body


async def test_a_key_is_shown_once_and_listed_by_its_beginning(admin: Client) -> None:
    _, made = await make_key(admin, "stock.read")
    key = str(made.pop("key"))
    assert (key.startswith(str(made["prefix"])), len(str(made["prefix"]))) == (True, 12)
    assert (await admin.get("/api-keys")).body["items"] == [made]
    assert (await admin.get(f"/api-keys/{made['id']}")).body == made
    assert (made["scopes"], made["last_used_at"]) == (["profile.read", "stock.read"], None)


async def test_a_key_does_what_its_scopes_say_at_its_sites(hub: Running, admin: Client) -> None:
    mine, other = await admin.make_site("hub"), await admin.make_site("hub")
    product = (await admin.make_product())["id"]
    key, made = await make_key(admin, "stock.read", "stock.write", site_ids=[mine])
    me = (await key.get("/me")).body
    assert (me["id"], me["username"], me["role"], me["site_ids"]) == (made["id"], "till", "integration", [mine])
    body = {"product_id": product, "delta": "5", "reason": "receipt"}
    assert (await key.post("/inventory/adjust", {**body, "site_id": mine})).status == 201
    assert (await key.post("/inventory/adjust", {**body, "site_id": other})).status == 403
    for path in ("/products", "/users", "/api-keys", "/fleet"):
        assert (await key.get(path)).status == 403, path
    assert (await key.post("/auth/logout")).status == 403
    moved = (await admin.get(f"/inventory/movements?site_id={mine}")).body["items"][0]
    assert moved["actor"] == "till"


@pytest.mark.parametrize("body", [
    {"scopes": []}, {"scopes": ["users.write"]}, {"scopes": ["nonsense"]}, {"scopes": ["api_keys.write"]},
    {"scopes": ["stock.read"], "expires_in_days": 0}, {"scopes": ["stock.read"], "expires_in_days": 100_000},
])  # fmt: skip
async def test_a_key_that_could_make_people_or_keys_or_never_begins_is_refused(
    admin: Client, body: dict[str, object]
) -> None:
    assert (await admin.post("/api-keys", {"name": "till", **body})).status == 422


async def test_a_revoked_key_is_dead_at_once_here_and_stays_in_the_list(admin: Client) -> None:
    key, made = await make_key(admin, "stock.read")
    assert (await key.get("/inventory")).status == 200
    revoked = await admin.ask("DELETE", f"/api-keys/{made['id']}")
    again = await admin.ask("DELETE", f"/api-keys/{made['id']}")
    assert (revoked.status, revoked.body["revoked_at"] is None) == (200, False)
    assert again.body == revoked.body
    assert (await key.get("/inventory")).status == 401
    assert [each["id"] for each in (await admin.get("/api-keys")).body["items"]] == [made["id"]]


async def test_a_key_expires_and_one_that_never_expires_does_not(
    hub: Running, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(principals, "REMEMBER_MS", 0)
    short, _ = await make_key(admin, "stock.read", expires_in_days=1)
    long, made = await make_key(admin, "stock.read", expires_in_days=None)
    assert made["expires_at"] is None
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE api_keys SET expires_at = expires_at - 86400000")
    assert [(await key.get("/inventory")).status for key in (short, long)] == [401, 200]


async def test_one_sees_when_a_key_was_last_used(admin: Client) -> None:
    key, made = await make_key(admin, "stock.read")
    await key.get("/inventory")
    assert (await admin.get(f"/api-keys/{made['id']}")).body["last_used_at"] is not None


async def test_a_key_outlives_who_made_it(hub: Running, admin: Client) -> None:
    other = await hub.add_user("other", Role.ADMIN)
    key, _ = await make_key(other, "stock.read")
    me = (await other.get("/me")).body["id"]
    assert (await admin.patch(f"/users/{me}", {"state": "disabled"})).status == 200
    assert (await key.get("/inventory")).status == 200


async def test_keys_come_page_by_page_newest_first(admin: Client) -> None:
    made = [str((await make_key(admin, "stock.read"))[1]["id"]) for _ in range(3)]
    first = await admin.get("/api-keys?limit=2")
    rest = await admin.get(f"/api-keys?limit=2&cursor={first.body['next_cursor']}")
    assert [each["id"] for reply in (first, rest) for each in reply.body["items"]] == made[::-1]
