"""The real serial driver on real pseudo-terminals: unplugging, replugging, faults, latency."""

import asyncio
import errno
import fcntl
import os
import random
import resource
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from statistics import median

import pytest
import serial

from scanner_drivers import PtyScanner, RawScan
from scanner_drivers.drivers.port import Port
from scanner_drivers.drivers.serial import SerialDriver, open_port
from scanner_drivers.url import SerialAddress
from tests.integration.scanners.running import Running, open_descriptors, running, until

CODE = b"]E04006381333931"
REPLUGS = int(os.environ.get("REPLUGS", "40"))


def url_of(scanner: PtyScanner, query: str = "baud=9600") -> str:
    return f"serial://{scanner.path}?{query}"


def terminal(scanner: PtyScanner) -> str:
    """What stands behind the stable name now."""
    return str(Path(scanner.path).resolve())


def wait_for_the_kernel(device: PtyScanner) -> None:
    """Until the scan lies at the driver's end, while the driver's loop stands still."""
    fd = os.open(terminal(device), os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        deadline = time.monotonic() + 10
        while not int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4), sys.byteorder):
            assert time.monotonic() < deadline
    finally:
        os.close(fd)


async def test_a_scan_arrives_byte_for_byte_with_its_place_in_the_session() -> None:
    data = b"]d2\x1d0104006381333931\x1d10A\x11\x13\xff\x00"
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            device.scan(data)
            device.scan("two", suffix=b"\r\n")
            await till.count(2)
    assert till.codes == [data, b"two"]
    assert [(scan.device, scan.session, scan.sequence) for scan in till.scans] == [
        ("till-1", 1, 1),
        ("till-1", 1, 2),
    ]


async def test_the_device_path_itself_works_as_url() -> None:
    with PtyScanner() as device:
        async with running(f"serial://{terminal(device)}?baud=9600") as till:
            await till.state("up")
            device.scan(CODE)
            await till.count(1)


async def test_every_split_of_a_scan_gives_one_scan() -> None:
    dice = random.Random(3)
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            for _ in range(50):
                cut = dice.randint(0, len(CODE))
                device.send(CODE[:cut])
                await asyncio.sleep(0)
                device.send(CODE[cut:] + b"\r")
            await till.count(50)
    assert till.codes == [CODE] * 50


async def test_a_partial_frame_dies_with_its_session() -> None:
    """Nasty case 3."""
    with PtyScanner() as device:
        async with running(url_of(device, "idle=5000")) as till:
            await till.state("up")
            device.send(b"400638")
            await until(lambda: till.health.bytes_received == 6)
            device.unplug()
            await until(lambda: till.health.losses == 1)
            device.plug()
            await till.state("up")
            device.scan("96385074")
            await till.count(1)
            assert till.health.partial_dropped == 6
    assert till.codes == [b"96385074"]
    assert till.scans[0].session == 2


async def test_unplugging_again_and_again_loses_no_scan_and_leaks_nothing() -> None:
    """Nasty case 4: as often as REPLUGS says, 300 times in `make soak`."""
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            fds, threads = open_descriptors(), threading.active_count()
            names = set()
            reopened = []
            for turn in range(REPLUGS):
                names.add(terminal(device))
                for _ in range(3):
                    device.scan(CODE)
                await till.count(3 * (turn + 1))
                device.unplug()
                await until(lambda: till.health.state != "up")
                if turn % 2:
                    held = os.openpty()  # takes the old number, so that the name must change
                    device.plug()
                    os.close(held[0])
                    os.close(held[1])
                else:
                    device.plug()
                plugged = time.monotonic()
                await till.state("up")
                reopened.append(time.monotonic() - plugged)
            assert till.codes == [CODE] * 3 * REPLUGS
            assert len(names) > 1
            assert open_descriptors() == fds
            assert threading.active_count() <= threads + 4  # the loop's own pool may still be growing
            assert sorted(reopened)[-2] < 1.5
            print(f"{REPLUGS} replugs: reopened in {1000 * median(reopened):.0f} ms (median)")
            assert "flapping" in till.health.alerts(time.monotonic_ns())


async def test_a_scan_just_before_the_unplug_is_delivered() -> None:
    """Nasty case 5."""
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            for turn in range(10):
                await till.state("up")
                device.scan(CODE)
                wait_for_the_kernel(device)  # on a busy machine that alone takes milliseconds
                await asyncio.sleep(0.002)  # a hang-up flushes what was not read: 1 ms is what USB gives
                device.unplug()
                await until(lambda turn=turn: till.health.losses == turn + 1)  # type: ignore[misc]
                device.plug()
            await till.count(10)


