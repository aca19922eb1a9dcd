"""Deliverable 1: a forgotten password is replaced by mail; nobody learns who has an account, or keeps its owner out."""

import asyncio
import email
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cloud_hub.domain.permissions import Role
from cloud_hub.notify.mail import Mailer
from cloud_hub.services.password_resets import CHANNEL, LIFE_MS, PAUSE_MS, ResetChannel
from cloud_hub.storage.database import Query
from tests.integration.hub_web.conftest import Client, Reply, Running, Serve
from tests.integration.hub_web.mail_server import MailServer, mail_server
from tests.integration.hub_web.telling import Teller, teller

NEW = "another long enough one"


@pytest.fixture
async def told(hub: Running, post: MailServer) -> AsyncIterator[Teller]:
    channel = ResetChannel(hub.core.database, Mailer(post.url, "hub@example.com"), None)
    async with teller(hub, channels={CHANNEL: channel}) as made:
        yield made


@pytest.fixture
async def ada(hub: Running, admin: Client) -> Client:
    """Somebody with an address."""
    person = await hub.add_user("ada", Role.STAFF)
    assert (await person.patch("/me", {"email": "ada@example.com", "password": "a long enough password"})).status == 200
    return person


async def ask(hub: Running, address: str = "ada@example.com", **headers: str) -> Reply:
    return await hub.nobody.post("/auth/password-reset", {"email": address}, **headers)


async def confirm(hub: Running, token: str, password: str = NEW, **headers: str) -> Reply:
    return await hub.nobody.post("/auth/password-reset/confirm", {"token": token, "password": password}, **headers)


def token_of(post: MailServer, number: int = -1) -> str:
    text = email.message_from_bytes(post.got[number][1]).get_payload(decode=True)
    assert isinstance(text, bytes)
    (found,) = re.findall(r"^[\w-]{43}\s*$", text.decode(), re.MULTILINE)
    return str(found.strip())


async def test_the_mailed_token_sets_a_password_once_and_ends_every_sign_in(
    hub: Running, admin: Client, ada: Client, told: Teller, post: MailServer
) -> None:
    assert (await ask(hub, "ADA@example.com")).status == 202
    await told.tell()
    ((receivers, _),) = post.got
    assert receivers == ["ada@example.com"]

    weak = await confirm(hub, token_of(post), "aaaaaaaaaaaa")
    assert (weak.status, weak.body["errors"][0]["pointer"]) == (422, "/password")
    assert (await confirm(hub, token_of(post))).status == 204

    assert (await ada.get("/me")).status == 401
    assert (
        await hub.nobody.post("/auth/login", {"username": "ada", "password": "a long enough password"})
    ).status == 401
    again = await hub.nobody.log_in("ada", NEW)
    me = (await again.get("/me")).body["id"]
    used = await confirm(hub, token_of(post), "yet another long one")
    assert (used.status, used.body["code"]) == (401, "reset_token")
    for action, actor in (("ask_password_reset", ""), ("password_reset_mailed", ""), ("confirm_password_reset", me)):
        entries = (await admin.get(f"/audit?action={action}")).body["items"]
        assert actor in [entry["actor"] for entry in entries if "refused" not in entry["detail"]], action


