"""On-hand, available, low."""

import pytest

from edge_agent.domain.stock import fold, position_of
from sync_protocol.low_stock import Severity, is_worse, severity


def test_on_hand_is_what_the_own_locations_hold() -> None:
    levels = {"shelf": 5000, "backroom": 3000, "hold": 2000, "customer": -9000, "supplier": -1000}

    position = position_of(levels, reserved=1500)

    assert (position.on_hand, position.hold, position.available) == (10_000, 2000, 6500)


@pytest.mark.parametrize(
    ("available", "expected"),
    [(5001, Severity.OK), (5000, Severity.LOW), (2001, Severity.LOW), (2000, Severity.CRITICAL),
     (1, Severity.CRITICAL), (0, Severity.OUT), (-1, Severity.OUT)],
)  # fmt: skip
def test_each_threshold_includes_its_own_value(available: int, expected: Severity) -> None:
    assert severity(available, 5000, 2000) is expected


def test_out_is_worse_than_critical_is_worse_than_low() -> None:
    order = [Severity.OK, Severity.LOW, Severity.CRITICAL, Severity.OUT]
    assert all(is_worse(order[j], order[i]) == (j > i) for i in range(4) for j in range(4))


def test_a_fold_sums_to_zero_over_all_locations() -> None:
    change = fold([("p", 5, "supplier", "shelf"), ("p", 2, "shelf", "customer"), ("q", 1, "shelf", "hold")])

    assert change["p", "shelf"] == 3
    assert sum(change.values()) == 0
