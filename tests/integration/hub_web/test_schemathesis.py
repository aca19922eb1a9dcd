"""F33, F37: the API against its document: what the schema allows works, what it forbids is refused, nothing breaks.

SCHEMA_CASES (default 200) is about how many requests are made in all; SEED repeats a run.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.hub_web.conftest import Client, Running

CASES = int(os.environ.get("SCHEMA_CASES", "200"))
# Right answers to data that fits: a stale If-Match, a key used with another body, rows that contradict each other,
# a password that is too weak. What is wrong may also be too large. Whoever logs out, or ends the sign-in that asks,
# can ask nothing more, so that is left to test_sign_ins.py.
CONFIGURATION = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "412", "429"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429"]
[[operations]]
include-path-regex = "/(alerts|auth|inventory|me|products|purchase-orders|receipts|users|vendors)(/.*)?$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "412", "422", "429"]
[[operations]]
include-path-regex = "/(auth/logout|me/sign-ins/.+|users/.+/(logout|reset-password))$"
enabled = false
"""
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "unsupported_method",
    "ignored_auth", "missing_required_header",
)  # fmt: skip


@pytest.mark.timeout(240 + CASES)
async def test_every_operation_keeps_to_the_published_document(
    hub: Running, admin: Client, tmp_path: Path, seed: int
) -> None:
    paths = (await admin.get("/openapi.json")).body["paths"]
    operations = sum(len(methods) for methods in paths.values())
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml"),
        "run", f"{hub.url}/openapi.json", "--header", f"Authorization: Bearer {admin.token}",
        "--checks", ",".join(CHECKS), "--max-examples", str(max(2, CASES // operations)), "--seed", str(seed),
        "--phases", "examples,coverage,fuzzing" if CASES > 1000 else "examples,fuzzing",
        "--continue-on-failure", "--no-color", "--generation-database", "none",
    ]  # fmt: skip
    run = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path)
    output, _ = await run.communicate()
    assert run.returncode == 0, output.decode()[-12_000:]
    assert (await admin.get("/me")).status == 200, "the token ended on the way: what came later was not tested"
