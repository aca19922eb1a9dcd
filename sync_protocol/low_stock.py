"""What low means, and when a low-stock alert opens, gets worse and resolves itself: one rule for both writers.

A store's box and the hub (for the sites that it runs) decide alike. Exactly at the reorder
point an alert opens, one unit above it resolves. A product that flaps around the point is
damped: after FLAPS openings within FLAP_WINDOW_MS the open alert stays until the stock is
clearly above or the window has passed, so that nobody is told again and again. An alert's
id follows from its opening, so no retry and no second writer makes another.

Stock that is below zero on record somewhere is a rule of its own with the same steps: a
place may lack what another has, and what is sold was not booked.
"""

from enum import StrEnum
from uuid import UUID, uuid5

from sync_protocol.quantity import format_quantity

LOW_STOCK = "low_stock"
NEGATIVE_STOCK = "negative_stock"
FLAPS = 3
FLAP_WINDOW_MS = 3_600_000
_NAMESPACE = UUID("6f2a6d1c-52a7-5c0f-9f3b-0c1de7a1a11e")


class Severity(StrEnum):
    """How low the stock of a product is, from fine to out."""

    OK = "ok"
    LOW = "low"
    CRITICAL = "critical"
    OUT = "out"


_RANK = {Severity.OK: 0, Severity.LOW: 1, Severity.CRITICAL: 2, Severity.OUT: 3}

LEVELS = {Severity.LOW: "info", Severity.CRITICAL: "warning", Severity.OUT: "critical"}
"""How an alert of each severity is called on the wire."""
SEVERITIES = {word: level for level, word in LEVELS.items()}
"""The way back."""


class Step(StrEnum):
    """What to do about a product's alert."""

    NOTHING = "nothing"
    OPEN = "open"
    WORSEN = "worsen"
    RESOLVE = "resolve"


def severity(available: int, reorder_point: int, critical_level: int) -> Severity:
    """`<=` at each step: exactly at the threshold is already low."""
    if available <= 0:
        return Severity.OUT
    if available <= critical_level:
        return Severity.CRITICAL
    return Severity.LOW if available <= reorder_point else Severity.OK


def below_zero(lowest: int) -> Severity:
    """By what the emptiest of a site's own places holds on record."""
    return Severity.OUT if lowest < 0 else Severity.OK


def cause(lowest: int) -> str:
    """What a person is told of stock below zero: how far, and what to look for."""
    return f"{format_quantity(lowest)} on record; count it, or look for a missing receipt"


def is_worse(one: Severity, other: Severity) -> bool:
    """Whether `one` is further down than `other`."""
    return _RANK[one] > _RANK[other]


def alert_id(rule: str, site_id: str, product_id: str, position: int) -> str:
    """The alert that this rule opens for this product (empty: for none) at this position."""
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
