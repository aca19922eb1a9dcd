"""F41: schema up and down, leases, slots, partitions, retention; and a real broker between box and hub."""

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from cloud_hub.domain.schedule import Every
from cloud_hub.errors import Misconfigured
from cloud_hub.services import clock as clocks
from cloud_hub.services import housekeeping
from cloud_hub.services.clock import Clocked
from cloud_hub.services.exchange import Exchange
from cloud_hub.services.feed import Feeder
from cloud_hub.services.presence import Presence
from cloud_hub.services.returned import Returned
from cloud_hub.services.sessions import Sessions
from cloud_hub.services.shards import ShardLeases
from cloud_hub.storage import migrate
from cloud_hub.storage.database import AGAIN, Database, connect
from cloud_hub.storage.schema import EVERYWHERE, metadata
from cloud_hub.transport.mqtt import Broker as Downlink
from cloud_hub.transport.mqtt import Ingest, hub_state_payload
from deploy.local.broker import Broker
from sync_protocol import batch, topics
from sync_protocol import edge_session as edge
from sync_protocol.records import Item, encode
from sync_protocol.transport.mqtt import BrokerAddress, Connection
from tests.integration.hub.conftest import Box, Clock, HubCore

LARGE = ("items", "movements", "levels", "movement_keys", "batches", "facts", "quarantine", "exceptions", "commands",
         "feed_records", "branch_records", "alerts", "unknown_records")  # fmt: skip
OF_ALL_SITES = ("ix_levels_product_id",)
"""What a product has in the whole chain is asked for by product."""


async def test_migrations_make_the_schema_that_the_code_names_and_go_back_to_nothing(empty_database_url: str) -> None:
    await migrate.upgrade(empty_database_url)
    assert await _differences(empty_database_url) == []
    assert await migrate.current(empty_database_url) == migrate.newest()

    await migrate.downgrade(empty_database_url, "base")

    connection = await connect(empty_database_url)
    names = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    assert await connection.fetchval(names) == 0
    await connection.close()


async def test_the_batches_of_branches_are_there_after_their_key_changed_and_changed_back(
    empty_database_url: str,
) -> None:
    site, branch, origin = uuid4(), uuid4(), str(uuid4())
    texts = [encode(Item(ref, str(site), "4006381333931")) for ref in (1, 2, 3)]
    sealed = batch.seal(origin, 300, b"p" * 32, texts, lambda _: bytes(64))
    await migrate.upgrade(empty_database_url, "0004")
    connection = await connect(empty_database_url)
    await connection.execute("INSERT INTO branch_batches VALUES ($1, $2, 302, $3)", site, branch, sealed)

    await migrate.upgrade(empty_database_url, "0005")
    assert await connection.fetchval("SELECT last_hash FROM branch_batches") == batch.parse(sealed).last_hash
    other = batch.seal(origin, 300, b"q" * 32, texts, lambda _: bytes(64))
    await connection.execute(
        "INSERT INTO branch_batches (site_id, branch_id, sealed, last_hash) VALUES ($1, $2, $3, $4)",
        site, branch, other, batch.parse(other).last_hash,
    )  # fmt: skip

    await migrate.downgrade(empty_database_url, "0004")
    assert [row[0] for row in await connection.fetch("SELECT last_sequence FROM branch_batches")] == [302]
    await connection.close()


async def test_rollups_are_there_after_those_of_the_chain_were_parted_from_the_sites_and_put_back(
    empty_database_url: str,
) -> None:
    await migrate.upgrade(empty_database_url, "0011")
    connection = await connect(empty_database_url)
    counted = [(site, uuid4(), date(2026, month, 1), "sale", "EUR", 1, 0, 1000, 250, 100)
               for site in (EVERYWHERE, uuid4()) for month in (2, 1)]  # fmt: skip
    for table in ("moved_days", "moved_months"):
        await connection.executemany(f"INSERT INTO {table} VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", counted)

    for version in ("0012", "0011"):
        await (migrate.upgrade if version == "0012" else migrate.downgrade)(empty_database_url, version)
        for table in ("moved_days", "moved_months"):
            assert sorted(map(tuple, await connection.fetch(f"SELECT * FROM {table}"))) == sorted(counted)
        if version == "0012":
            chain = await connection.fetch("SELECT * FROM moved_days_chain UNION ALL SELECT * FROM moved_months_chain")
            assert sorted(map(tuple, chain)) == sorted(2 * counted[:2])
    await connection.close()


async def _differences(url: str) -> list[object]:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:

        def compare(inner: sa.Connection) -> list[object]:
            parted = [f"{each.name}_" for each in metadata.tables.values()
                      if each.dialect_options["postgresql"]["partition_by"]]  # fmt: skip
            options = {"include_name": lambda name, kind, _: kind != "table" or not str(name).startswith(tuple(parted))}
            return list(compare_metadata(MigrationContext.configure(inner, opts=options), metadata))

        found = await connection.run_sync(compare)
    await engine.dispose()
    return found


