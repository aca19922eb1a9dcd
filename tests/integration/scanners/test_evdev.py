"""The real evdev driver on streams of key events: a keyboard-wedge scanner that is grabbed, unplugged, replugged.

This machine has no input devices: the events are those that the kernel's header defines, the
node is a named pipe. Grabbing is shown on the calls that the driver makes.
"""

import errno
import fcntl
import os
import random
from pathlib import Path

import pytest

from scanner_drivers import Absent, BadConfig, Busy
from scanner_drivers.drivers.evdev import EvdevDriver, Keyboard
from scanner_drivers.framing import Framing
from scanner_drivers.framing.typist import KeyState
from scanner_drivers.url import KeysAddress
from tests.integration.scanners.pipes import PipeScanner
from tests.integration.scanners.running import open_descriptors, running, until
from tests.unit.scanner_drivers.keyboards import DROPPED, SHIFT, event, typed

CODE = b"]d20104006381333931\x1d10A"


async def test_what_a_wedge_types_is_a_scan_with_its_separators(tmp_path: Path) -> None:
    with PipeScanner(tmp_path) as device:
        async with running(f"evdev://{device.path}?layout=de") as till:
            await till.state("up")
            device.send(typed(CODE.decode() + "\r", "de"))
            device.send(typed("96385074\r", "de"))
            await till.count(2)
            assert till.health.alerts(0) == {}
    assert till.codes == [CODE, b"96385074"]
    assert [(scan.session, scan.sequence, scan.reason) for scan in till.scans] == [(1, 1, "suffix"), (1, 2, "suffix")]


async def test_every_split_of_the_events_gives_the_scan(tmp_path: Path) -> None:
    dice, events = random.Random(8), typed("4006381333931\r")
    with PipeScanner(tmp_path) as device:
        async with running(f"evdev://{device.path}") as till:
            await till.state("up")
            for turn in range(20):
                cut = dice.randrange(1, len(events))
                device.send(events[:cut])
                sent = turn * len(events) + cut
                await until(lambda sent=sent: till.health.bytes_received == sent)  # type: ignore[misc]
                device.send(events[cut:])
            await till.count(20)
    assert till.codes == [b"4006381333931"] * 20


async def test_an_unplug_in_mid_code_with_shift_held_changes_nothing(tmp_path: Path) -> None:
    """Nasty cases 3 and 16: pulled in mid-code, Shift held across the unplug."""
    with PipeScanner(tmp_path) as device:
        async with running(f"evdev://{device.path}?idle=10000") as till:
            await till.state("up")
            device.send(event(SHIFT, 1) + typed("4006"))
            await until(lambda: till.health.bytes_received > 0)
            device.unplug()
            await until(lambda: till.health.losses == 1)
            device.plug()
            await till.state("up")
            device.send(typed("sku-7\r"))
            await till.count(1)
            assert till.health.partial_dropped == 4
    assert (till.codes, till.scans[0].session) == ([b"sku-7"], 2)


async def test_a_code_that_the_kernel_dropped_a_part_of_is_told_as_damaged(tmp_path: Path) -> None:
    with PipeScanner(tmp_path) as device:
        async with running(f"evdev://{device.path}") as till:
            await till.state("up")
            device.send(typed("400638") + DROPPED + typed("931\r") + typed("96385074\r"))
            await till.count(2)
            assert "damaged" in till.health.alerts(0)
    assert [(scan.raw, scan.reason) for scan in till.scans] == [(b"400638931", "damaged"), (b"96385074", "suffix")]


async def test_babble_of_every_kind_of_event_is_survived_and_the_next_scan_is_read(tmp_path: Path) -> None:
    noise = random.Random(9).randbytes(24 * 1_000)
    with PipeScanner(tmp_path) as device:
        async with running(f"evdev://{device.path}?idle=20") as till:
            await till.state("up")
            device.send(noise)
            await until(lambda: till.health.bytes_received == len(noise))
            device.unplug()
            await until(lambda: till.health.losses == 1)
            device.plug()
            await till.state("up")
            before = len(till.scans)
            device.send(typed("96385074\r"))
            await till.count(before + 1)
    assert till.codes[-1] == b"96385074"


async def test_thirty_replugs_lose_no_scan_and_leak_nothing(tmp_path: Path) -> None:
    with PipeScanner(tmp_path) as device:
        async with running(f"evdev://{device.path}") as till:
            await till.state("up")
            fds = open_descriptors()
            for turn in range(30):
                device.send(typed("4006381333931\r"))
                await till.count(turn + 1)
                device.unplug()
                await until(lambda: till.health.state != "up")
                device.plug()
                await till.state("up")
            assert open_descriptors() == fds


class Kernel:
    """The ioctls of an input device: who grabbed it, what is held."""

    def __init__(self, grab_error: int = 0) -> None:
        self.grabbed: list[int] = []
        self.grab_error = grab_error

    def __call__(self, fd: int, request: int, argument: int | bytearray) -> int:
        if request == 0x40044590:
            if self.grab_error:
                raise OSError(self.grab_error, os.strerror(self.grab_error))
            self.grabbed.append(fd)
        elif request == 0x80604518:
            assert isinstance(argument, bytearray)
            argument[SHIFT // 8] |= 1 << SHIFT % 8
        else:
            assert request == 0x80014519
            assert isinstance(argument, bytearray)
            argument[0] = 2
        return 0


def test_a_device_is_grabbed_and_its_keyboard_state_read(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel()
    monkeypatch.setattr(fcntl, "ioctl", kernel)
    opened = EvdevDriver(KeysAddress(path="/dev/null"), Framing()).open()
    assert isinstance(opened.port, Keyboard)
    try:
        assert kernel.grabbed == [opened.port.fileno()]
        assert opened.port.state() == KeyState(frozenset((SHIFT,)), is_caps=True)
    finally:
        opened.port.close()


@pytest.mark.parametrize(("number", "kind"), [(errno.EBUSY, Busy), (errno.ENOTTY, BadConfig), (errno.ENODEV, Absent)])
def test_a_device_that_cannot_be_grabbed_is_closed_again_and_named(
    number: int, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "ioctl", Kernel(number))
    driver = EvdevDriver(KeysAddress(path="/dev/null"), Framing())
    fds = open_descriptors()
    with pytest.raises(OSError) as caught:
        driver.open()
    assert open_descriptors() == fds
    assert isinstance(driver._named(caught.value), kind)


async def test_what_is_no_input_device_waits_for_a_person() -> None:
    async with running("evdev:///dev/null") as till:
        await till.state("misconfigured")
        assert "no input device" in till.health.last_error
