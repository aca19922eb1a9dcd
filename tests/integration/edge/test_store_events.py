"""Server-sent events: what the screens see as it happens."""

import asyncio
from typing import Any

import orjson

from edge_agent.services.events import WAITING_MAX
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.unit.edge_agent.a_store import code_of

CODE = code_of(PRODUCTS[0])
HEADERS = {"Authorization": "Bearer secret"}


async def next_event(stream: Any) -> tuple[str, Any]:
    """(topic, body) of the next event, comments left out."""
    topic = ""
    async with asyncio.timeout(5):
        while True:
            line = (await stream.content.readline()).decode().rstrip("\n")
            if line.startswith("event: "):
                topic = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return topic, orjson.loads(line.removeprefix("data: "))


async def heard(api: Api) -> None:
    """Wait until the box has a listener."""
    async with asyncio.timeout(5):
        while not api.store._store.events.is_heard:  # noqa: ASYNC110 - the box has no event for it
            await asyncio.sleep(0.005)


async def test_a_scan_and_the_stock_it_led_to_are_told(api: Api) -> None:
    async with api.client.get("/api/v1/events", headers=HEADERS) as stream:
        await heard(api)
        await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": 5})
        events = dict([await next_event(stream), await next_event(stream)])
    assert events["scan"]["level"] == "5"
    assert events["stock"]["items"] == [
        {"product_id": PRODUCTS[0].product_id, "on_hand": "5", "available": "5", "reserved": "0", "hold": "0"}
    ]


async def test_only_the_wanted_types_are_told(api: Api) -> None:
    async with api.client.get("/api/v1/events?types=sync", headers=HEADERS) as stream:
        await heard(api)
        await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": 10})
        for listener in api.status.listeners:
            listener()
        topic, body = await next_event(stream)
    assert (topic, body["head"]) == ("sync", 2)


async def test_a_client_that_does_not_read_is_told_to_resync_and_let_go(api: Api) -> None:
    async with api.client.get("/api/v1/events?types=scan", headers=HEADERS) as stream:
        await heard(api)
        events = api.store._store.events
        for _ in range(WAITING_MAX + 1):
            events.publish("scan", {"x": 1})
        topic, _ = await next_event(stream)
        assert topic == "resync"
        async with asyncio.timeout(5):
            assert await stream.content.read() == b"\n"
        assert not events.is_heard
