"""The demo as a person meets it: the story on both brokers, real sales, and its life cycle."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.broker import mosquitto_program
from deploy.local.calls import wait_until
from tests.house.tree import ROOT

pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]
REAL_SALES = ROOT.parent / "shared" / "data" / "uci_online_retail_daily.csv.gz"
COMMAND = [sys.executable, "-m", "deploy.local.demo"]
UP_S = 180


def play(*arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, "--check", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-4000:]
    assert "the story holds" in done.stdout
    return done.stdout


@pytest.mark.parametrize("broker", ["embedded", "mosquitto"])
def test_the_whole_story_holds(broker: str) -> None:
    if broker == "mosquitto" and mosquitto_program() is None:
        pytest.skip("mosquitto is missing: apt install mosquitto")

    print(play("--broker", broker))


def test_the_story_holds_with_127_000_real_sales() -> None:
    if not REAL_SALES.exists():
        pytest.skip("the real sales are not part of the repository: shared/data/uci_online_retail_daily.csv.gz")

    print(play("--sales", str(REAL_SALES)))


def test_a_sales_file_with_a_bad_row_is_refused_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("date,item,qty\n2026-01-01,A,1\n2026-01-02,B,-3\n", encoding="utf-8")

    done = subprocess.run(
        [*COMMAND, "--check", "--sales", str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "row 2" in done.stderr


class Demo:
    """`make demo` in a folder of the test's own, without a terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "BACKSTOCK_DEMO_DIR": str(folder)}
        self.process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> "Demo":
        self.process = subprocess.Popen(
            [*COMMAND, "--broker", "embedded", "--products", "20", "--port", "0", *arguments],
            cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        wait_until(self._is_up, "the demo is up", UP_S, every_s=0.5)
        return self

    def _is_up(self) -> bool:
        assert self.process is not None and self.process.stdout is not None
        assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.process.stdout.read()}"
        return "head" in self.do("status")

    def do(self, line: str) -> str:
        return self.tell(line).stdout

    def tell(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "do", *line.split()], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )

    def end(self, number: int) -> tuple[int, str]:
        assert self.process is not None
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output

    def note(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "running.json").read_text(encoding="utf-8")))

    def children(self) -> list[str]:
        """Processes whose command or environment names the folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                said = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if str(self.folder).encode() in said and int(entry.name) != os.getpid():
                found.append((entry / "cmdline").read_bytes().decode().replace("\0", " ")[:160])
        return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    made = Demo(tmp_path / "demo")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGTERM)


def heads(status: str) -> list[int]:
    return [int(line.split("head")[1].split()[0]) for line in status.splitlines() if " head " in line]


def test_life_cycle_refused_twice_obeys_recovers_from_a_kill_and_ends_clean(demo: Demo) -> None:
    demo.start()

    second = subprocess.run(COMMAND, cwd=ROOT, env=demo.environment, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert f"runs already (pid {demo.note()['pid']})" in second.stderr

    assert "movements at SAMPLE" in demo.do("sample")
    demo.do("cut south")
    wait_until(lambda: "stale since" in demo.do("status"), "head office says that south is stale", 30, every_s=0.5)
    demo.do("mend south")
    wait_until(lambda: demo.do("status").count(" live") == 2, "south is live again", 60, every_s=0.5)

    before = heads(demo.do("status"))
    demo.end(signal.SIGKILL)
    demo.start()
    after = heads(demo.do("status"))
    assert all(now >= then for now, then in zip(after, before, strict=True)), "the killed run's ledgers are still there"

    code, output = demo.end(signal.SIGTERM)
    assert code == 0
    assert "everything that was started has ended" in output
    assert demo.children() == []
    assert not (demo.folder / "running.json").exists()


def test_a_taken_port_is_replaced_and_printed_and_fresh_forgets(demo: Demo) -> None:
    demo.folder.mkdir()
    (demo.folder / "left-over").write_text("x", encoding="utf-8")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo.start("--fresh", "--port", str(port))
        api = demo.note()["api"]
        code, output = demo.end(signal.SIGINT)

    assert not api.endswith(f":{port}")
    assert api in output
    assert code == 0
    assert not (demo.folder / "left-over").exists()


def test_a_refused_command_exits_non_zero_and_says_what_to_do(demo: Demo) -> None:
    nobody = demo.tell("status")
    assert (nobody.returncode, "`make demo` starts one" in nobody.stderr) == (1, True)
    unknown = demo.tell("explode")
    assert (unknown.returncode, "restart NAME" in unknown.stderr) == (2, True)
    assert demo.tell("help").returncode == 0

    demo.start()
    for line, why in (
        ("cut east", "expected north or south"),
        ("kill cellar", "expected one of north, south, hub, broker, postgres"),
        ("start hub", "`do restart hub`"),
        ("scan north 4006381333932", "expected check digit 1"),
        ("price NOTHING 1", "expected a product's number"),
    ):
        refused = demo.tell(line)
        assert (refused.returncode, refused.stdout) == (1, ""), line
        assert why in refused.stderr, line
    obeyed = demo.tell("scan north 4006381333931")
    assert (obeyed.returncode, "beep" in obeyed.stdout) == (0, True)


def test_the_status_tells_the_truth_about_what_died_by_itself(demo: Demo) -> None:
    demo.start("--fresh")
    assert "hub up  broker up  postgres up" in demo.do("status")

    for note, told in (("south/agent.pid", "south  agent down"), ("hub.pid", "hub DOWN")):
        os.kill(int((demo.folder / note).read_text().split()[0]), signal.SIGKILL)
        wait_until(lambda told=told: told in demo.do("status"), told, 60, every_s=0.5)
    for line in ("start hub", "start south"):
        assert demo.tell(line).returncode == 0
    wait_until(lambda: demo.do("status").count(" live") == 2, "both boxes are heard again", 120, every_s=0.5)
    assert demo.tell("kill broker").returncode == 0
    wait_until(lambda: demo.do("status").count("hears no box") == 2, "no box is called live", 60, every_s=0.5)
    assert "hub says: " in demo.do("status")
    assert demo.tell("start broker").returncode == 0
    os.kill(int((demo.folder / "postgres/data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    wait_until(lambda: "postgres DOWN" in demo.do("status"), "the database is told to be dead", 60, every_s=0.5)
    wait_until(lambda: "hub says: database" in demo.do("status"), "the hub says what it lacks", 60, every_s=0.5)
    assert "no word from head office" in demo.do("status")
    assert demo.tell("start postgres").returncode == 0
    wait_until(lambda: demo.do("status").count(" live") == 2, "all is well again", 180, every_s=0.5)
    refused = demo.tell("start postgres")
    assert (refused.returncode, "`do restart postgres`" in refused.stderr) == (1, True)
