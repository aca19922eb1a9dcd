"""The types of alerts: what a person filters and is told by.

A low product has one alert, of the rule `low_stock`, which gets worse with the stock: its
type is `low_stock`, then `critical`, then `out_of_stock`. Every other rule is its own type.
The hub's own rules are about boxes, transfers and lots; all others are judged by whoever
writes the site's ledger.
"""

from enum import StrEnum

from sync_protocol.low_stock import LOW_STOCK, SEVERITIES, Severity


class AlertType(StrEnum):
    """What an alert is about."""

    LOW_STOCK = LOW_STOCK
    CRITICAL = "critical"
    OUT_OF_STOCK = "out_of_stock"
    NEGATIVE_STOCK = "negative_stock"
    CLOCK_SKEW = "clock_skew"
    SYNC_LAG = "sync_lag"
    DEVICE_OFFLINE = "device_offline"
    TRANSFER_OVERDUE = "transfer_overdue"
    EXPIRY = "expiry"
    PREDICTED_DEPLETION = "predicted_depletion"
    """Reserved: nothing raises it until the hub predicts."""


CLOCK = "clock"
"""How a store's box calls its own rule about its clock."""
_OF_SEVERITY = {
    Severity.LOW: AlertType.LOW_STOCK, Severity.CRITICAL: AlertType.CRITICAL, Severity.OUT: AlertType.OUT_OF_STOCK,
}  # fmt: skip
RANK = {"info": 0, "warning": 1, "critical": 2}
"""Severities, from worth knowing to act now."""


def type_of(rule: str, severity: str) -> str:
    """The type of an alert of this rule and severity; a rule of a later version is its own type."""
    if rule == LOW_STOCK:
        return _OF_SEVERITY.get(SEVERITIES.get(severity, Severity.LOW), AlertType.LOW_STOCK)
    return AlertType.CLOCK_SKEW if rule == CLOCK else rule


def rules_of(kind: str) -> tuple[list[str], str | None]:
    """The rules of a type, and the severity that it is (None: any). All of `low_stock` is low."""
    for level, found in _OF_SEVERITY.items():
        if kind == found and kind != AlertType.LOW_STOCK:
            return [LOW_STOCK], next(word for word, each in SEVERITIES.items() if each is level)
    return ([CLOCK, kind] if kind == AlertType.CLOCK_SKEW else [kind]), None
