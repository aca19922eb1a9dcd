"""F33, F37: the API against its document: what the schema allows works, what it forbids is refused, nothing breaks.

Every second request is an administrator's, the others come from each of the other roles in turn. SCHEMA_CASES
(default 200) is about how many requests are made in all; SEED repeats a run.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_hub.domain import tokens
from cloud_hub.domain.permissions import Role
from tests.integration.hub_web.conftest import Client, Running

CASES = int(os.environ.get("SCHEMA_CASES", "200"))
# Right answers to data that fits: a stale If-Match, a key used with another body, rows that contradict each other,
# a password that is too weak. What is wrong may also be too large. Whoever logs out, or ends the sign-in that asks,
# can ask nothing more, so that is left to test_sign_ins.py.
CONFIGURATION = """
hooks = "hooks.py"
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "429"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429"]
[[operations]]
include-path-regex = "/(alerts|auth|inventory|me|products|purchase-orders|receipts|users|vendors)(/.*)?$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "422", "429"]
[[operations]]
include-path-regex = "/(reports|sales|sites)(/.*)?$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "422", "429"]
[[operations]]
include-path-regex = "/(auth/logout|me/sign-ins/.+|users/.+/(logout|reset-password))$"
enabled = false
"""
HOOKS = """
import itertools, json, pathlib
import schemathesis

ADMIN, *OTHERS = json.loads(pathlib.Path(__file__).with_name("tokens.json").read_text())
TURNS = itertools.chain.from_iterable((ADMIN, other) for other in itertools.cycle(OTHERS))

@schemathesis.hook
def before_call(context, case, kwargs):
    for headers in (kwargs.get("headers"), case.headers):
        if headers and headers.get("Authorization") == f"Bearer {ADMIN}":
            headers["Authorization"] = f"Bearer {next(TURNS)}"
"""
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "unsupported_method",
    "ignored_auth", "missing_required_header",
)  # fmt: skip


_OTHERS = [role for role in Role if role not in (Role.ADMIN, Role.DEVICE)]


@pytest.mark.timeout(240 + CASES)
async def test_every_operation_keeps_to_the_published_document(
    hub: Running, admin: Client, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "ACCESS_S", 12 * 3600)  # a long run is longer than a token is good for
    people = [await hub.add_user(f"the-{role}", role) for role in (Role.ADMIN, *_OTHERS)]
    paths = (await admin.get("/openapi.json")).body["paths"]
    operations = sum(len(methods) for methods in paths.values())
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    (tmp_path / "hooks.py").write_text(HOOKS)
    (tmp_path / "tokens.json").write_text(json.dumps([person.token for person in people]))
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml"),
        "run", f"{hub.url}/openapi.json", "--header", f"Authorization: Bearer {people[0].token}",
        "--checks", ",".join(CHECKS), "--max-examples", str(max(2, CASES // operations)), "--seed", str(seed),
        "--phases", "examples,coverage,fuzzing" if CASES > 1000 else "examples,fuzzing",
        "--continue-on-failure", "--no-color", "--generation-database", "none",
    ]  # fmt: skip
    run = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path)
    output, _ = await run.communicate()
    print(output.decode()[-1_500:])
    assert run.returncode == 0, output.decode()[-12_000:]
    replies = [await person.get("/me") for person in people]
    assert {reply.status for reply in replies} == {200}, "a token ended on the way: what came later was not tested"
