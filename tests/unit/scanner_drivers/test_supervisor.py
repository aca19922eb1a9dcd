"""The supervisor's rules, on a driver that follows a script (real devices: tests/integration)."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from scanner_drivers import Absent, BadConfig, Busy, Denied, Lost, ScannerSupervisor
from scanner_drivers.drivers.base import Link

URL = "serial:///dev/ttyACM0"
SECOND = 1_000_000_000


class ScriptedDriver:
    """Fails in the given ways, one a session; then stays up."""

    def __init__(self, *faults: Exception, slowest_retry_s: float = 5.0, up_first: bool = False) -> None:
        self.faults = list(faults)
        self.slowest_retry_s = slowest_retry_s
        self.up_first = up_first
        self.started: list[float] = []

    def present(self) -> bool:
        return True

    async def run(self, link: Link) -> None:
        self.started.append(time.monotonic())
        if self.up_first:
            link.up("port")
        if self.faults:
            raise self.faults.pop(0)
        link.up("port")
        await asyncio.Event().wait()


async def run_until(supervisor: ScannerSupervisor, condition: Callable[[], bool]) -> None:
    task = asyncio.create_task(supervisor.run())
    deadline = time.monotonic() + 10
    try:
        while not condition():
            assert time.monotonic() < deadline
            assert not task.done(), "the supervisor runs until it is cancelled"
            await asyncio.sleep(0.001)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def supervised(driver: ScriptedDriver, **how: Callable[[], float]) -> ScannerSupervisor:
    how.setdefault("jitter", lambda: 0.0)
    return ScannerSupervisor(URL, "till-1", lambda scan: None, driver=driver, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "state"),
    [(Absent("x"), "absent"), (Busy("x"), "busy"), (Lost("x"), "lost"), (KeyError("x"), "crashed")],
)
async def test_each_failure_has_its_state_and_is_retried(fault: Exception, state: str) -> None:
    driver = ScriptedDriver(fault)
    supervisor = supervised(driver)
    await run_until(supervisor, lambda: supervisor.health.state == state)
    await run_until(supervisor, lambda: supervisor.health.state == "up")
    assert "x" in supervisor.health.last_error


async def test_a_wrong_configuration_is_not_retried() -> None:
    driver = ScriptedDriver(BadConfig("no such parity"))
    supervisor = supervised(driver)
    await run_until(supervisor, lambda: supervisor.health.state == "misconfigured")
    assert len(driver.started) == 1


def test_a_wrong_url_is_refused_before_anything_runs() -> None:
    with pytest.raises(BadConfig):
        ScannerSupervisor("serial:///dev/x?color=red", "till-1", lambda scan: None)


async def test_denied_is_an_alarm_only_after_three_seconds() -> None:
    clock = [0]
    states: list[str] = []

    def tick() -> int:
        clock[0] += SECOND // 4
        return clock[0]

    driver = ScriptedDriver(*[Denied("no permission")] * 30)
    supervisor = supervised(driver, now_ns=tick)
    await run_until(supervisor, lambda: bool(states.append(supervisor.health.state)) or "denied" in states)
    assert set(states) == {"starting", "denied"}
    assert clock[0] >= 3 * SECOND


async def test_a_device_that_appears_ends_the_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner_drivers.supervisor._FIRST_RETRY_S", 60.0)
    driver = ScriptedDriver(Absent("x"), slowest_retry_s=60.0)
    looks = iter([False, False])
    monkeypatch.setattr(driver, "present", lambda: next(looks, True))
    supervisor = supervised(driver, jitter=lambda: 1.0)
    await run_until(supervisor, lambda: supervisor.health.state == "up")


async def test_the_back_off_doubles_up_to_the_drivers_limit_and_starts_over_after_an_open() -> None:
    driver = ScriptedDriver(*[Absent("x")] * 4, slowest_retry_s=0.3)
    supervisor = supervised(driver, jitter=lambda: 1.0)
    await run_until(supervisor, lambda: supervisor.health.state == "up")
    pauses = [b - a for a, b in zip(driver.started, driver.started[1:], strict=False)]
    assert [round(pause, 1) >= least for pause, least in zip(pauses, (0.1, 0.2, 0.3, 0.3), strict=True)] == [True] * 4
    flapping = ScriptedDriver(*[Lost("x")] * 6, up_first=True)
    supervisor = supervised(flapping, jitter=lambda: 1.0)
    started = time.monotonic()
    await run_until(supervisor, lambda: len(flapping.started) == 7)
    assert time.monotonic() - started < 3.0  # 6 × 0.1 s; growing pauses would take 6.3 s
    assert supervisor.health.losses == 6
