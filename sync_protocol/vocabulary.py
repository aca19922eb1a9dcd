"""Locations, reasons and states: the words that both sides store and show.

A location is a place inside a site or one of the virtual places where units come from or
go to; the sum over all locations is always zero. Words, not numbers, are stored, so a
later version can add one without breaking an older reader.
"""

from enum import StrEnum


class Location(StrEnum):
    SHELF = "shelf"
    BACKROOM = "backroom"
    HOLD = "hold"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    SHRINKAGE = "shrinkage"
    ADJUSTMENT = "adjustment"


OWN_LOCATIONS = (Location.SHELF, Location.BACKROOM, Location.HOLD)
"""On-hand is what these hold."""


def transit(transfer_id: str) -> str:
    """The location of one transfer's goods on their way."""
    return f"transit:{transfer_id}"


class Reason(StrEnum):
    """Why stock moved; each has one accounting meaning (domain tables say which locations)."""

    SALE = "sale"
    RETURN = "return"
    RECEIPT = "receipt"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    COUNT = "count"
    DAMAGE = "damage"
    EXPIRY = "expiry"
    THEFT = "theft"
    CORRECTION = "correction"
    OPENING = "opening"
    RELOCATION = "relocation"
    SUPPLIER_RETURN = "supplier_return"


class CommandStatus(StrEnum):
    """The outcome of a command, decided by the site's writer only."""

    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"
    UNSUPPORTED = "unsupported"


class AlertState(StrEnum):
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
