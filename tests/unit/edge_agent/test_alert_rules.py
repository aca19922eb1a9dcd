"""Opening, worsening, resolving, damping."""

import pytest

from sync_protocol.low_stock import FLAPS, Severity, Step, alert_id, decide, is_clearly_above


@pytest.mark.parametrize(
    ("now", "opened_as", "expected"),
    [(Severity.OK, None, Step.NOTHING), (Severity.LOW, None, Step.OPEN), (Severity.LOW, Severity.LOW, Step.NOTHING),
     (Severity.CRITICAL, Severity.LOW, Step.WORSEN), (Severity.LOW, Severity.OUT, Step.NOTHING),
     (Severity.OK, Severity.LOW, Step.RESOLVE)],
)  # fmt: skip
def test_the_step_follows_from_severity_and_open_alert(
    now: Severity, opened_as: Severity | None, expected: Step
) -> None:
    assert decide(now, opened_as, openings=1, is_clearly_above=False) is expected


def test_a_flapping_alert_stays_open_until_the_stock_is_clearly_above() -> None:
    assert decide(Severity.OK, Severity.LOW, openings=FLAPS, is_clearly_above=False) is Step.NOTHING
    assert decide(Severity.OK, Severity.LOW, openings=FLAPS, is_clearly_above=True) is Step.RESOLVE


def test_clearly_above_is_a_tenth_or_two_pieces() -> None:
    assert [is_clearly_above(available, 5000) for available in (6999, 7000)] == [False, True]
    assert [is_clearly_above(available, 100_000) for available in (109_999, 110_000)] == [False, True]


def test_the_same_opening_has_the_same_id_and_another_one_another() -> None:
    assert alert_id("low_stock", "s", "p", 5) == alert_id("low_stock", "s", "p", 5)
    assert len({alert_id("low_stock", "s", "p", 5), alert_id("low_stock", "s", "p", 6),
                alert_id("low_stock", "t", "p", 5), alert_id("low_stock", "s", "q", 5)}) == 4  # fmt: skip
