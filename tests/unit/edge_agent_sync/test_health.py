"""Each check says what it found and, when it is not well, what to do."""

from pathlib import Path

import pytest

from edge_agent.services import health
from edge_agent.services.disk import Disk, Space
from edge_agent.services.health import Check
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage.files import Folder, write_private
from scanner_drivers import ScannerHealth
from sync_protocol.edge_session import Link
from tests.unit.edge_agent_sync.builders import NOW_MS


def a_status(state: str, **changes: object) -> LinkStatus:
    status = LinkStatus(**changes)  # type: ignore[arg-type]
    status.state = state
    return status


@pytest.mark.parametrize(
    ("state", "expected"),
    [(Link.STREAMING, "ok"), (Link.OFFLINE, "warn"), (Link.GREETING, "warn"), (Link.FENCED, "fail"),
     (Link.SALVAGING, "fail"), (Link.REFUSED, "fail")],
)  # fmt: skip
def test_a_store_without_a_hub_is_not_ill_but_a_fenced_one_is(state: str, expected: str) -> None:
    found = health.link(a_status(state))

    assert found.result == expected
    assert bool(found.remedy) == (expected != "ok")


@pytest.mark.parametrize(("free", "expected"), [(50, "ok"), (15, "warn"), (5, "warn"), (1, "fail")])
def test_the_disk_is_ill_when_only_the_reserve_is_left(tmp_path: Path, free: int, expected: str) -> None:
    disk = Disk(tmp_path, tmp_path / "b", 0, measure=lambda _: Space(free, 100))
    disk.look()

    assert health.disk(disk).result == expected


def test_a_backlog_warns_and_never_fails() -> None:
    assert health.backlog(5, 10).result == "ok"
    assert health.backlog(1_000_000, 30 * 24 * 3_600).result == "warn"


@pytest.mark.parametrize(
    ("offset", "clock_ms", "expected"),
    [(None, NOW_MS, "ok"), (200, NOW_MS, "ok"), (10 * 60_000, NOW_MS, "warn"), (None, 3_600_000, "warn")],
)
def test_a_clock_far_from_the_hubs_warns(offset: int | None, clock_ms: int, expected: str) -> None:
    assert health.clock(offset, clock_ms).result == expected


def test_keys_that_others_may_read_warn_and_missing_ones_fail(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert health.files(folder).result == "fail"
    for path in (folder.record_key, folder.device_key, folder.api_key, folder.enrolment, folder.database):
        write_private(path, b"x")
    assert health.files(folder).result == "ok"

    folder.api_key.chmod(0o644)

    assert health.files(folder).result == "warn"


def test_a_restored_or_damaged_database_is_told() -> None:
    assert health.database([], is_rolled_back=False).result == "ok"
    assert health.database([], is_rolled_back=True).result == "warn"
    assert health.database(["broken"], is_rolled_back=False).result == "fail"


def test_the_worst_check_is_the_result_of_the_box() -> None:
    assert health.worst([]) == "ok"
    assert health.worst([Check("a", "ok", ""), Check("b", "fail", ""), Check("c", "warn", "")]) == "fail"


def test_a_scanner_that_sends_rubbish_warns_with_what_to_do() -> None:
    scanner = ScannerHealth("till-1", state="up")
    assert [check.result for check in health.scanners([scanner], 0)] == ["ok"]
    scanner.received(b"\xff" * 300)
    (check,) = health.scanners([scanner], 0)
    assert (check.result, check.detail) == ("warn", "line_settings_suspect")
    assert "baud rate" in check.remedy
