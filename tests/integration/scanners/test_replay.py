"""Recording and replay: what a device sent can be played again, to the byte."""

import json
from pathlib import Path

from scanner_drivers import PtyScanner, Recorder, ScannerSupervisor
from tests.integration.scanners.running import Running, running, until


async def test_what_was_recorded_on_a_serial_port_replays_to_the_same_frames(tmp_path: Path) -> None:
    recording = tmp_path / "monday.jsonl"
    with PtyScanner() as device, Recorder(recording) as recorder:
        live = Running(f"serial://{device.path}", recorder=recorder)
        async with live.started():
            await live.state("up")
            device.scan("]d20104006381333931\x1d10A")
            device.send(b"x" * 9_000 + b"\r\n")
            device.scan("96385074", suffix=b"\n")
            await live.count(3)
    async with running(f"replay://{recording}?speed=0") as played:
        await played.state("ended")
    assert [(scan.raw, scan.reason) for scan in played.scans] == [(scan.raw, scan.reason) for scan in live.scans]


async def test_a_full_disk_stops_the_recording_and_costs_no_scan() -> None:
    with PtyScanner() as device, Recorder(Path("/dev/full")) as recorder:
        live = Running(f"serial://{device.path}", recorder=recorder)
        async with live.started():
            await live.state("up")
            device.scan("96385074")
            await live.count(1)
    assert "No space left" in recorder.error


async def test_pauses_are_played_at_the_given_speed(tmp_path: Path) -> None:
    recording = tmp_path / "gaps.jsonl"
    lines = [{"t_ns": at * 1_000_000, "direction": "rx", "hex": b"scan".hex()} for at in (0, 1000, 1001, 2000)]
    recording.write_text("".join(json.dumps(line) + "\n" for line in lines))
    async with running(f"replay://{recording}?speed=10&suffix=none&idle=30") as played:
        await until(lambda: len(played.scans) == 2)
        await played.state("ended")
    assert played.codes == [b"scan", b"scanscan"]


async def test_a_broken_recording_names_its_line(tmp_path: Path) -> None:
    recording = tmp_path / "bad.jsonl"
    recording.write_text('{"t_ns": 1, "direction": "rx", "hex": "41"}\n{"t_ns": 2}\n')
    async with running(f"replay://{recording}") as played:
        await played.state("misconfigured")
        assert "line 2" in played.health.last_error
        assert played.scans == []


async def test_a_recording_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    recording = tmp_path / "later.jsonl"
    async with running(f"replay://{recording}?speed=0") as played:
        await played.state("absent")
        fresh = tmp_path / "fresh"
        fresh.write_text('{"t_ns": 1, "direction": "rx", "hex": "410d"}\n')
        fresh.replace(recording)
        await played.count(1)


def test_a_supervisor_keeps_its_device_name(tmp_path: Path) -> None:
    supervisor = ScannerSupervisor(f"replay://{tmp_path}/x", "door", lambda scan: None)
    assert supervisor.health.device == "door"