async def test_two_processes_may_migrate_at_the_same_time(empty_database_url: str) -> None:
    await asyncio.gather(*(migrate.upgrade(empty_database_url) for _ in range(3)))

    assert await migrate.current(empty_database_url) == migrate.newest()


async def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    connection = await connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()

    with pytest.raises(Misconfigured) as refused:
        await migrate.upgrade(database_url)

    assert refused.value.code == "database_newer"


@pytest.mark.parametrize("name", LARGE)
def test_keys_of_large_tables_begin_with_the_site(name: str) -> None:
    table = metadata.tables[name]

    assert next(iter(table.primary_key.columns)).name == "site_id"
    for index in table.indexes:
        assert next(iter(index.columns)).name == ("product_id" if index.name in OF_ALL_SITES else "site_id")


@pytest.fixture
async def leases(database_url: str, database: Database) -> AsyncIterator[Callable[..., ShardLeases]]:
    """Workers' leases; their sessions end with the test."""
    sessions: list[Any] = []

    async def session() -> Any:
        sessions.append(await connect(database_url))
        return sessions[-1]

    def make(worker: str, **options: int) -> ShardLeases:
        return ShardLeases(database, worker, connect=session, **options)

    yield make
    for each in sessions:
        await each.close()


async def test_workers_share_the_shards_and_take_over_from_one_that_is_gone(leases: Callable[..., ShardLeases]) -> None:
    first, second = leases("one", ttl_ms=400), leases("two", ttl_ms=400)
    assert len(await first.renew()) == topics.SHARDS
    await second.renew()
    await first.renew()
    await second.renew()
    assert (len(first.held), len(second.held)) == (32, 32)
    assert not first.held & second.held

    deadline = time.monotonic() + 10
    while len(await first.renew()) < topics.SHARDS:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("cut_off", ["dead for good", "only its session was cut"])
async def test_the_shards_of_a_worker_without_a_session_are_taken_over_at_once(
    database: Database, leases: Callable[..., ShardLeases], cut_off: str
) -> None:
    one, heir = leases("one"), leases("heir")
    for worker in (one, heir, one, heir):
        await worker.renew()
    assert (len(one.held), len(heir.held)) == (32, 32)
    async with database.connection() as connection:
        its = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = (hashtext('one')::bigint & 4294967295)"
        await connection.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM ({its}) AS its")

    assert len(await heir.renew()) == topics.SHARDS

    if cut_off == "only its session was cut":
        for worker in (one, heir, one):
            await worker.renew()
        assert (len(one.held), len(heir.held)) == (32, 32)


async def test_a_worker_that_stops_gives_its_shards_back_at_once(leases: Callable[..., ShardLeases]) -> None:
    first, second = leases("one"), leases("two")
    await first.renew()

    await first.leave()

    assert len(await second.renew()) == topics.SHARDS


async def test_a_slot_of_a_job_runs_once_whoever_asks(database: Database, clock: Clock) -> None:
    runs: list[int] = []
    job = Clocked(name="count", when=Every(60), run=_noting(runs))
    workers = [clocks.Clock(database, [job], worker=str(number), now=clock) for number in range(4)]

    await asyncio.gather(*(worker.run_due(job) for worker in workers))
    await workers[0].run_due(job)
    assert len(runs) == 1
    clock.now_ms += 60_000
    await asyncio.gather(*(worker.run_due(job) for worker in workers))

    assert len(runs) == 2


def _noting(runs: list[int]) -> Callable[[int], Awaitable[None]]:
    async def run(now_ms: int) -> None:
        runs.append(now_ms)

    return run


async def test_a_crashed_run_of_a_slot_is_taken_over_when_its_claim_expires(database: Database, clock: Clock) -> None:
    runs: list[int] = []
    job = Clocked(name="count", when=Every(60), run=_noting(runs), within_s=0)
    async with database.transaction() as connection:
        slot = clock() // 60_000
        await connection.execute(
            "INSERT INTO slots (job, slot, worker, claimed_until) VALUES ('count', $1, 'dead', 0)", slot
        )

    await clocks.Clock(database, [job], worker="next", now=clock).run_due(job)

    assert await _value(database, "SELECT worker FROM slots") == "next"


async def test_a_job_that_fails_leaves_its_error_and_the_next_slot_runs(database: Database, clock: Clock) -> None:
    async def fail(_: int) -> None:
        raise RuntimeError("no room")

    job = Clocked(name="fail", when=Every(60), run=fail)
    await clocks.Clock(database, [job], worker="w", now=clock).run_due(job)

    assert await _value(database, "SELECT error FROM slots") == "RuntimeError: no room"


async def test_partitions_are_made_ahead_and_rows_go_where_their_month_is(hub: HubCore) -> None:
    made = await housekeeping.make_partitions(hub.database, hub.clock())
    assert len(made) == 3
    assert await housekeeping.make_partitions(hub.database, hub.clock()) == []
    box = await hub.make_box()
    box.receive(str(uuid4()), 1000)
    await box.connect()

    assert await hub.value(f"SELECT count(*) FROM {made[0]}") == 1
    assert await hub.value("SELECT count(*) FROM movements_rest") == 0


