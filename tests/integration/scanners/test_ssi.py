"""Zebra SSI through the real serial driver on a pseudo-terminal; the scanner at its other end wants answers."""

import asyncio
import os
import select
import time

from scanner_drivers import PtyScanner
from scanner_drivers.framing.ssi import ACK, DECODE_DATA, NAK, Packet, encode
from tests.integration.scanners.running import running, until

EAN = b"\x0b4006381333931"


class Zebra:
    """A scanner that sends each packet up to three times until it is acknowledged, as the manual says."""

    def __init__(self, device: PtyScanner, timeout_s: float = 0.5) -> None:
        self._device, self._timeout_s = device, timeout_s

    def scan(self, *parts: bytes, breaks: int = 0) -> list[int]:
        """Send a scan in so many packets, the first sendings of each broken; the opcodes of all answers."""
        answers = []
        for number, part in enumerate(parts):
            more = 2 if number < len(parts) - 1 else 0
            for attempt in range(3):
                packet = bytearray(encode(Packet(DECODE_DATA, 0, more | bool(attempt), part)))
                if attempt < breaks:
                    packet[-1] ^= 0xFF
                self._device.send(bytes(packet))
                answers.append(self._answer())
                if answers[-1] == ACK:
                    break
        return answers

    def _answer(self) -> int:
        """The opcode of the next answer; 0 when none comes in time."""
        assert self._device._master is not None
        deadline, got = time.monotonic() + self._timeout_s, b""
        while len(got) < 2 or len(got) < got[0] + 2:
            if not select.select([self._device._master], [], [], max(0, deadline - time.monotonic()))[0]:
                return 0
            got += os.read(self._device._master, 1)
        return got[1]


def url_of(device: PtyScanner) -> str:
    return f"serial://{device.path}?protocol=ssi"


async def test_scans_are_acknowledged_on_the_line_and_count_once() -> None:
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            zebra = Zebra(device)
            answers = [await asyncio.to_thread(zebra.scan, EAN) for _ in range(5)]
            await till.count(5)
            assert till.health.alerts(0) == {}
    assert answers == [[ACK]] * 5
    assert till.codes == [b"]E04006381333931"] * 5


async def test_a_broken_packet_is_asked_for_again_on_the_line() -> None:
    """Nasty case 18 through the driver."""
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            answers = await asyncio.to_thread(Zebra(device).scan, EAN, breaks=1)
            await till.count(1)
    assert (answers, till.codes) == ([NAK, ACK], [b"]E04006381333931"])


async def test_an_acknowledgement_that_is_late_makes_no_second_scan() -> None:
    """Nasty case 18: the box stands still for longer than the scanner waits."""
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            pulling = asyncio.get_running_loop().run_in_executor(None, Zebra(device, 0.05).scan, EAN)
            time.sleep(0.12)  # noqa: ASYNC251 - the loop stands still: that is what is tested
            answers = await pulling
            await till.count(1)
            await asyncio.to_thread(Zebra(device).scan, b"\x0a96385074")
            await till.count(2)
    assert answers[0] == 0
    assert till.codes == [b"]E04006381333931", b"]E496385074"]


async def test_a_long_code_comes_in_packets_and_an_unplug_between_them_changes_nothing() -> None:
    text = b"https://id.gs1.org/01/04006381333931/10/" + b"L" * 400
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            device.send(encode(Packet(DECODE_DATA, 0, 2, b"\x1c" + text[:200])))
            await until(lambda: till.health.bytes_received > 200)
            device.unplug()
            await until(lambda: till.health.losses == 1)
            device.plug()
            await till.state("up")
            parts = [b"\x1c" + text[at : at + 240] for at in range(0, len(text), 240)]
            assert await asyncio.to_thread(Zebra(device).scan, *parts) == [ACK, ACK]
            await till.count(1)
            assert till.health.partial_dropped == 201
    assert till.codes == [b"]Q1" + text]


async def test_a_scanner_that_sends_plain_text_is_told_by_an_alert() -> None:
    with PtyScanner() as device:
        async with running(url_of(device)) as till:
            await till.state("up")
            device.send(b"4006381333931\r" * 20)
            await until(lambda: "nothing_understood" in till.health.alerts(0))
    assert till.codes == []


async def test_a_bluetooth_scanner_that_goes_to_sleep_is_no_fault() -> None:
    with PtyScanner() as device:
        async with running(f"bluetooth://{device.path}") as till:
            for turn in range(7):
                await till.state("up")
                device.scan(b"]E04006381333931")
                await till.count(turn + 1)
                device.unplug()
                await until(lambda turn=turn: till.health.losses == turn + 1)  # type: ignore[misc]
                device.plug()
            assert "flapping" not in till.health.alerts(time.monotonic_ns())
            assert till.supervisor._driver.slowest_retry_s == 30.0
