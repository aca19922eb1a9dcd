"""The whole agent prints with the hub gone: from a request over its API to dots that a reader of others reads. B19."""

import json
import signal
import sqlite3
from pathlib import Path

from aiohttp.test_utils import TestServer

from edge_agent.services.applying import apply_change
from edge_agent.storage import database
from edge_agent.storage.files import Folder
from sync_protocol.changes import Barcode, Product, change
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.edge_sync.conftest import MosquittoBroker, eventually
from tests.integration.edge_sync.enrolling_hub import EnrollingHub
from tests.integration.labels.paper import Paper, switched_on
from tests.integration.labels.read_back import Read, read, rendered
from tests.unit.edge_agent_sync.builders import an_id

GTIN = "04006381333931"
PRODUCT = change(Product(product_id=an_id(1), version=(1, 1), sku="MILK", name="Milk", barcodes=[Barcode(code=GTIN)]))
WANTED = {"template": "lot", "items": [{"code": GTIN, "lot": "A1", "expiry": "2027-12-31", "copies": 2}]}


async def test_a_label_asked_for_before_the_agent_was_killed_comes_out_of_the_next_one(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    async with switched_on() as paper:
        agent = await _an_agent(tmp_path, mosquitto, paper)
        await paper.switch_off()
        await agent.start()
        status, asked = await agent.ask("POST", "/api/v1/labels", WANTED)
        assert status == 202, asked
        await agent.stop(signal.SIGKILL)
        await paper.switch_on()
        await agent.start()

        async def is_printed() -> bool:
            return bool((await agent.ask("GET", f"/api/v1/labels/{asked['job']}"))[1]["state"] == "printed")

        await eventually(is_printed, "the job printed")
        _, health = await agent.ask("GET", "/health")
        assert "printer shelf" in [check["name"] for check in health["checks"]]
        await agent.stop()
    assert paper.labels in (2, 4), "4 only where the agent was killed with the run under way"
    (got,) = read(rendered(paper.documents[-1], dpi=203, size=(799, 479)))
    assert got == Read("Data Matrix", "]d2", f"01{GTIN}10A1\x1d17271231".encode())


async def _an_agent(folder: Path, mosquitto: MosquittoBroker, paper: Paper) -> AgentProcess:
    """Enrolled, with a product and a printer."""
    printer = {"name": "shelf", "output": f"tcp://127.0.0.1:{paper.port}", "width_mm": 100, "height_mm": 60}
    agent = AgentProcess(Folder(folder / "box"), {
        "EDGE_API_PORT": "0", "EDGE_LAN_HOST": "", "EDGE_BALLAST_MB": "1", "PYTHONUNBUFFERED": "1",
        "EDGE_PRINTERS": json.dumps([printer]),
    })  # fmt: skip
    enrolling = EnrollingHub(mosquitto.port)
    async with TestServer(enrolling.application()) as server:
        enrolling.url = str(server.make_url("")).rstrip("/")
        code, out, err = await agent.command("enrol", enrolling.url, enrolling.codes[0], "--name", "till-1")
        assert code == 0, out + err
    connection = database.prepare(sqlite3.connect(agent.folder.database))
    database.transact(connection, apply_change, PRODUCT, 0)
    connection.close()
    return agent
