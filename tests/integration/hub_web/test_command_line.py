"""F34, F41: `cloud-hub` as a program: what it prints, how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from cloud_hub.storage import migrate
from deploy.local.calls import call


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return kept | {"HUB_DATABASE_URL": database_url, "HUB_STATE_DIR": str(tmp_path / "state"), "HUB_HTTP_PORT": "0"}


def run(environment: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cloud_hub", *arguments]
    return subprocess.run(
        command, env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_configuration_with_five_mistakes_ends_with_2_and_names_all_five(
    environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "hub.toml"
    file.write_text('http_host = "0.0.0.0"\nlog_level = "loud"\nread_connections = 0\ncolour = "green"\n')
    bad = environment | {"HUB_HTTP_PORT": "99999"}
    ended = run(bad, "--config", str(file), "serve")
    assert ended.returncode == 2
    for key in ("behind_tls_proxy", "log_level", "read_connections", "colour", "http_port"):
        assert f"\n{key}" in ended.stderr, key


def test_ingest_without_a_broker_is_a_mistake_in_the_configuration(environment: dict[str, str]) -> None:
    ended = run(environment, "serve", "--roles", "ingest")
    assert (ended.returncode, "HUB_BROKER_URL" in ended.stderr) == (2, True)


def test_an_administrator_is_made_once_and_never_with_a_short_password(environment: dict[str, str]) -> None:
    short = run(environment, "create-admin", "ada", stdin="short\n")
    assert (short.returncode, "at least 10" in short.stderr) == (1, True)
    assert run(environment, "create-admin", "ada", stdin="a long enough password\n").returncode == 0
    again = run(environment | {"HUB_ADMIN_PASSWORD": "a long enough password"}, "create-admin", "ada")
    assert (again.returncode, "name_taken" in again.stderr) == (1, True)
    assert "user made" not in again.stdout + again.stderr


def test_what_a_command_prints_is_its_answer_and_nothing_else(environment: dict[str, str]) -> None:
    assert run(environment, "migrate").returncode == 0
    ended = run(environment, "sample", "TRIAL", "--products", "3", "--days", "2")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(r"3 products, [0-9]+ movements at TRIAL\n", ended.stdout)


def test_a_mistyped_store_code_is_said_to_be_none(environment: dict[str, str]) -> None:
    ended = run(environment, "enrol-code", "NOPE")
    assert (ended.returncode, "no site has the code NOPE" in ended.stderr) == (1, True)
    assert "database" not in ended.stderr


def test_the_schema_goes_down_to_nothing_and_up_again(environment: dict[str, str]) -> None:
    assert "empty" in run(environment, "migrate", "down", "base").stdout
    assert str(migrate.newest()) in run(environment, "migrate", "up").stdout
    assert run(environment, "verify").returncode == 0


def test_doctor_names_a_remedy_when_the_database_is_away(environment: dict[str, str]) -> None:
    away = run(environment | {"HUB_DATABASE_URL": "postgresql://hub@127.0.0.1:1/hub"}, "doctor")
    assert away.returncode == 1
    assert "Traceback" not in away.stderr
    assert run(environment, "doctor").returncode == 0


def test_serve_logs_to_stdout_what_people_did_and_what_moved_and_ends_cleanly_on_sigterm(
    environment: dict[str, str],
) -> None:
    """F34: one JSON line each, with the trace id that the caller was told."""
    assert run(environment, "create-admin", "ada", stdin="a long enough password\n").returncode == 0
    command = [sys.executable, "-m", "cloud_hub", "serve", "--roles", "api,jobs"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        ready = _ready(hub.stdout)
        assert ready["roles"] == ["api", "jobs"]
        traces = _work(ready["api"])
        hub.send_signal(signal.SIGTERM)
        said, errors = hub.communicate(timeout=30)
    assert (hub.returncode, errors) == (0, "")
    lines = [json.loads(line) for line in said.splitlines()]
    assert {line["log"] for line in lines} == {"system", "activity", "movement"}
    by_trace = {(line["log"], line["event"]): line for line in lines if "trace_id" in line}
    did, refused = by_trace["activity", "increment_inventory"], by_trace["activity", "create_user"]
    (moved,) = by_trace["movement", "posted"]["movements"]
    assert (did["trace_id"], refused["trace_id"]) == traces
    assert (did["name"], did["entity"]) == ("ada", "/inventory/increment")
    assert refused["refused"] == "no_token"
    assert by_trace["movement", "posted"]["trace_id"] == did["trace_id"]
    assert (moved["quantity"], moved["from"], moved["to"]) == ("7", "adjustment", "shelf")
    assert "a long enough password" not in said


def _ready(lines: Iterable[str]) -> dict[str, Any]:
    return next(said for said in map(json.loads, lines) if said["event"] == "ready")


def _work(api: str) -> tuple[str, str]:
    """A warehouse with seven units, and a call without a name; their trace ids."""
    assert call("GET", f"{api}/health/ready").status == 200
    login = {"username": "ada", "password": "a long enough password"}
    token = call("POST", f"{api}/api/v1/auth/login", login).body["access_token"]
    call("POST", f"{api}/api/v1/sites", {"code": "W", "name": "W", "kind": "hub"}, token=token)
    product = call("POST", f"{api}/api/v1/products", {"sku": "S", "name": "S"}, token=token).body["id"]
    change = {"product_id": product, "quantity": "7"}
    done = call("POST", f"{api}/api/v1/inventory/increment", change, token=token)
    refused = call("POST", f"{api}/api/v1/users", {})
    assert (done.status, refused.status) == (201, 401)
    return done.headers["X-Trace-Id"], refused.headers["X-Trace-Id"]