async def test_an_absent_device_is_waited_for_and_opened_soon_after_it_appears() -> None:
    with PtyScanner() as device:
        device.unplug()
        async with running(url_of(device)) as till:
            await till.state("absent")
            assert "not plugged in" in till.health.last_error
            device.plug()
            await till.state("up")
            assert (till.health.opens, till.health.losses) == (1, 0)


async def test_a_port_held_by_another_process_is_busy_and_its_holder_is_named() -> None:
    """Nasty case 7."""
    with PtyScanner() as device:
        program = (
            "import serial,sys; p = serial.Serial(sys.argv[1], exclusive=True); print(flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", program, device.path]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:  # noqa: ASYNC220
            assert holder.stdout
            assert holder.stdin
            holder.stdout.readline()
            async with running(url_of(device)) as till:
                await till.state("busy")
                assert f"process {holder.pid}" in till.health.last_error
                holder.stdin.close()
                await till.state("up")


async def test_codes_torn_by_somebody_who_reads_the_same_port_raise_an_alarm_that_names_the_way_to_find_him() -> None:
    """Nasty case 7: what a thief leaves fails its check digit, again and again."""
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            for number in range(12):
                device.scan(CODE)
                device.scan(CODE[: 6 + number % 5] + CODE[8 + number % 5 :])
            await till.count(24)
            assert "scanners list" in till.health.alerts(time.monotonic_ns())["misread"]


@pytest.mark.parametrize("path", ["/dev/null", "/dev"])
async def test_what_is_no_serial_port_waits_for_a_person(path: str) -> None:
    async with running(f"serial://{path}") as till:
        await till.state("misconfigured")
        assert "no serial port" in till.health.last_error


class FaultyOpener:
    """Fails its first opens with the given faults, then opens the real port."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)

    def __call__(self, address: SerialAddress) -> Port:
        if self.faults:
            raise self.faults.pop(0)
        return open_port(address)


async def test_a_node_that_is_root_only_for_a_moment_opens_without_an_alarm() -> None:
    """Nasty case 6."""
    with PtyScanner() as device:
        denied = [serial.SerialException(errno.EACCES, "Permission denied") for _ in range(3)]
        driver = SerialDriver(SerialAddress(path=device.path), FaultyOpener(*denied))
        async with running(url_of(device), driver) as till:
            await till.state("up")
            assert (till.health.last_error, till.health.losses) == ("", 0)


@pytest.mark.parametrize(
    "fault",
    [
        termios.error(errno.EIO, "Input/output error"),
        OSError(errno.EIO, "Input/output error"),
        OSError(errno.ENXIO, "No such device or address"),
        serial.SerialException("device reports readiness to read but returned no data"),
        RuntimeError("a bug of ours"),
    ],
    ids=["termios", "EIO", "ENXIO", "SerialException", "crash"],
)
async def test_each_kind_of_failed_open_is_survived(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with PtyScanner() as device:
        driver = SerialDriver(SerialAddress(path=device.path), FaultyOpener(fault))
        async with running(url_of(device), driver) as till:
            await till.state("up")
            assert till.health.last_error
            device.scan(CODE)
            await till.count(1)
    assert ("crashed" in caplog.text) == isinstance(fault, RuntimeError)


class FaultyPort:
    """A real port whose chosen call fails."""

    def __init__(self, port: Port, fileno: Exception | None, close: Exception | None) -> None:
        self._port, self._fileno, self._close = port, fileno, close

    def fileno(self) -> int:
        if self._fileno:
            raise self._fileno
        return self._port.fileno()

    def close(self) -> None:
        self._port.close()
        if self._close:
            raise self._close


@pytest.mark.parametrize("call", ["fileno", "close"])
@pytest.mark.parametrize(
    "fault", [OSError(5, "EIO"), termios.error(5, "EIO"), TypeError("NoneType"), ValueError("closed")]
)
async def test_each_fault_at_each_call_ends_one_session_only(
    call: str, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Nasty case 9."""
    caplog.set_level("INFO")
    faults = [fault]

    def opener(address: SerialAddress) -> Port:
        now = faults.pop() if faults else None
        return FaultyPort(open_port(address), now if call == "fileno" else None, now if call == "close" else None)

    with PtyScanner() as device:
        async with running(url_of(device), SerialDriver(SerialAddress(path=device.path), opener)) as till:
            await till.state("up")
            if call == "close":
                device.unplug()
                await until(lambda: till.health.state != "up")
                device.plug()
            await until(lambda: till.health.opens == 2)
            await till.state("up")
            device.scan(CODE)
            await till.count(1)
    assert "crashed" not in caplog.text


