"""When a low-stock alert opens, gets worse and resolves itself.

Exactly at the reorder point it opens, one unit above it resolves. A product that flaps
around the point is damped: after FLAPS openings within FLAP_WINDOW_MS the open alert stays
until the stock is clearly above or the window has passed, so that nobody is told again and
again. An alert's id follows from its opening, so no retry and no second box makes another.
"""

from enum import StrEnum
from uuid import UUID, uuid5

from edge_agent.domain.stock import Severity, is_worse

LOW_STOCK = "low_stock"
CLOCK = "clock"
FLAPS = 3
FLAP_WINDOW_MS = 3_600_000
_NAMESPACE = UUID("6f2a6d1c-52a7-5c0f-9f3b-0c1de7a1a11e")

LEVELS = {Severity.LOW: "info", Severity.CRITICAL: "warning", Severity.OUT: "critical"}
"""How an alert of each severity is called on the wire."""


class Step(StrEnum):
    """What to do about a product's alert."""

    NOTHING = "nothing"
    OPEN = "open"
    WORSEN = "worsen"
    RESOLVE = "resolve"


def alert_id(rule: str, site_id: str, product_id: str, position: int) -> str:
    """The alert that this rule opens for this product at this position."""
    return str(uuid5(_NAMESPACE, f"{rule}/{site_id}/{product_id}/{position}"))


def decide(now: Severity, opened_as: Severity | None, *, openings: int, is_clearly_above: bool) -> Step:
    """The step from the severity now, that of the open alert, and how often it opened lately."""
    if opened_as is None:
        return Step.NOTHING if now is Severity.OK else Step.OPEN
    if now is Severity.OK:
        is_flapping = openings >= FLAPS and not is_clearly_above
        return Step.NOTHING if is_flapping else Step.RESOLVE
    return Step.WORSEN if is_worse(now, opened_as) else Step.NOTHING


def is_clearly_above(available: int, reorder_point: int) -> bool:
    """Above by a tenth, at least by two pieces: no flapping any more."""
    return available >= reorder_point + max(reorder_point // 10, 2_000)
