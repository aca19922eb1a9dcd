"""Bad input at a store box, as processes: scanners, files, settings, codes; and what doctor says to each."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.calls import wait_until
from deploy.local.stack import Store
from scanner_drivers import PtyScanner
from tests.system.chain import a_chain, assert_equal_to_the_unit, code_of, knows_products, on_hand

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


def edge(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of `edge-agent` to its end."""
    command = [sys.executable, "-m", "edge_agent", "--data", str(folder), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EDGE_")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def scans(store: Store) -> list[tuple[bytes, int | None, str]]:
    with sqlite3.connect(f"file:{store.folder / 'store.db'}?mode=ro", uri=True) as connection:
        return list(connection.execute("SELECT raw, position, outcome FROM scans ORDER BY number"))


async def test_floods_and_control_characters_from_a_scanner_sell_nothing_and_the_next_beep_does(tmp_path: Path) -> None:
    with PtyScanner(tmp_path / "ttyACM0") as scanner, a_chain(tmp_path / "chain", products=3) as stack:
        scanners = [{"url": f"serial://{scanner.path}", "device": "till-1", "mode": "sell"}]
        north = stack.add_store("north", scanners=scanners)
        wait_until(lambda: knows_products(north, 3), "the store has the catalogue")
        product = stack.products[0]
        good = code_of(product).removeprefix("0")
        wrong_digit = good[:-1] + str((int(good[-1]) + 5) % 10)

        for frame in (b"9" * 10_000, b"\x00\x1b[2J\x07\x7f", b"\x1d\x1d\x1d", b"\xff\xfe\x80", wrong_digit.encode(),
                      b"4000000000006"):  # fmt: skip
            scanner.scan(frame)
        scanner.scan(good)

        wait_until(lambda: on_hand(north, product) == -1, "the good beep is a sale")
        *refused, (raw, position, outcome) = scans(north)
        assert {position for _, position, _ in refused} == {None}
        assert [outcome for *_, outcome in refused] == [
            "too_long", "unreadable", "unreadable", "unknown_barcode", "check_digit", "unknown_barcode",
        ]  # fmt: skip
        assert [len(raw) for raw, *_ in refused] == [8_192, 7, 3, 3, 13, 13], "kept as they came, a flood's beginning"
        assert (raw, outcome) == (good.encode(), "done")
        assert position is not None
        stack.wait_converged()
        await assert_equal_to_the_unit(stack, north)


def test_a_code_that_was_used_enrols_no_second_box(tmp_path: Path) -> None:
    with a_chain(tmp_path / "chain", products=1) as stack:
        site = stack.expect("POST", "/api/v1/sites", {"code": "S9", "name": "Nine", "kind": "edge"})["id"]
        code = stack.expect("POST", "/api/v1/enrolment-codes", {"site_id": site})["code"]
        first = edge(tmp_path / "one", "enrol", stack.api, code)
        second = edge(tmp_path / "two", "enrol", stack.api, code)
        forged = edge(tmp_path / "three", "enrol", stack.api, code[:-1] + ("0" if code[-1] != "0" else "1"))
        boxes = stack.expect("GET", "/api/v1/devices")["items"]

    assert first.returncode == 0, first.stderr
    assert (second.returncode, second.stderr.split(":")[0]) == (1, "enrolment_code_used")
    assert forged.returncode == 1
    assert "Traceback" not in forged.stderr
    assert not (tmp_path / "two" / "enrolment.json").exists()
    assert not (tmp_path / "three" / "enrolment.json").exists()
    assert len(boxes) == 1


def test_settings_with_five_mistakes_are_told_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text(
        'api_port = 99999\nlog_level = "loud"\nbroker_url = "ftp://x"\nballast_mb = -1\ncolour = "green"\n'
    )
    for command in ("run", "doctor"):
        ended = edge(tmp_path, command)
        assert ended.returncode == 2
        lines = [line for line in ended.stderr.splitlines() if line.startswith("settings: ")]
        assert {line.split()[1].rstrip(":") for line in lines} == {
            "api_port", "log_level", "broker_url", "ballast_mb", "colour"
        }  # fmt: skip


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no database": (lambda box: (box / "store.db").unlink(), "database"),
    "noise for a database": (lambda box: (box / "store.db").write_bytes(os.urandom(8_192)), "database"),
    "a torn enrolment": (lambda box: (box / "enrolment.json").write_text("{"), "enrolment"),
    "a lost record key": (lambda box: (box / "record.key").unlink(), "enrolment"),
    "a torn record key": (lambda box: (box / "record.key").write_text("x"), "enrolment"),
    "no API key": (lambda box: (box / "api.key").unlink(), "enrolment"),
    "a torn certificate": (lambda box: (box / "device.crt").write_text("x"), "certificate"),
}


def test_doctor_finds_each_damage_and_names_its_remedy_and_changes_nothing(tmp_path: Path) -> None:
    with a_chain(tmp_path / "chain", "north", products=1) as stack:
        north = stack.stores["north"]
        north.stop()
    sound = {path.name: path.read_bytes() for path in north.folder.iterdir() if path.is_file()}
    sound = {name: data for name, data in sound.items() if not name.endswith(("-wal", "-shm", ".log", ".pid"))}
    for what, (damage, check) in DAMAGES.items():
        box = tmp_path / what.replace(" ", "-")
        box.mkdir(mode=0o700)
        for name, data in sound.items():
            (box / name).write_bytes(data)
            (box / name).chmod(0o600)
        damage(box)
        before = {path.name: path.read_bytes() for path in box.iterdir() if path.name.startswith("store.db") is False}

        ended = edge(box, "doctor", "--json")

        assert ended.returncode == 1, (what, ended.stdout, ended.stderr)
        found = {one["name"]: one for one in json.loads(ended.stdout)}
        assert found[check]["result"] == "fail", (what, found)
        assert all(one["remedy"] for one in found.values() if one["result"] != "ok"), (what, found)
        assert {path.name: path.read_bytes() for path in box.iterdir() if path.name in before} == before
        if what == "no database":
            assert not (box / "store.db").exists(), "looking makes no file"
        if check == "enrolment":
            assert (edge(box, "run").returncode, (box / "record.key").exists()) == (1, what != "a lost record key")
        status = edge(box, "status")
        assert "Traceback" not in status.stderr, (what, status.stderr)
