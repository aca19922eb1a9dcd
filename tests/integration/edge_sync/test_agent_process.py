"""The agent as a process: enrol, run, sell, stop, kill, back up, restore; and its commands."""

import json
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from edge_agent.services import enrolment
from edge_agent.services.applying import apply_change
from edge_agent.storage import commands, database
from edge_agent.storage.files import Folder
from scanner_drivers import PtyScanner
from sync_protocol.changes import Barcode, Product, change
from sync_protocol.records import Movement, encode
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.edge_sync.conftest import MosquittoBroker, eventually, serving
from tests.integration.edge_sync.enrolling_hub import EnrollingHub
from tests.integration.edge_sync.scripted_hub import ScriptedHub
from tests.unit.edge_agent_sync.builders import DEVICE, FEED, HUB_KEY, ORIGIN, SITE, an_id

CODE = "04012345678901"


@pytest.fixture
async def agent(tmp_path: Path, mosquitto: MosquittoBroker) -> AsyncIterator[AgentProcess]:
    environment = {"EDGE_API_PORT": "0", "EDGE_BALLAST_MB": "1", "EDGE_TELEMETRY_S": "1", "PYTHONUNBUFFERED": "1"}
    agent = AgentProcess(Folder(tmp_path / "box"), environment)
    enrolling = EnrollingHub(mosquitto.port)
    async with TestServer(enrolling.application()) as server:
        enrolling.url = str(server.make_url("")).rstrip("/")
        code, out, err = await agent.command("enrol", enrolling.url, enrolling.codes[0], "--name", "till-1")
        assert code == 0, out + err
    yield agent
    if agent.process is not None:
        await agent.stop(signal.SIGKILL)


@asynccontextmanager
async def a_hub(agent: AgentProcess, mosquitto: MosquittoBroker) -> AsyncIterator[ScriptedHub]:
    public = enrolment.record_key(agent.folder).public_key().public_bytes_raw()
    async with serving(ScriptedHub(SITE, DEVICE, ORIGIN, public, FEED, key=HUB_KEY), mosquitto.address) as hub:
        yield hub


PRODUCT = change(Product(product_id=an_id(1), version=(1, 1), sku="MILK", name="Milk", barcodes=[Barcode(code=CODE)]))


def give_product(agent: AgentProcess) -> None:
    """The catalogue as a snapshot would have brought it."""
    connection = database.prepare(sqlite3.connect(agent.folder.database))
    database.transact(connection, apply_change, PRODUCT, 0)
    connection.close()


async def test_an_agent_applies_at_its_start_what_the_version_before_it_did_not_understand(agent: AgentProcess) -> None:
    connection = database.prepare(sqlite3.connect(agent.folder.database))
    database.transact(connection, commands.keep_unknown, PRODUCT.kind, encode(PRODUCT), 0)

    await agent.start()

    assert await agent.sell(CODE) > 0
    assert commands.unknown(connection) == []
    connection.close()


async def test_a_sale_through_the_api_arrives_and_a_stop_is_clean(
    agent: AgentProcess, mosquitto: MosquittoBroker
) -> None:
    give_product(agent)
    async with a_hub(agent, mosquitto) as hub:
        await agent.start()
        position = await agent.sell(CODE)
        await hub.until(lambda: hub.mark >= position, "the sale at the hub")
        status, health = await agent.ask("GET", "/health")
        code, took = await agent.stop()

    assert (status, code) == (200, 0), health
    assert took < 2
    assert not agent.folder.ready.exists()


async def test_a_killed_agent_starts_again_with_everything_and_the_next_boot(
    agent: AgentProcess, mosquitto: MosquittoBroker
) -> None:
    give_product(agent)
    await agent.start()
    for _ in range(20):
        position = await agent.sell(CODE)
    first = agent.boot
    await agent.stop(signal.SIGKILL)

    async with a_hub(agent, mosquitto) as hub:
        await agent.start()
        await hub.until(lambda: hub.mark >= position, "all sales at the hub")
        assert agent.boot == first + 1
        await agent.stop()
    assert hub.mark == position


async def test_a_second_agent_on_the_same_data_is_refused(agent: AgentProcess) -> None:
    await agent.start()

    code, _, err = await agent.command("run")

    assert code == 1
    assert "running" in err


async def test_the_commands_say_how_the_box_is(agent: AgentProcess) -> None:
    give_product(agent)
    await agent.start()
    await agent.sell(CODE)

    code, out, _ = await agent.command("status", "--json")
    facts = json.loads(out)
    assert (code, facts["agent"], facts["device"]) == (0, "running", DEVICE)
    assert facts["pending"] == facts["head"] > 0
    code, out, _ = await agent.command("doctor", "--json")
    results = {check["name"]: check["result"] for check in json.loads(out)}
    assert code == 0
    assert results["files"] == results["database"] == results["broker"] == "ok"
    assert results["hub"] == "warn"
    assert (await agent.command("status"))[0] == 0
    code, out, _ = await agent.command("verify")
    assert (code, out) == (0, "0 problems\n")


async def test_settings_with_mistakes_end_with_2_and_name_them_all(agent: AgentProcess) -> None:
    agent.environment |= {"EDGE_API_PORT": "x", "EDGE_LOG_LEVEL": "loud", "EDGE_BROKER_URL": "x"}

    code, _, err = await agent.command("run")

    assert code == 2
    assert err.count("settings: ") == 3


async def test_a_restored_box_is_seen_as_one_that_went_back(agent: AgentProcess, mosquitto: MosquittoBroker) -> None:
    give_product(agent)
    async with a_hub(agent, mosquitto) as hub:
        await agent.start()
        await agent.sell(CODE)
        backed_up = (await agent.ask("GET", "/api/v1/sync"))[1]["head"]
        code, _, err = await agent.command("backup", str(agent.folder.path / "b.db"))
        assert code == 0, err
        for _ in range(5):
            position = await agent.sell(CODE)
        await hub.until(lambda: hub.mark >= position, "all sales")
        await agent.stop()

        code, _, err = await agent.command("restore", str(agent.folder.path / "b.db"))
        assert code == 0, err
        hellos = len(hub.hellos)
        await agent.start()
        await hub.until(lambda: len(hub.hellos) > hellos, "a hello")
        _, health = await agent.ask("GET", "/health")
        await agent.sell(CODE)
        await agent.stop()

    last = hub.hellos[-1]
    assert last.head == backed_up < position
    assert last.boot > hub.boot
    assert any(check["name"] == "database" and "restored" in check["detail"] for check in health["checks"])


async def test_a_beep_of_a_plugged_scanner_is_stock_at_the_hub(agent: AgentProcess, mosquitto: MosquittoBroker) -> None:
    async def scanner_is_up() -> bool:
        _, health = await agent.ask("GET", "/health")
        return {"name": "scanner till-1", "result": "ok"}.items() <= health["checks"][-1].items()

    give_product(agent)
    with PtyScanner(agent.folder.path / "ttyACM0") as scanner:
        agent.environment["EDGE_SCANNERS"] = json.dumps(
            [{"url": f"serial://{scanner.path}", "device": "till-1", "mode": "sell"}]
        )
        async with a_hub(agent, mosquitto) as hub:
            await agent.start()
            await eventually(scanner_is_up, "the scanner is open")
            for _ in range(3):
                scanner.scan("4012345678901")
            await hub.until(lambda: sum(isinstance(r, Movement) for r in hub.records) == 3, "three sales")
            await agent.stop()

    sales = [record for record in hub.records if isinstance(record, Movement)]
    assert {(sale.reason, sale.actor, sale.quantity) for sale in sales} == {("sale", "till-1", 1000)}
