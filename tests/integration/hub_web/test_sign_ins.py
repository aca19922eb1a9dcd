"""F30, F32: logging in, rotating refresh tokens, reuse, logging out, lock-out that hits the guesser only."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from cloud_hub.domain import refreshing
from cloud_hub.domain.permissions import Role
from cloud_hub.services import principals
from tests.integration.hub_web.conftest import PASSWORD, Client, Reply, Running, Serve


async def log_in(hub: Running, **who: str) -> Reply:
    return await hub.nobody.post("/auth/login", {"password": PASSWORD, **who})


async def refresh(hub: Running, token: str) -> Reply:
    return await hub.nobody.post("/auth/refresh", {"refresh_token": token})


def holder(hub: Running, reply: Reply) -> Client:
    return Client(hub.session, hub.url, reply.body["access_token"])


async def pass_time(hub: Running, ms: int) -> None:
    """Everything that a sign-in remembers was so much earlier."""
    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "UPDATE sign_ins SET renewed_at = renewed_at - $1, started_at = started_at - $1,"
            " expires_at = expires_at - $1", ms,
        )  # fmt: skip


async def test_one_logs_in_by_name_or_address_in_any_case(hub: Running, admin: Client) -> None:
    body = {"username": "Ada", "email": "Ada@Example.com", "password": PASSWORD, "full_name": "Ada Lovelace"}
    assert (await admin.post("/users", body)).status == 201
    for who in ({"username": "ada"}, {"email": "ADA@example.com"}, {"username": "ada@example.com"}):
        reply = await log_in(hub, **who)
        assert reply.status == 200, who
        assert (reply.body["token_type"], reply.body["expires_in"]) == ("Bearer", 900)
        me = (await holder(hub, reply).get("/me")).body
        assert (me["username"], me["email"], me["full_name"]) == ("Ada", "Ada@Example.com", "Ada Lovelace")
    for body in ({}, {"username": "a", "email": "a@example.com"}):
        assert (await log_in(hub, **body)).status == 422


async def test_a_name_can_never_look_like_somebody_elses_address(hub: Running, admin: Client) -> None:
    body = {"username": "ada@example.com", "password": PASSWORD}
    assert (await admin.post("/users", body)).status == 422
    assert (await hub.nobody.post("/auth/register", body)).status == 422


async def test_each_refresh_gives_the_next_pair_and_the_old_tokens_number_is_used_up(
    hub: Running, admin: Client
) -> None:
    first = await log_in(hub, username="admin")
    second = await refresh(hub, first.body["refresh_token"])
    third = await refresh(hub, second.body["refresh_token"])
    assert [reply.status for reply in (first, second, third)] == [200] * 3
    assert len({reply.body["refresh_token"] for reply in (first, second, third)}) == 3
    for reply in (first, second, third):
        assert (await holder(hub, reply).get("/me")).status == 200


async def test_a_lost_answer_is_forgiven_with_the_same_successor_also_to_many_at_once(
    hub: Running, admin: Client
) -> None:
    token = (await log_in(hub, username="admin")).body["refresh_token"]
    replies = await asyncio.gather(*(refresh(hub, token) for _ in range(20)))
    assert {reply.status for reply in replies} == {200}
    (successor,) = {reply.body["refresh_token"] for reply in replies}
    assert (await refresh(hub, successor)).status == 200


async def test_a_hundred_lost_answers_end_no_sign_in(hub: Running, admin: Client) -> None:
    token = (await log_in(hub, username="admin")).body["refresh_token"]
    for _ in range(50):
        lost = await refresh(hub, token)
        again = await refresh(hub, token)
        assert lost.body["refresh_token"] == again.body["refresh_token"]
        token = again.body["refresh_token"]


@pytest.mark.parametrize("rotations", [1, 2])
async def test_a_used_token_that_comes_again_ends_the_sign_in_of_thief_and_owner_and_no_other(
    hub: Running, admin: Client, rotations: int
) -> None:
    first = await log_in(hub, username="admin")
    stolen = newest = first.body["refresh_token"]
    for _ in range(rotations):
        newest = (await refresh(hub, newest)).body["refresh_token"]
    if rotations == 1:
        await pass_time(hub, refreshing.FORGIVEN_MS + 1000)
    again = await refresh(hub, stolen)
    assert (again.status, again.body["code"]) == (401, "refresh_token")
    assert (await refresh(hub, newest)).status == 401
    assert (await holder(hub, first).get("/me")).status == 401
    assert (await admin.get("/me")).status == 200


@pytest.mark.parametrize("ms", [refreshing.IDLE_MS + 1000, refreshing.LIFE_MS + 1000], ids=["unused", "too old"])
async def test_a_sign_in_ends_when_it_is_not_used_for_a_week_or_is_a_month_old(
    hub: Running, admin: Client, ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(principals, "REMEMBER_MS", 0)
    reply = await log_in(hub, username="admin")
    await pass_time(hub, ms)
    assert (await refresh(hub, reply.body["refresh_token"])).status == 401
    assert (await holder(hub, reply).get("/me")).status == 401


async def test_logging_out_ends_this_sign_in_and_everywhere_ends_all(hub: Running, admin: Client) -> None:
    one, two, three = [await log_in(hub, username="admin") for _ in range(3)]
    assert (await holder(hub, one).post("/auth/logout")).status == 204
    assert (await holder(hub, one).get("/me")).status == 401
    assert (await refresh(hub, one.body["refresh_token"])).status == 401
    assert (await holder(hub, two).get("/me")).status == 200
    assert (await holder(hub, two).post("/auth/logout?everywhere=true")).status == 204
    for reply in (two, three):
        assert (await holder(hub, reply).get("/me")).status == 401
        assert (await refresh(hub, reply.body["refresh_token"])).status == 401


async def test_a_sign_in_ended_at_one_process_is_over_at_another_when_its_memory_is(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as stack:
        here, there = [await stack.enter_async_context(serve()) for _ in range(2)]
        await here.add_user("admin", Role.ADMIN)
        reply = await log_in(here, username="admin")
        assert (await holder(there, reply).get("/me")).status == 200
        assert (await holder(here, reply).post("/auth/logout")).status == 204
        assert principals.REMEMBER_MS <= 30_000
        real = principals.Principals.find
        monkeypatch.setattr(
            principals.Principals, "find", lambda self, token, now: real(self, token, now + principals.REMEMBER_MS)
        )
        assert (await holder(there, reply).get("/me")).status == 401


async def test_one_sees_where_one_is_logged_in_and_ends_one_of_them(hub: Running, admin: Client) -> None:
    other = await log_in(hub, username="admin")
    listed = (await admin.get("/me/sign-ins")).body["items"]
    assert [each["is_this"] for each in listed].count(True) == 1
    (lost,) = [each["id"] for each in listed if not each["is_this"]]
    assert "aiohttp" in listed[0]["agent"]
    clerk = await hub.add_user("clerk", Role.STAFF)
    assert (await clerk.ask("DELETE", f"/me/sign-ins/{lost}")).status == 404
    assert (await admin.ask("DELETE", f"/me/sign-ins/{lost}")).status == 204
    assert (await holder(hub, other).get("/me")).status == 401
    assert (await admin.get("/me")).status == 200


async def test_who_guesses_is_slowed_down_and_the_owner_elsewhere_is_not(serve: Serve) -> None:
    async with serve(behind_tls_proxy=True) as hub:
        admin = await hub.add_user("admin", Role.ADMIN)
        me = (await admin.get("/me")).body["id"]
        await admin.patch(f"/users/{me}", {"email": "admin@example.com"})
        thief, owner = {"X_Forwarded_For": "203.0.113.5"}, {"X_Forwarded_For": "198.51.100.7"}
        names = [{"username": "admin"}, {"email": "admin@example.com"}, {"username": "ADMIN"}] * 4
        wrong = [(await hub.nobody.post("/auth/login", {**who, "password": "guess"}, **thief)).status for who in names]
        assert wrong == [401] * 10 + [429] * 2
        right = {"username": "admin", "password": PASSWORD}
        assert (await hub.nobody.post("/auth/login", right, **thief)).status == 429
        assert (await hub.nobody.post("/auth/login", right, **owner)).status == 200


async def test_all_addresses_of_one_ipv6_network_are_one_guesser(serve: Serve) -> None:
    async with serve(behind_tls_proxy=True) as hub:
        await hub.add_user("admin", Role.ADMIN)
        statuses = []
        for number in range(12):
            seen = {"X_Forwarded_For": f"2001:db8:1:2::{number:x}"}
            body = {"username": "admin", "password": "guess"}
            statuses.append((await hub.nobody.post("/auth/login", body, **seen)).status)
        assert statuses == [401] * 10 + [429] * 2


async def test_headers_that_are_no_text_are_shown_as_far_as_they_are(serve: Serve) -> None:
    async with serve(behind_tls_proxy=True) as hub:
        admin = await hub.add_user("admin", Role.ADMIN)
        body = json.dumps({"username": "admin", "password": PASSWORD}).encode()
        host, port = hub.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nUser-Agent: till \xff\xfe\t7\r\nX-Forwarded-For: \xff\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        assert b" 200 " in await reader.readline()
        writer.close()
        shown = [(each["address"], each["agent"]) for each in (await admin.get("/me/sign-ins")).body["items"]]
        assert ("?", "till ??7") in shown


async def test_the_database_knows_no_token_and_no_password(hub: Running, admin: Client) -> None:
    reply = await log_in(hub, username="admin")
    key = (await admin.post("/api-keys", {"name": "till", "scopes": ["stock.read"]})).body["key"]
    user = (await admin.post("/users", {"username": "new"})).body
    async with hub.core.database.transaction() as connection:
        rows = [
            str(dict(row))
            for table in ("users", "sign_ins", "api_keys", "audit")
            for row in await connection.fetch(f"SELECT * FROM {table}")
        ]
    for secret in (PASSWORD, key, user["code"], reply.body["refresh_token"], reply.body["access_token"]):
        assert all(secret not in row for row in rows)
