"""Health: alerts come from counters and name their remedy."""

from scanner_drivers.health import ScannerHealth

MINUTE = 60 * 1_000_000_000


def test_six_losses_in_ten_minutes_are_flapping_and_old_ones_are_forgotten() -> None:
    health = ScannerHealth("till-1")
    for minute in range(6):
        health.lost(minute * MINUTE)
    assert "flapping" in health.alerts(6 * MINUTE)
    assert health.alerts(16 * MINUTE) == {}


def test_unreadable_bytes_point_to_the_line_settings() -> None:
    health = ScannerHealth("till-1", frames=1)
    health.received(b"4006381333931\r\x1d" * 20)
    assert health.alerts(0) == {}
    health.received(bytes(range(0x80, 0xA0)))
    assert "parity" in health.alerts(0)["line_settings_suspect"]


def test_bytes_without_a_scan_point_to_the_protocol_but_heartbeats_do_not() -> None:
    health = ScannerHealth("till-1")
    health.received(b"x" * 300)
    assert "protocol" in health.alerts(0)["nothing_understood"]
    health.ignored = 1
    assert health.alerts(0) == {}


def test_one_damaged_scan_of_many_is_no_alarm_and_one_of_ten_is() -> None:
    assert ScannerHealth("till-1", frames=100, damaged=1).alerts(0) == {}
    assert "scan those goods again" in ScannerHealth("till-1", frames=10, damaged=1).alerts(0)["damaged"]


def test_many_wrong_check_digits_point_to_another_reader() -> None:
    assert "scanners list" in ScannerHealth("till-1", frames=20, misreads=5).alerts(0)["misread"]


def test_a_scanner_that_sleeps_does_not_flap() -> None:
    health = ScannerHealth("till-1", sleeps=True)
    for minute in range(6):
        health.lost(minute * MINUTE)
    assert health.alerts(6 * MINUTE) == {}


def test_scans_without_terminator_point_to_the_suffix() -> None:
    health = ScannerHealth("till-1", frames=20, unterminated=5)
    assert "suffix=none" in health.alerts(0)["suffix_not_set"]
