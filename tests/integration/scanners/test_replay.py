"""Recording and replay: what a device sent can be played again, to the byte."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from scanner_drivers import PtyScanner, Recorder, ScannerSupervisor
from scanner_drivers.framing.ssi import DECODE_DATA, Packet, encode
from tests.integration.scanners.pipes import PipeScanner
from tests.integration.scanners.running import Running, running, until
from tests.unit.scanner_drivers.keyboards import DROPPED, typed
from tests.unit.scanner_drivers.reports import NEWLAND


async def test_what_was_recorded_on_a_serial_port_replays_to_the_same_frames(tmp_path: Path) -> None:
    recording = tmp_path / "monday.jsonl"
    with PtyScanner() as device, Recorder(recording) as recorder:
        live = Running(f"serial://{device.path}", tap=recorder)
        async with live.started():
            await live.state("up")
            device.scan("]d20104006381333931\x1d10A")
            device.send(b"x" * 9_000 + b"\r\n")
            device.scan("96385074", suffix=b"\n")
            await live.count(3)
    async with running(f"replay://{recording}?speed=0") as played:
        await played.state("ended")
    assert [(scan.raw, scan.reason) for scan in played.scans] == [(scan.raw, scan.reason) for scan in live.scans]


@pytest.mark.parametrize("kind", ["keys", "reports", "ssi"])
async def test_what_a_device_of_any_kind_sent_replays_through_its_own_framer(kind: str, tmp_path: Path) -> None:
    recording = tmp_path / "tuesday.jsonl"
    with Recorder(recording) as recorder, DEVICES[kind](tmp_path) as (url, send, unplug):
        live = Running(url, tap=recorder)
        async with live.started():
            for session in (1, 2):
                await live.state("up")
                send()
                await live.count(2 * session)
                unplug()
                await until(lambda session=session: live.health.losses == session)  # type: ignore[misc]
    async with running(f"replay://{recording}?speed=0") as played:
        await played.state("ended")
    assert [(scan.raw, scan.reason, scan.session) for scan in played.scans] == [
        (scan.raw, scan.reason, scan.session) for scan in live.scans
    ]
    assert {scan.session for scan in live.scans} == {1, 2}
    assert played.health.partial_dropped == live.health.partial_dropped > 0


Device = tuple[str, Callable[[], None], Callable[[], None]]
"""Its URL, what makes it send, what pulls and plugs it."""


@contextmanager
def _by_pipe(folder: Path, scheme: str, descriptor: bytes | None, data: bytes) -> Iterator[Device]:
    with PipeScanner(folder, descriptor) as device:

        def unplug() -> None:
            device.unplug()
            device.plug()

        yield f"{scheme}://{device.path}", lambda: device.send(data), unplug


@contextmanager
def a_zebra(_: Path) -> Iterator[Device]:
    packets = [Packet(DECODE_DATA, 0, 0, code) for code in (b"\x0b4006381333931", b"\x0a96385074")]
    data = b"".join(map(encode, packets)) + encode(packets[0])[:7]
    with PtyScanner() as device:

        def unplug() -> None:
            device.unplug()
            device.plug()

        yield f"serial://{device.path}?protocol=ssi", lambda: device.send(data), unplug


DEVICES: dict[str, Callable[[Path], AbstractContextManager[Device]]] = {
    "keys": lambda folder: _by_pipe(
        folder, "evdev", None, typed("]d20104006381333931\x1d10A\r96385") + DROPPED + typed("4\rhalf")
    ),
    "reports": lambda folder: _by_pipe(
        folder, "hidpos", NEWLAND.descriptor,
        b"".join(NEWLAND.reports(b"4006381333931") + NEWLAND.reports(b"y\r\n" * 40) + NEWLAND.reports(b"z" * 60)[:1]),
    ),
    "ssi": a_zebra,
}  # fmt: skip


async def test_a_full_disk_stops_the_recording_and_costs_no_scan() -> None:
    with PtyScanner() as device, Recorder(Path("/dev/full")) as recorder:
        live = Running(f"serial://{device.path}", tap=recorder)
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
