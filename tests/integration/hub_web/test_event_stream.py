"""FEATURES 2 `events`: the change feed as server-sent events; without a gap, for whoever may hear it, and bounded."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from cloud_hub.core import now_ms
from cloud_hub.domain import tokens
from cloud_hub.domain.permissions import Role
from cloud_hub.services.change_feed import ChangeFeed
from cloud_hub.services.readers import EACH_MAX
from cloud_hub.storage import events
from cloud_hub.storage.events import News
from cloud_hub.web import event_stream
from cloud_hub.web.paging import make_cursor
from tests.integration.hub_web.conftest import Client, Running, Serve
from tests.integration.hub_web.telling import teller

DEADLINE_S = 10
needs_notice = pytest.mark.skipif(
    "HUB_TEST_POOLER" in os.environ, reason="nobody is notified through a pooler in transaction mode"
)


@dataclass
class Frame:
    """One block of a stream."""

    id: str = ""
    type: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    comment: str = ""


@dataclass
class Stream:
    """A reader's end."""

    response: aiohttp.ClientResponse

    async def frame(self) -> Frame | None:
        """The next block, None at the end."""
        found = Frame()
        async with asyncio.timeout(DEADLINE_S):
            while True:
                line = (await self.response.content.readline()).decode()
                if line in ("", "\n"):
                    return found if line else None
                name, _, text = line.rstrip("\n").partition(": ")
                match name:
                    case "id":
                        found.id = text
                    case "event":
                        found.type = text
                    case "data":
                        found.data = json.loads(text)
                    case _:
                        found.comment = text

    async def event(self) -> Frame:
        """The next event."""
        while (frame := await self.frame()) is not None:
            if frame.type:
                return frame
        raise AssertionError("the stream ended")

    async def rest(self) -> list[Frame]:
        """All until the end."""
        frames = []
        while (frame := await self.frame()) is not None:
            frames.append(frame)
        return frames


