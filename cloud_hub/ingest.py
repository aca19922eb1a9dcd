"""The role `ingest`: everything between the broker and the ledger, put together."""

import random
import secrets
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from functools import partial

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cloud_hub.core import Core, now_ms
from cloud_hub.services import registering
from cloud_hub.services.exchange import Exchange
from cloud_hub.services.feed import Feeder
from cloud_hub.services.intake import Intake
from cloud_hub.services.metrics import Metrics
from cloud_hub.services.presence import Presence
from cloud_hub.services.returned import Returned
from cloud_hub.services.sessions import Sessions
from cloud_hub.services.shards import ShardLeases
from cloud_hub.storage import changes, events, hub_state
from cloud_hub.storage.database import connect
from cloud_hub.storage.listening import Listener
from cloud_hub.supervise import Part
from cloud_hub.transport.alerts import AlertTopic
from cloud_hub.transport.mqtt import Broker, Ingest, hub_state_payload
from sync_protocol.keys import verifier


async def parts(core: Core, following: Core, metrics: Metrics, stack: AsyncExitStack) -> list[Part]:
    """The ingest worker of this process, and what it tells the broker of alerts."""
    address = core.config.broker
    assert address is not None
    database, sign = core.database, core.keyring.hub_key.sign
    verify = verifier(core.keyring.hub_public_key)
    worker = secrets.token_hex(4)
    broker, intake = Broker(), Intake(database)
    sessions = Sessions(
        database, sign=sign, verify=verify, deny=core.folder, successions=core.folder, now=now_ms,
        token=partial(secrets.token_hex, 8), random=random.random,
    )  # fmt: skip
    async with database.transaction() as connection:
        await registering.register_again(connection, core.folder.successions(), verify, now_ms())
    exchange = Exchange(
        database, sessions=sessions, intake=intake, feeder=Feeder(database, sign=sign),
        returned=Returned(database, verify=verify), downlink=broker, now=now_ms, monotonic=_monotonic_ms,
    )  # fmt: skip
    session = partial(connect, core.config.database_url)
    listener = Listener(session, changes.CHANNEL)
    stack.push_async_callback(listener.close)
    ingest = Ingest(
        address, broker, exchange, ShardLeases(database, worker, connect=session), Presence(database, now=now_ms),
        worker=worker, hub_state=partial(_hub_state, core), changed=listener.changed,
    )  # fmt: skip
    metrics.add(_Numbers(ingest, intake, exchange, sessions, broker))
    news = Listener(session, events.CHANNEL)
    stack.push_async_callback(news.close)
    topic = AlertTopic(following.database, broker, now=now_ms, changed=news.changed)
    return [Part("ingest", ingest.run), Part("alerts", topic.run)]


async def _hub_state(core: Core) -> bytes:
    async with core.database.connection() as connection:
        state = await hub_state.get(connection)
    return hub_state_payload(state.hub_id, state.hub_epoch, now_ms())


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class _Numbers(Collector):
    """What this worker counts, read when somebody asks."""

    def __init__(self, ingest: Ingest, intake: Intake, exchange: Exchange, sessions: Sessions, broker: Broker) -> None:
        self._ingest, self._intake, self._exchange = ingest, intake, exchange
        self._sessions, self._broker = sessions, broker

    def collect(self) -> Iterable[Metric]:
        yield _counter("movements", "Movements committed by this process", self._intake.movements)
        yield _counter("hellos_refused", "Greetings put off by admission control", self._sessions.refused)
        yield _counter("messages_unsent", "Messages to boxes that found no connection", self._broker.lost)
        yield _gauge("ingest_connected", "Whether the broker is connected", int(self._ingest.is_connected))
        yield _gauge("ingest_waiting", "Origins that wait for a worker", len(self._ingest.queues))
        yield _gauge("sessions", "Live sessions of boxes here", len(self._exchange.lines))


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"backstock_{name}", text, value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"backstock_{name}", text, value)
