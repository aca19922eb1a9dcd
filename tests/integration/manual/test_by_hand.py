"""deploy/broker/README.md, block by block, as an operator copies it: own PostgreSQL, own mosquitto, TLS throughout.

Only the installation is left out (the programs are this tree's). Root becomes an ordinary
user in a user name space first, since the steps are written for one.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.broker import mosquitto_program
from deploy.local.ports import free_port

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "deploy" / "broker" / "README.md"
ORDINARY_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
PRELUDE = """\
set -euo pipefail
trap 'kill $(jobs -p) 2> /dev/null; "$PG/pg_ctl" -D "$BASE/postgres" -m immediate stop > /dev/null 2>&1' EXIT
"""
ENDED = "trap - EXIT\n"


def blocks() -> list[str]:
    """What is to be copied, without the installation."""
    found = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [block for block in found if "make install" not in block]


def as_operator() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    if subprocess.run([*ORDINARY_USER, "true"], capture_output=True, check=False).returncode:
        pytest.skip("MISSING: PostgreSQL refuses root, and this system allows no user name spaces")
    return ORDINARY_USER


def programs(folder: Path) -> Path:
    """What `make install` would have put into .venv/bin."""
    folder.mkdir()
    for name, package in (("cloud-hub", "cloud_hub"), ("edge-agent", "edge_agent"), ("python3", "")):
        arguments = f"-m {package} " if package else ""
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
        (folder / name).chmod(0o755)
    return folder


def part_of(output: str, number: int) -> str:
    return output.partition(f"=== {number}\n")[2].partition(f"=== {number + 1}\n")[0]


@pytest.mark.system
@pytest.mark.timeout(300)
def test_every_step_of_the_manual_set_up_works_as_printed(tmp_path: Path) -> None:
    if mosquitto_program() is None:
        pytest.skip("MISSING: mosquitto (apt install mosquitto), the manual set-up is not tested")
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("MISSING: PostgreSQL of the system (apt install postgresql), the manual set-up is not tested")
    for tool in ("openssl", "curl"):
        if shutil.which(tool) is None:
            pytest.skip(f"MISSING: {tool}, the manual set-up is not tested")
    steps = [f"echo '=== {number}'\n{block}" for number, block in enumerate(blocks(), 1)]
    assert len(steps) == 10
    script = tmp_path / "steps.sh"
    script.write_text(PRELUDE + "\n".join(steps) + ENDED)
    environment = {
        "HOME": str(tmp_path), "BASE": str(tmp_path / "backstock"), "LANG": "C.UTF-8",
        "PATH": f"{programs(tmp_path / 'bin')}:/usr/bin:/bin",
        **{name: str(free_port()) for name in ("PG_PORT", "HUB_PORT", "MQTT_PORT", "BOX_PORT")},
    }  # fmt: skip

    done = subprocess.run(
        [*as_operator(), "bash", str(script)], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=280, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-4_000:]
    assert "FAIL" not in part_of(done.stdout, 6)
    assert "enrolled: till-1 is device" in part_of(done.stdout, 7)
    assert '"on_hand":"9"' in part_of(done.stdout, 8)
    assert '"state":"revoked"' in part_of(done.stdout, 9)
    assert "has no session at localhost" in part_of(done.stdout, 9)
    log = (tmp_path / "backstock" / "broker" / "log").read_text()
    assert "certificate verify failed" in log, log[-2_000:]
    box = (tmp_path / "backstock" / "box.log").read_text()
    assert "Traceback" not in box + (tmp_path / "backstock" / "hub.log").read_text()
