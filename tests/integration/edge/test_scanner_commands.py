"""`edge-agent scanners` as a process: a real pseudo-terminal is shown byte by byte, recorded and played again."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scanner_drivers import PtyScanner

CODE = b"]d20104006381333931\x1d10A\x1d17271231"


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "edge_agent", "scanners", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*arguments: str) -> tuple[int, str, str]:
    process = start(*arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def until_up(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    deadline = time.monotonic() + 60
    while "up" not in (line := process.stdout.readline()):
        assert line, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline


def test_test_shows_bytes_meaning_and_advice() -> None:
    with PtyScanner() as device, start("test", f"serial://{device.path}", "--scans", "2") as process:
        until_up(process)
        device.scan(CODE)
        device.scan("4006381333931")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "]d20104006381333931<GS>10A<GS>17271231<CR>" in out
    assert "5d 64 32 30 31" in out
    assert "gtin 04006381333931  lot A  expiry 2027-12-31" in out
    assert out.replace("\n", "").isprintable()


def test_test_tells_a_program_the_same_as_json() -> None:
    with PtyScanner() as device, start("test", f"serial://{device.path}", "--scans", "1", "--json") as process:
        until_up(process)
        device.scan("4006381333931")
        out, _ = process.communicate(timeout=60)
    events = [json.loads(line) for line in out.splitlines()]
    frame = next(event for event in events if event["event"] == "frame")
    assert (frame["gtin"], [one["code"] for one in frame["advice"]]) == ("04006381333931", ["aim_off"])


def test_a_recording_plays_again_and_no_file_is_written_over(tmp_path: Path) -> None:
    recording = tmp_path / "till.jsonl"
    with PtyScanner() as device, start("record", f"serial://{device.path}", str(recording), "--scans", "1") as process:
        until_up(process)
        device.scan(CODE)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, "1 scans" in out) == (0, True), err

    status, out, _ = run("test", f"replay://{recording}?speed=0")
    assert (status, "lot A" in out) == (0, True)
    before = recording.read_bytes()
    status, _, err = run("record", f"replay://{recording}", str(recording))
    assert (status, "file_exists" in err, recording.read_bytes()) == (1, True, before)


@pytest.mark.parametrize(
    ("url", "said"), [("serial:///dev/null", "no serial port"), ("spy:///dev/x", "expected one of serial://")]
)
def test_what_cannot_be_a_scanner_ends_with_what_was_expected(url: str, said: str) -> None:
    status, _, err = run("test", url, "--seconds", "20")
    assert (status, "bad_config" in err, said in err) == (2, True, True), err


def test_a_port_that_somebody_holds_is_told_with_the_holder() -> None:
    with PtyScanner() as device, start("test", f"serial://{device.path}") as holder:
        until_up(holder)
        status, out, _ = run("test", f"serial://{device.path}", "--seconds", "1.5")
        assert (status, f"held by process {holder.pid}" in out) == (0, True), out
        holder.terminate()


def test_list_is_json_for_a_program() -> None:
    status, out, err = run("list", "--json")
    assert status == 0, err
    for line in out.splitlines():
        assert {"what", "url", "held by", "remarks"} <= json.loads(line).keys()
