"""What low means: one function, the same words and the same `<=` as in the stores."""

from typing import Literal

Severity = Literal["ok", "low", "critical", "out"]


def severity(available: int, reorder_point: int, critical_level: int) -> Severity:
    """How low the stock of a product is; exactly at a threshold is already low."""
    if available <= 0:
        return "out"
    if available <= critical_level:
        return "critical"
    return "low" if available <= reorder_point else "ok"
