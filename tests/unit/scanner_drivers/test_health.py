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


def test_scans_without_terminator_point_to_the_suffix() -> None:
    health = ScannerHealth("till-1", frames=20, unterminated=5)
    assert "suffix=none" in health.alerts(0)["suffix_not_set"]
