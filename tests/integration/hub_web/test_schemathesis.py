"""F33, F37: the API against its document: what the schema allows works, what it forbids is refused, nothing breaks.

The document's boundaries make some 12,000 requests; SCHEMA_CASES (default 200) is about how many random ones are
made besides. SEED repeats a run. `asking.py` says who asks, and about what.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_hub.domain import tokens
from cloud_hub.domain.permissions import Role
from tests.house.tree import ROOT
from tests.integration.hub_web.conftest import Client, Running

CASES = int(os.environ.get("SCHEMA_CASES", "200"))
LEAST = 5_000
# Right answers to data that fits: a stale If-Match, a key used with another body, rows that contradict each other,
# a password that is too weak. What is wrong may also be too large. Whoever logs out, or ends the sign-in that asks,
# can ask nothing more, so that is left to test_sign_ins.py; a stream of events never ends (test_event_stream.py).
CONFIGURATION = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "422", "429"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429"]
[[operations]]
include-path-regex = "/(auth/logout|events|me/sign-ins/.+|users/.+/(logout|reset-password))$"
enabled = false
"""
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "unsupported_method",
    "ignored_auth", "missing_required_header", "data_that_fits_is_valid",
)  # fmt: skip
_OTHERS = [role for role in Role if role not in (Role.ADMIN, Role.DEVICE)]


@pytest.mark.timeout(300 + CASES)
async def test_every_operation_keeps_to_the_published_document(
    hub: Running, admin: Client, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "ACCESS_S", 12 * 3600)  # a long run is longer than a token is good for
    people = [await hub.add_user(f"the-{role}", role) for role in (Role.ADMIN, *_OTHERS)]
    paths = (await admin.get("/openapi.json")).body["paths"]
    operations = sum(len(methods) for methods in paths.values())
    material = tmp_path / "material.json"
    material.write_text(json.dumps(await _material(admin, people, paths)))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml"),
        "run", f"{hub.url}/openapi.json", "--checks", ",".join(CHECKS),
        "--max-examples", str(max(1, CASES // operations)), "--seed", str(seed),
        "--request-timeout", "60",  # who asks for news may have to wait for them
        "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color", "--generation-database", "none",
    ]  # fmt: skip
    hooks = {"SCHEMATHESIS_HOOKS": "tests.integration.hub_web.asking", "PYTHONPATH": str(ROOT)}
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
    for person in people:
        me = await person.get("/me")
        assert me.status == 200, "a token ended on the way: what came later was not tested"
        done = await admin.get(f"/audit?actor={me.body['id']}&limit=20")
        assert {entry["action"] for entry in done.body["items"]} - {"log_in"}, f"{me.body['username']} asked nothing"


async def _material(admin: Client, people: list[Client], paths: dict[str, object]) -> dict[str, object]:
    """Who may ask, some ids to begin with, and for each list of the API the word for the ids in it."""
    vendor = await admin.post("/vendors", {"name": "Acme"})
    return {
        "tokens": [person.token for person in people],
        "known": {
            "site_id": [await admin.make_site(kind) for kind in ("hub", "hub", "edge")],
            "product_id": [(await admin.make_product())["id"] for _ in range(2)],
            "vendor_id": [vendor.body["id"]],
        },
        "words": {path.rpartition("/")[0]: path.rpartition("/")[2][1:-1] for path in paths if path.endswith("}")},
    }
