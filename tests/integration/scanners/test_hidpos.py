"""The real HID POS driver on recorded-shape reports through a named pipe: whole codes, unplugs, liars."""

import random
from pathlib import Path

import pytest

from tests.integration.scanners.pipes import PipeScanner
from tests.integration.scanners.running import open_descriptors, running, until
from tests.unit.scanner_drivers.reports import ACCESS_IS, KEYBOARD, NEWLAND, Device

VCARD = b"BEGIN:VCARD\r\nFN:Shelf 3\r\nNOTE:" + b"x" * 120 + b"\r\nEND:VCARD"


@pytest.mark.parametrize(("device", "aim"), [(ACCESS_IS, b"]Q0"), (NEWLAND, b"")])
async def test_codes_of_any_length_come_whole_through_the_real_reader(
    device: Device, aim: bytes, tmp_path: Path
) -> None:
    """Nasty case 17 through the driver."""
    with PipeScanner(tmp_path, device.descriptor) as node:
        async with running(f"hidpos://{node.path}") as till:
            await till.state("up")
            for data in (b"4006381333931", VCARD, b"y" * 1_000):
                node.send(b"".join(device.reports(data)))
            await till.count(3)
            assert till.health.alerts(0) == {}
    assert till.codes == [aim + b"4006381333931", aim + VCARD, aim + b"y" * 1_000]
    assert {scan.reason for scan in till.scans} == {"packet"}


async def test_a_missing_last_part_is_damaged_after_a_fifth_of_a_second(tmp_path: Path) -> None:
    with PipeScanner(tmp_path, ACCESS_IS.descriptor) as node:
        async with running(f"hidpos://{node.path}") as till:
            await till.state("up")
            node.send(ACCESS_IS.reports(b"y" * 100)[0])
            await till.count(1)
            node.send(ACCESS_IS.reports(b"96385074", b"]E4")[0])
            await till.count(2)
    assert [(scan.raw, scan.reason) for scan in till.scans] == [
        (b"]Q0" + b"y" * 56, "damaged"), (b"]E496385074", "packet"),
    ]  # fmt: skip


async def test_thirty_replugs_in_mid_code_leave_nothing_and_leak_nothing(tmp_path: Path) -> None:
    with PipeScanner(tmp_path, NEWLAND.descriptor) as node:
        async with running(f"hidpos://{node.path}") as till:
            await till.state("up")
            fds = open_descriptors()
            for turn in range(30):
                node.send(NEWLAND.reports(b"4006381333931")[0] + NEWLAND.reports(b"q" * 100)[0])
                await until(lambda received=128 * (turn + 1): till.health.bytes_received == received)  # type: ignore[misc]
                node.unplug()
                await until(lambda: till.health.state != "up")
                node.plug()
                await till.state("up")
            assert open_descriptors() == fds
            assert till.health.partial_dropped == 30 * 56
    assert till.codes == [b"4006381333931"] * 30


async def test_babble_is_survived(tmp_path: Path) -> None:
    noise = random.Random(10).randbytes(64 * 500)
    with PipeScanner(tmp_path, ACCESS_IS.descriptor) as node:
        async with running(f"hidpos://{node.path}") as till:
            await till.state("up")
            node.send(noise)
            await until(lambda: till.health.bytes_received == len(noise))
            node.send(ACCESS_IS.reports(b"96385074", b"]E4")[0])
            await until(lambda: b"]E496385074" in till.codes)


@pytest.mark.parametrize("descriptor", [KEYBOARD, b""])
async def test_a_device_in_another_mode_waits_for_a_person(descriptor: bytes, tmp_path: Path) -> None:
    with PipeScanner(tmp_path, descriptor) as node:
        async with running(f"hidpos://{node.path}") as till:
            await till.state("misconfigured")
            assert "HID POS mode" in till.health.last_error


async def test_a_second_reader_is_kept_out(tmp_path: Path) -> None:
    with PipeScanner(tmp_path, NEWLAND.descriptor) as node:
        async with running(f"hidpos://{node.path}") as first, running(f"hidpos://{node.path}") as second:
            await first.state("up")
            await second.state("busy")


async def test_what_is_no_hidraw_device_waits_for_a_person() -> None:
    async with running("hidpos:///dev/null") as till:
        await till.state("misconfigured")
        assert "no hidraw device" in till.health.last_error
