"""The box's API against its document: what the schema allows works, what it forbids is refused, nothing breaks.

The document's boundaries make some thousands of requests to a box with its real file; SCHEMA_CASES (default 200) is
about how many random ones are made besides. SEED repeats a run.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.storage import retention
from edge_agent.web.server import OPERATIONS
from tests.house.tree import ROOT
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.unit.edge_agent.a_store import code_of

CASES = int(os.environ.get("SCHEMA_CASES", "200"))
LEAST = 2_000
# Right answers to data that fits: rows that contradict each other, a state that does not allow it, a key that was
# used, wrong log-ins made to wait. A stream of events never ends: test_store_events.py and test_scanner_room.py.
CONFIGURATION = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "415", "422", "429", "503"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429"]
[[operations]]
include-path-regex = "/(events|raw)$"
enabled = false
"""
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "negative_data_rejection", "positive_data_acceptance", "unsupported_method", "data_that_fits_is_valid",
)  # fmt: skip


@pytest.mark.timeout(400 + CASES)
async def test_every_operation_keeps_to_the_published_document(api: Api, tmp_path: Path, seed: int) -> None:
    for product in PRODUCTS:
        await api.post("/scans", {"code": code_of(product), "mode": "receive", "quantity": 1000})
    material = tmp_path / "material.json"
    material.write_text(json.dumps(await _material(api)))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml"),
        "run", str(api.client.make_url("/openapi.json")), "--checks", ",".join(CHECKS),
        "--header", "Authorization: Bearer secret",
        "--max-examples", str(max(1, CASES // len(OPERATIONS))), "--seed", str(seed),
        "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color", "--generation-database", "none",
    ]  # fmt: skip
    hooks = {"SCHEMATHESIS_HOOKS": "tests.integration.edge.asking", "PYTHONPATH": str(ROOT)}
    run = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path,
        env={**os.environ, **hooks, "SCHEMA_MATERIAL": str(material)},
    )  # fmt: skip
    output = (await run.communicate())[0].decode()
    print(output[-1_500:])
    assert run.returncode == 0, output[-12_000:]
    made = re.search(r"(\d+) generated", output)
    assert made is not None
    assert int(made[1]) >= max(CASES, LEAST)
    assert await api.database.read(retention.verify) == []


async def _material(api: Api) -> dict[str, list[str]]:
    """By the word for it: what the box knows."""
    stocktake = await api.post("/stocktakes", {"name": "all", "blind": False})
    ids = [product.product_id for product in PRODUCTS]
    return {
        "product_id": ids, "products_id": ids, "inventory_id": ids, "code": [code_of(each) for each in PRODUCTS],
        "stocktakes_id": [stocktake["stocktake_id"]], "reason": ["sale", "return", "waste", "receipt"],
        "sku": [each.sku for each in PRODUCTS],
    }  # fmt: skip