@asynccontextmanager
async def listening(client: Client, query: str = "", last: str | None = None) -> AsyncIterator[Stream]:
    headers = {"Authorization": f"Bearer {client.token}"} | ({} if last is None else {"Last-Event-ID": last})
    async with client.session.get(f"{client.url}/api/v1/events{query}", headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        stream = Stream(response)
        if last is None:
            assert await stream.frame(), "it begins at once"
        yield stream


async def change(hub: Running, client: Client, site: str, product: str, delta: str = "1") -> None:
    """Something happens, and is told."""
    reply = await client.post(
        "/inventory/adjust", {"site_id": site, "product_id": product, "delta": delta, "reason": "correction"}
    )
    assert reply.status == 201, reply.body
    async with teller(hub) as told:
        await told.tell()


@needs_notice
async def test_a_reader_hears_at_once_what_it_may_hear_and_nothing_else(hub: Running, admin: Client) -> None:
    mine, other, product = (
        await admin.make_site("hub"), await admin.make_site("hub"), (await admin.make_product())["id"],
    )  # fmt: skip
    manager = await hub.add_user("of-one-site", Role.STORE_MANAGER, [mine])
    made = await admin.post("/api-keys", {"name": "k", "scopes": ["products.read"]})
    catalogue = Client(hub.session, hub.url, made.body["key"])
    async with teller(hub) as told:
        await told.tell()
    async with listening(manager, "?types=stock.changed") as theirs, listening(catalogue) as key:
        await change(hub, admin, other, product, "3")
        await change(hub, admin, mine, product, "5")
        heard = await theirs.event()
        assert (heard.type, heard.data["site_id"], heard.data["data"]["on_hand"]) == ("stock.changed", mine, "5")
        renamed = await admin.patch(f"/products/{product}", {"name": "Renamed"})
        assert renamed.status == 200
        async with teller(hub) as told:
            await told.tell()
        assert (await key.event()).type == "product.changed"
    assert (await manager.get(f"/events?site_id={other}")).status == 403
    assert (await admin.get("/events?types=nonsense")).status == 422


@needs_notice
async def test_a_reader_that_comes_back_with_its_last_id_misses_nothing_and_hears_nothing_twice(
    hub: Running, admin: Client
) -> None:
    site = await admin.make_site("hub")
    products = [(await admin.make_product())["id"] for _ in range(4)]
    query = "?types=stock.changed"
    async with teller(hub) as told:
        await told.tell()
    async with listening(admin, query) as stream:
        for product in products[:2]:
            await change(hub, admin, site, product)
        first = await stream.event()
    for product in products[2:]:
        await change(hub, admin, site, product)

    cursor = (await admin.get(f"/changes{query}&limit=1")).body["next_cursor"]
    assert cursor == first.id, "an id is a cursor of the feed"
    heard = [first.data["data"]["product_id"]]
    async with listening(admin, query, last=first.id) as stream:
        heard += [(await stream.event()).data["data"]["product_id"] for _ in range(3)]
    assert heard == products


async def test_a_place_in_a_lost_past_is_gone_and_what_is_no_place_is_not_found(hub: Running, admin: Client) -> None:
    async with hub.core.database.transaction() as connection:
        await connection.execute("INSERT INTO event_epochs (epoch, after) VALUES (99, 5)")
        await connection.execute("UPDATE counters SET value = 9 WHERE name = 'events'")
    lost = make_cursor((1, 7))
    assert (await admin.get("/events", Last_Event_ID=lost)).body["code"] == "cursor_of_a_lost_past"
    assert (await admin.get(f"/events?cursor={lost}")).status == 410
    assert (await admin.get("/events", Last_Event_ID="nonsense")).status == 404


async def test_a_stream_without_news_says_that_it_lives_and_where_it_is(
    hub: Running, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.02)
    site, product = await admin.make_site("hub"), (await admin.make_product())["id"]
    async with listening(admin, "?types=alert.opened") as stream:
        before = await stream.frame()
        await change(hub, admin, site, product)
        while (after := await stream.frame()) is not None and after == before:
            pass
    assert before is not None
    assert after is not None
    assert (before.comment, after.comment, after.type) == ("alive", "alive", "")
    assert after.id != before.id, "what it does not hear of moves it on"


async def test_a_reader_that_never_reads_is_cut_off_and_little_is_read_for_it(
    hub: Running, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "WRITE_S", 0.3)
    await _many_events(hub, 3_000)
    given, is_cut = 0, asyncio.Event()
    read, is_taken = ChangeFeed.read, event_stream._is_taken

    async def counted(*arguments: Any) -> Any:
        nonlocal given
        page = await read(*arguments)
        given += len(page.items)
        return page

    async def watched(*arguments: Any) -> bool:
        if not (taken := await is_taken(*arguments)):
            is_cut.set()
        return taken

    monkeypatch.setattr(ChangeFeed, "read", counted)
    monkeypatch.setattr(event_stream, "_is_taken", watched)
    place, first = urlsplit(hub.url), make_cursor((1, 0))
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        reader.connect((place.hostname, place.port))
        head = f"GET /api/v1/events?cursor={first} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {admin.token}\r\n\r\n"
        reader.sendall(head.encode())
        await asyncio.wait_for(is_cut.wait(), DEADLINE_S)
        sent = await asyncio.to_thread(_drained, reader)
    assert b"text/event-stream" in sent
    assert not sent.endswith(b"0\r\n\r\n"), "it was broken off"
    assert 100 <= given <= 500, "of 3,000"


def _drained(reader: socket.socket) -> bytes:
    """What the kernel still holds, until the connection is over."""
    got = b""
    with suppress(ConnectionError):
        while piece := reader.recv(65_536):
            got += piece
    return got


async def test_a_caller_has_few_streams_and_a_place_is_free_again_when_one_is_gone(hub: Running, admin: Client) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    streams = [listening(admin) for _ in range(EACH_MAX)]
    for stream in streams:
        await stream.__aenter__()
    refused = await admin.get("/events")
    assert (refused.status, refused.body["code"], refused.headers["Retry-After"]) == (429, "readers", "30")
    assert (await clerk.get("/events")).status == 200
    await streams[0].__aexit__(None, None, None)
    async with asyncio.timeout(DEADLINE_S):
        while (await admin.get("/events")).status == 429:
            pass
    for stream in streams[1:]:
        await stream.__aexit__(None, None, None)


async def test_a_stream_ends_with_its_token_and_when_that_is_taken_away(
    hub: Running, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.05)
    leaving = await admin.log_in("admin")
    made = (await admin.post("/api-keys", {"name": "k", "scopes": ["products.read"]})).body
    async with listening(leaving) as person, listening(Client(hub.session, hub.url, made["key"])) as key:
        assert (await leaving.post("/auth/logout")).status == 204
        assert (await admin.ask("DELETE", f"/api-keys/{made['id']}")).status == 200
        assert [(await stream.rest())[-1].comment for stream in (person, key)] == ["ended: token", "ended: api_key"]
    monkeypatch.setattr(tokens, "ACCESS_S", 2)
    async with listening(await admin.log_in("admin")) as short:
        assert (await short.rest())[-1].comment == "ended: token_expired"


@needs_notice
async def test_what_was_taken_away_from_a_reader_is_not_told_any_more(hub: Running, admin: Client) -> None:
    mine, other, product = (
        await admin.make_site("hub"), await admin.make_site("hub"), (await admin.make_product())["id"],
    )  # fmt: skip
    manager = await hub.add_user("manager", Role.STORE_MANAGER, [mine, other])
    user = (await admin.get("/users?q=manager")).body["items"][0]["id"]
    async with listening(manager, "?types=stock.changed") as stream:
        assert (await admin.patch(f"/users/{user}", {"site_ids": [mine]})).status == 200
        await change(hub, admin, other, product)
        await change(hub, admin, mine, product)
        assert (await stream.event()).data["site_id"] == mine


async def test_a_hub_that_stops_does_not_wait_for_its_streams(serve: Serve) -> None:
    async with aiohttp.ClientSession() as session, AsyncExitStack() as running:
        hub = await running.enter_async_context(serve())
        admin = await hub.add_user("admin", Role.ADMIN)
        async with listening(Client(session, hub.url, admin.token)) as stream:
            async with asyncio.timeout(DEADLINE_S / 2):
                await running.aclose()
            with pytest.raises(aiohttp.ClientError):
                await stream.rest()


async def _many_events(hub: Running, count: int) -> None:
    news = [
        News(type="product.changed", site_id=None, subject=str(n), data={"name": "x" * 2_000}, occurred_at_ms=now_ms())
        for n in range(count)
    ]
    async with hub.core.database.transaction() as connection:
        head = await events.lock(connection, events.HEAD)
        assert head is not None
        last = await events.append(connection, head, news, {"product.changed": True}, now_ms())
        await events.move(connection, events.HEAD, last)
