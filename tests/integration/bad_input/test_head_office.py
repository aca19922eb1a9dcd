"""What `cloud-hub` says when its surroundings are not there: one line each, with a remedy, and never a trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from deploy.local.postgres import in_database
from tests.servers.migrated import migrate
from tests.system.clocks import LIBFAKETIME, a_clock

NOWHERE = "postgresql://hub:secret@127.0.0.1:1/hub"


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    migrate(database_url)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return kept | {"HUB_DATABASE_URL": database_url, "HUB_STATE_DIR": str(tmp_path / "state")}


def hub(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cloud_hub", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def doctor(environment: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Check -> (ok or FAIL with the detail, remedy)."""
    lines = hub(environment, "doctor").stdout.splitlines()
    found: dict[str, tuple[str, str]] = {}
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith(("ok", "FAIL")):
            name = line[6:].partition(":")[0]
            found[name] = line, following.partition("remedy: ")[2]
    return found


@pytest.mark.parametrize("command", [["serve", "--roles", "api"], ["verify"], ["backup", "never.backup"]])
def test_a_database_that_is_away_or_not_ours_is_one_line(environment: dict[str, str], command: list[str]) -> None:
    url = environment["HUB_DATABASE_URL"]
    for wrong in (NOWHERE, in_database(url, "no_such_database"), url.replace("://backstock:", "://backstock:x")):
        ended = hub(environment | {"HUB_DATABASE_URL": wrong}, *command)
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
        assert "secret" not in ended.stderr


def test_without_a_database_doctor_checks_all_the_rest_and_says_what_comes_first(environment: dict[str, str]) -> None:
    found = doctor(environment | {"HUB_DATABASE_URL": NOWHERE})

    assert found["database"][1].startswith("start PostgreSQL")
    assert {remedy for name, (line, remedy) in found.items() if line.startswith("FAIL") and name != "database"} == {
        "first mend what `database` says"
    }
    assert {name for name, (line, _) in found.items() if line.startswith("ok")} == {
        "authority", "revocation list", "disk"
    }  # fmt: skip


def test_a_broker_that_is_down_and_certificates_that_are_lost_have_a_remedy(
    environment: dict[str, str], tmp_path: Path
) -> None:
    made = hub(environment, "certify", "hub", str(tmp_path / "hub"))
    assert made.returncode == 0, made.stderr
    files = {f"HUB_BROKER_{name}": str(tmp_path / "hub" / file) for name, file in
             (("CA", "ca.crt"), ("CERT", "hub.crt"), ("KEY", "hub.key"))}  # fmt: skip
    down = environment | files | {"HUB_BROKER_URL": f"mqtts://localhost:{free_port()}"}

    found = doctor(down)
    assert found["broker"][0].startswith("FAIL")
    assert found["broker"][1].startswith("start the broker")
    assert found["certificate hub.crt"][0].startswith("ok")

    (tmp_path / "hub" / "hub.crt").unlink()
    found = doctor(down)
    assert "certificates" in found["broker"][0]
    assert found["certificate hub.crt"][1].startswith("run: cloud-hub certify")


def test_a_wrong_clock_is_found_by_doctor(environment: dict[str, str], tmp_path: Path) -> None:
    if LIBFAKETIME is None:
        pytest.skip("WRONG CLOCK NOT PROVEN: libfaketime is missing (apt install faketime)")
    assert doctor(environment)["clock"][0].startswith("ok")

    found = doctor(environment | a_clock(tmp_path / "clock", "-3d"))

    assert found["clock"][0].startswith("FAIL")
    assert "time synchronisation" in found["clock"][1]
    assert "set the clock" in found["authority"][0]


@pytest.mark.parametrize("name", ["", "../broker", "a/b", "x" * 65, "new\nline", "*"])
def test_a_certificate_is_not_made_for_a_name_that_is_none(
    environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    ended = hub(environment, "certify", name, str(tmp_path / "made"))

    assert ended.returncode == 1
    assert ended.stderr.startswith("name: expected a name")
    assert not (tmp_path / "made").exists()


def test_only_a_revoked_box_is_kicked(environment: dict[str, str]) -> None:
    secure = environment | {"HUB_BROKER_URL": f"mqtts://localhost:{free_port()}"}
    for device in ("nonsense", "01920000-0000-7000-8000-000000000001"):
        ended = hub(secure, "kick", device)
        assert (ended.returncode, ended.stderr.split(":")[0]) == (1, "device"), ended.stderr