async def test_batches_are_forgotten_only_below_the_safe_mark(hub: HubCore) -> None:
    box = await hub.make_box()
    for _ in range(3):
        box.receive(str(uuid4()), 1000)
        await box.connect()
        await box.talk()
    later = hub.clock() + 400 * housekeeping.DAY_MS

    await housekeeping.prune(hub.database, {}, later)
    assert await hub.value("SELECT count(*) FROM batches") == 3
    await hub.execute("UPDATE origins SET safe_mark = 5")
    await housekeeping.prune(hub.database, {}, later)

    assert await hub.rows("SELECT last_sequence FROM batches ORDER BY 1") == [(6,)]


async def _value(database: Database, text: str) -> object:
    async with database.connection() as connection:
        return await connection.fetchval(text)


async def test_over_a_real_broker_a_backlog_arrives_and_a_change_comes_down(
    hub: HubCore, broker: Broker, leases: Callable[..., ShardLeases], seed: int
) -> None:
    chance = random.Random(seed)
    box = await hub.make_box()
    products = [str(uuid4()) for _ in range(50)]
    for product in products:
        box.receive(product, 100_000)
    for _ in range(5_000):
        box.sell(chance.choice(products))
    ingest = _worker(hub, _address(broker), leases("worker"))
    running = asyncio.create_task(ingest.run())
    try:
        await _until(lambda: ingest.is_connected)
        await _drain(box, _address(broker))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert box.acked == box.head
    assert await hub.levels(box.site_id) == box.levels()


async def _drain(box: Box, address: BrokerAddress) -> None:
    """The box's side on a real connection, until everything is acknowledged."""
    connection = await Connection.open(address, client_id=f"box-{box.device_id}")
    try:
        await connection.subscribe(topics.down(box.device_id, box.origin_id))
        box.hub.clock.now_ms = time.time_ns() // 1_000_000
        now = box.hub.clock()
        box._do(box.session.connected(box.view(), os.urandom(8).hex(), now=now, clock_ms=now))
        async with asyncio.timeout(60):
            _flush(box, connection)
            async for _, payload in connection.messages():
                box._do(box.session.received(payload, now=now, clock_ms=now))
                box._publish()
                _flush(box, connection)
                if box.session.link is edge.Link.STREAMING and box.acked == box.head:
                    return
    finally:
        await connection.close()


def _flush(box: Box, connection: Connection) -> None:
    for payload in box.outbox:
        connection.publish(topics.up(box.device_id, box.origin_id), payload)
    box.outbox.clear()


def _address(broker: Broker) -> BrokerAddress:
    return BrokerAddress(host="127.0.0.1", port=broker.port, username="hub", password="demo")


def _worker(hub: HubCore, address: BrokerAddress, leases: ShardLeases) -> Ingest:
    database, downlink = hub.database, Downlink()
    sessions = Sessions(
        database, sign=hub.key.sign, verify=hub.verify, deny=hub.deny, successions=hub.deny,
        now=hub.clock, token=lambda: secrets.token_hex(8), random=random.random,
    )  # fmt: skip
    exchange = Exchange(
        database, sessions=sessions, intake=hub.intake, feeder=Feeder(database, sign=hub.key.sign),
        returned=Returned(database, verify=hub.verify), downlink=downlink, now=hub.clock,
        monotonic=lambda: time.monotonic_ns() // 1_000_000,
    )  # fmt: skip

    async def state() -> bytes:
        return hub_state_payload("hub", 1, hub.clock())

    async def changed() -> None:
        await asyncio.sleep(0.05)

    return Ingest(
        address, downlink, exchange, leases, Presence(database, now=hub.clock),
        worker=secrets.token_hex(4), hub_state=state, changed=changed,
    )  # fmt: skip


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - a condition with a deadline
            await asyncio.sleep(0.01)


async def test_a_cancelled_transaction_leaves_a_clean_connection_and_nothing_written(database_url: str) -> None:
    database = await Database.open(database_url, connections=1)

    async def write() -> None:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO workers (worker, seen_at) VALUES ('w', 0)")
            await connection.execute("SELECT pg_sleep(30)")

    for turns in range(25):
        writing = asyncio.create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    assert await _value(database, "SELECT count(*) FROM workers") == 0
    await database.close()


async def test_postgresql_that_ends_all_sessions_only_delays_what_boxes_send(hub: HubCore) -> None:
    box = await hub.make_box()
    await box.connect()
    box.receive(str(uuid4()), 1000)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    await hub.rows(f"{others} AND pid <> pg_backend_pid()")

    async with asyncio.timeout(20):
        while box.acked < box.head:
            try:
                await box.talk()
            except AGAIN:
                await box.restart()

    assert await hub.levels(box.site_id) == box.levels()
