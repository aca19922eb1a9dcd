"""Issue 3, deliverable 6: what alerts do is told at the broker, by one process at a time, however often it dies."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from cloud_hub.services import alert_topic
from cloud_hub.services.relaying import relay
from cloud_hub.storage import events
from cloud_hub.storage.database import connect
from cloud_hub.storage.listening import Listener
from cloud_hub.transport.alerts import AlertTopic
from cloud_hub.transport.mqtt import Broker as HubBroker
from deploy.local.broker import Broker
from sync_protocol import facts, topics
from sync_protocol.errors import Lost
from sync_protocol.transport.mqtt import BrokerAddress, Connection
from tests.integration.hub.conftest import START_MS, Box, HubCore

DAY_MS = 86_400_000


async def alert(hub: HubCore, box: Box, state: str = "opened", name: str = "") -> str:
    """The store's box says it, and it has its place among the events."""
    name = name or str(uuid4())
    body = {"occurred_at": 0, "alert_id": name, "rule": "low_stock", "state": state, "severity": "info",
            "opened_at_position": 1, "available": 2000}  # fmt: skip
    box.write(facts.fact(facts.Alert.model_validate(body)))
    await box.talk()
    await relay(hub.database, hub.clock())
    return name


class Heard:
    """What was published."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.is_up = True

    async def __call__(self, site_id: str, payload: bytes) -> None:
        if not self.is_up:
            raise Lost("gone", "the broker is away")
        self.told.append((site_id, orjson.loads(payload)))


@pytest.fixture
async def box(hub: HubCore) -> Box:
    made = await hub.make_box()
    await made.connect()
    await alert(hub, made)  # before anybody listened
    await alert_topic.begin(hub.database)
    return made


async def test_what_an_alert_does_is_told_once_with_its_site_and_what_is_no_alert_is_not(
    hub: HubCore, box: Box
) -> None:
    heard = Heard()
    name = await alert(hub, box)
    box.receive(await hub.make_product(), 1000)
    await alert(hub, box, "resolved", name)
    await asyncio.gather(*(alert_topic.tell(hub.database, heard, hub.clock()) for _ in range(4)))
    await alert_topic.begin(hub.database)
    await alert_topic.tell(hub.database, heard, hub.clock())
    assert [(site, said["type"], said["data"]["alert_id"]) for site, said in heard.told] == [
        (box.site_id, "alert.opened", name), (box.site_id, "alert.resolved", name),
    ]  # fmt: skip
    assert heard.told[0][1]["data"]["available"] == "2"
    assert UUID(heard.told[0][1]["id"])


async def test_what_the_broker_did_not_take_is_told_when_it_is_back_but_not_after_a_day(hub: HubCore, box: Box) -> None:
    heard = Heard()
    first = await alert(hub, box)
    heard.is_up = False
    with pytest.raises(Lost):
        await alert_topic.tell(hub.database, heard, hub.clock())
    heard.is_up = True
    await alert_topic.tell(hub.database, heard, hub.clock())
    assert [said["data"]["alert_id"] for _, said in heard.told] == [first]
    await alert(hub, box)
    assert await alert_topic.tell(hub.database, heard, START_MS + 2 * DAY_MS) == 1
    assert len(heard.told) == 1


async def test_a_screen_at_a_real_broker_hears_of_an_alert_at_once(
    hub: HubCore, box: Box, broker: Broker, database_url: str
) -> None:
    at = BrokerAddress(host=broker.host, port=broker.port)
    screen, worker = await Connection.open(at, client_id="screen"), await Connection.open(at, client_id="hub")
    await screen.subscribe(topics.alerts(box.site_id))
    listener = Listener(lambda: connect(database_url), events.CHANNEL)
    hub_broker = HubBroker()
    telling = asyncio.create_task(AlertTopic(hub.database, hub_broker, now=hub.clock, changed=listener.changed).run())
    hub_broker.connection = worker
    name = await alert(hub, box)
    async with asyncio.timeout(10):
        async for topic, payload in screen.messages():
            assert (topic, orjson.loads(payload)["data"]["alert_id"]) == (topics.alerts(box.site_id), name)
            break
    telling.cancel()
    await asyncio.wait([telling])
    for each in (screen, worker, listener):
        await each.close()