async def test_a_port_that_opens_after_the_cancellation_is_closed_again() -> None:
    asked, allowed, closed = threading.Event(), threading.Event(), threading.Event()

    class LatePort(FaultyPort):
        def close(self) -> None:
            super().close()
            closed.set()

    def opener(address: SerialAddress) -> Port:
        asked.set()
        allowed.wait(10)
        return LatePort(open_port(address), None, None)

    with PtyScanner() as device:
        async with running(url_of(device), SerialDriver(SerialAddress(path=device.path), opener)):
            await until(asked.is_set)
        allowed.set()
        await until(closed.is_set)


async def test_a_descriptor_above_1024_is_read() -> None:
    """Nasty case 8."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip("LOUD: this machine allows fewer than 1,200 descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1200 if hard == -1 else min(hard, 1200), hard))
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1040)]
    try:
        with PtyScanner() as device:
            async with running(url_of(device)) as till:
                await till.state("up")
                device.scan(CODE)
                await till.count(1)
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_garbage_without_terminator_is_one_event_and_the_next_scan_is_read() -> None:
    noise = random.Random(4).randbytes(300_000).translate(None, b"\r\n")
    with PtyScanner() as device:
        async with running(url_of(device, "idle=5000")) as till:
            await till.state("up")
            await asyncio.to_thread(device.send, noise + b"\r")
            device.scan(CODE)
            await till.count(2)
            assert "line_settings_suspect" in till.health.alerts(time.monotonic_ns())
    assert [scan.reason for scan in till.scans] == ["overlong", "suffix"]
    assert (till.scans[0].raw, till.scans[1].raw) == (noise[:8192], CODE)


async def test_a_frame_without_terminator_is_delivered_after_a_silence_and_marked() -> None:
    with PtyScanner() as device:
        async with running(url_of(device, "idle=30")) as till:
            await till.state("up")
            device.scan(CODE, suffix=b"")
            await till.count(1)
    assert (till.codes, till.scans[0].reason) == ([CODE], "unterminated")


async def test_two_equal_scans_are_two_scans_unless_echoes_are_to_be_dropped() -> None:
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            device.send((CODE + b"\r") * 2)
            await till.count(2)
        async with running(url_of(device, "dedupe=50&ignore=NoRead")) as till:
            await till.state("up")
            device.send((CODE + b"\r") * 2 + b"NoRead\r" + b"96385074\r")
            await till.count(2)
            assert (till.health.suppressed, till.health.ignored) == (1, 1)
    assert till.codes == [CODE, b"96385074"]


async def test_a_consumer_that_fails_costs_its_own_scan_only() -> None:
    seen: list[bytes] = []

    def consumer(scan: RawScan) -> None:
        seen.append(scan.raw)
        if len(seen) == 1:
            raise RuntimeError("database is full")

    with PtyScanner() as device:
        till = Running(url_of(device), consumer=consumer)
        async with till.started():
            await till.state("up")
            device.send(b"first\rsecond\r")
            await until(lambda: len(seen) == 2)
            assert (till.health.consumer_errors, till.health.state) == (1, "up")
    assert seen == [b"first", b"second"]


async def test_cancelling_at_any_moment_frees_the_port() -> None:
    with PtyScanner() as device:
        for turns in range(12):
            async with running(url_of(device)):
                for _ in range(turns):
                    await asyncio.sleep(0.001)
            async with running(url_of(device)) as till:
                await till.state("up")


async def test_two_thousand_scans_at_full_speed_lose_none() -> None:
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            await asyncio.to_thread(device.send, b"".join(b"%013d\r" % n for n in range(2_000)))
            await till.count(2_000)
    assert till.codes == [b"%013d" % n for n in range(2_000)]
    assert [scan.sequence for scan in till.scans] == list(range(1, 2_001))


async def test_a_scan_reaches_the_consumer_without_a_polling_delay() -> None:
    """A guard against polling and threads (5 ms and more); the figure itself is a benchmark's."""
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            delays = []
            for number in range(200):
                started = time.monotonic_ns()
                device.scan(CODE)
                while len(till.scans) == number:  # noqa: ASYNC110
                    await asyncio.sleep(0)
                delays.append(till.scans[-1].received_ns - started)
    assert median(delays) < 3_000_000
