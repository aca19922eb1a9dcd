"""Server-sent events: what the screens see as it happens."""

import asyncio
from typing import Any

import orjson
import pytest

from edge_agent.services.events import WAITING_MAX
from edge_agent.storage import ledger
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.unit.edge_agent.a_store import ORIGIN, code_of

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
    assert events["scan"]["code"] == CODE
    assert events["stock"]["items"] == [
        {"product_id": PRODUCTS[0].product_id, "on_hand": "5", "available": "5", "reserved": "0", "hold": "0"}
    ]


async def test_each_reading_of_a_code_has_a_name_of_its_own(api: Api) -> None:
    async with api.client.get("/api/v1/events?types=scan", headers=HEADERS) as stream:
        await heard(api)
        for _ in range(2):
            await api.post("/scans", {"code": CODE, "mode": "receive"})
        first, second = [(await next_event(stream))[1]["beep"] for _ in range(2)]
    assert first != second
    assert max(len(first), len(second)) <= 128


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


async def until_id(stream: Any) -> str:
    """The next id that is told."""
    async with asyncio.timeout(5):
        while True:
            line = (await stream.content.readline()).decode().rstrip("\n")
            if line.startswith("id: "):
                return line.removeprefix("id: ")


async def test_who_comes_back_with_the_last_id_hears_what_moved_meanwhile_and_then_what_moves(api: Api) -> None:
    async with api.client.get("/api/v1/events?types=stock", headers=HEADERS) as stream:
        last = await until_id(stream)
    await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": 5})
    await api.post("/scans", {"code": code_of(PRODUCTS[1]), "mode": "receive", "quantity": 2})
    async with api.client.get("/api/v1/events?types=stock", headers={**HEADERS, "Last-Event-ID": last}) as stream:
        _, missed = await next_event(stream)
        await heard(api)
        await api.post("/scans", {"code": CODE, "mode": "sell"})
        while (PRODUCTS[0].product_id, "4") not in figures((await next_event(stream))[1]):
            pass  # what was told before may be told again
    assert figures(missed) == [(PRODUCTS[0].product_id, "5"), (PRODUCTS[1].product_id, "2")]


def figures(event: Any) -> list[tuple[str, str]]:
    return [(each["product_id"], each["on_hand"]) for each in event["items"]]


@pytest.mark.parametrize("last", ["nonsense", "other:1", f"{ORIGIN}:99", f"{ORIGIN}:-1", f"{ORIGIN}:\u00b2"])
async def test_who_comes_back_with_an_id_that_cannot_be_told_from_reads_everything_again(api: Api, last: str) -> None:
    headers = {**HEADERS, "Last-Event-ID": last}
    async with api.client.get("/api/v1/events?types=stock", headers=headers) as stream:
        topic, _ = await next_event(stream)
    assert topic == "resync"


async def test_more_movements_than_one_event_tells_are_told_in_several(api: Api) -> None:
    async with api.client.get("/api/v1/events?types=stock", headers=HEADERS) as stream:
        await heard(api)
        row = {"product_id": PRODUCTS[0].product_id, "reason": "receipt", "quantity": 1, "to": "shelf"}
        for _ in range(3):
            await api.post("/inventory/movements", {"movements": [row] * 400})
        position = 0
        while position < await api.database.read(ledger.last_position):
            _, body = await next_event(stream)
            position = body["position"]
    assert body["items"][0]["on_hand"] == "1200"