async def test_asking_is_the_same_work_and_the_same_answer_whether_anybody_has_the_address_or_not(
    hub: Running, ada: Client, told: Teller, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    each = Query.each

    async def noted(self: Query, *arguments: Any) -> Any:
        said.append(self.text)
        return await each(self, *arguments)

    monkeypatch.setattr(Query, "each", noted)
    replies, work = [], []
    for address in ("ada@example.com", "nobody@example.com"):
        said.clear()
        replies.append(await ask(hub, address))
        work.append(list(said))
    assert [(reply.status, reply.body) for reply in replies] == [(202, "")] * 2
    assert set(replies[0].headers) == set(replies[1].headers)
    assert work[0] == work[1] != []
    await told.tell()
    assert [receivers for receivers, _ in post.got] == [["ada@example.com"]]


async def test_only_the_newest_token_is_good_and_for_half_an_hour(
    hub: Running, ada: Client, told: Teller, post: MailServer
) -> None:
    for _ in range(2):
        await ask(hub)
        await told.tell()
        async with hub.core.database.transaction() as connection:  # five minutes later
            await connection.execute(f"UPDATE deliveries SET subject = subject::bigint - 1 WHERE channel = '{CHANNEL}'")
    assert (await confirm(hub, token_of(post, 0))).body["code"] == "reset_token"
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE password_resets SET expires_at = expires_at - $1", LIFE_MS)
    assert (await confirm(hub, token_of(post, 1))).body["code"] == "reset_token"
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE password_resets SET expires_at = expires_at + $1", LIFE_MS)
    assert (await confirm(hub, token_of(post, 1))).status == 204


async def test_only_the_mail_holds_the_token(hub: Running, ada: Client, told: Teller, post: MailServer) -> None:
    await ask(hub)
    await told.tell()
    async with hub.core.database.connection() as connection:
        rows = [
            str(dict(row))
            for name in ("deliveries", "password_resets", "users", "audit")
            for row in await connection.fetch(f"SELECT * FROM {name}")
        ]
    assert len(rows) > 4
    assert not any(token_of(post) in row for row in rows)


async def test_a_token_ends_with_the_address_it_was_mailed_to_with_the_password_and_with_the_account(
    hub: Running, admin: Client, ada: Client, told: Teller, post: MailServer
) -> None:
    user = (await ada.get("/me")).body["id"]
    await ask(hub)
    await told.tell()
    assert (await admin.patch(f"/users/{user}", {"state": "disabled"})).status == 200
    assert (await confirm(hub, token_of(post))).status == 401
    assert (await admin.patch(f"/users/{user}", {"state": "active", "email": "new@example.com"})).status == 200
    assert (await confirm(hub, token_of(post))).status == 401
    assert (await admin.patch(f"/users/{user}", {"email": "ada@example.com"})).status == 200
    ada = await hub.nobody.log_in("ada")
    old = {"old_password": "a long enough password", "new_password": NEW}
    assert (await ada.post("/me/password", old)).status == 204
    assert (await confirm(hub, token_of(post), "yet another long one")).status == 401


async def test_who_is_disabled_gets_no_mail(
    hub: Running, admin: Client, ada: Client, told: Teller, post: MailServer
) -> None:
    user = (await ada.get("/me")).body["id"]
    assert (await admin.patch(f"/users/{user}", {"state": "disabled"})).status == 200
    assert (await ask(hub)).status == 202
    await told.tell()
    assert post.got == []


async def test_a_mail_that_comes_too_late_is_not_sent(
    hub: Running, ada: Client, told: Teller, post: MailServer
) -> None:
    post.answer = "451 later"
    await ask(hub)
    await told.tell()
    post.answer = "250 ok"
    told.ahead_ms = LIFE_MS + 1
    await told.tell()
    assert (post.tries, post.got) == (1, [])


async def test_asking_in_somebodys_name_fills_no_mailbox_and_keeps_nobody_out(serve: Serve) -> None:
    async with serve(behind_tls_proxy=True) as hub, mail_server() as post:
        admin = await hub.add_user("admin", Role.ADMIN)
        await hub.add_user("ada", Role.STAFF)
        user = (await admin.get("/users?q=ada")).body["items"][0]["id"]
        assert (await admin.patch(f"/users/{user}", {"email": "ada@example.com"})).status == 200
        channel = ResetChannel(hub.core.database, Mailer(post.url, "hub@example.com"), "https://console.example/new#")
        async with teller(hub, channels={CHANNEL: channel}) as told:
            theirs = [await ask(hub, X_Forwarded_For="192.0.2.1") for _ in range(11)]
            await told.tell()
            mine = await ask(hub, X_Forwarded_For="192.0.2.2")
            await told.tell()
        assert [reply.status for reply in theirs] == [202] * 10 + [429]
        assert int(theirs[-1].headers["Retry-After"]) > 0
        assert mine.status == 202
        assert 1 <= len(post.got) <= 2, f"one in {PAUSE_MS} ms, and these may have begun"
        text = email.message_from_bytes(post.got[-1][1]).get_payload(decode=True)
        assert isinstance(text, bytes)
        (token,) = re.findall(r"https://console.example/new#([\w-]{43})", text.decode())
        guesses = [await confirm(hub, "x" * 43, X_Forwarded_For="192.0.2.1")]
        assert guesses[0].status == 429
        assert (await confirm(hub, token, X_Forwarded_For="192.0.2.2")).status == 204


async def test_two_who_confirm_one_token_at_once_set_one_password(
    hub: Running, ada: Client, told: Teller, post: MailServer
) -> None:
    await ask(hub)
    await told.tell()
    replies = await asyncio.gather(*(confirm(hub, token_of(post), f"a password number {n}") for n in range(2)))
    assert sorted(reply.status for reply in replies) == [204, 401]


async def test_a_hub_without_mail_says_so(serve: Serve) -> None:
    async with serve(mail_url=None) as hub:
        assert ((await ask(hub)).status, (await ask(hub)).body["code"]) == (409, "no_mail")
