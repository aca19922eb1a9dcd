"""Why stock may be below zero on record: the likeliest cause that the store's own papers point at.

What is sold was there, so something is not booked, or is booked elsewhere or under another
code. The causes are tried in the order in which a person would: what can be mended on the spot
first, a count last.
"""

from enum import StrEnum
from typing import NamedTuple

from sync_protocol.quantity import format_quantity


class Cause(StrEnum):
    """What a screen shows in its own words."""

    LIES_ELSEWHERE = "lies_elsewhere"
    TRANSFER_NOT_BOOKED = "transfer_not_booked"
    DELIVERY_NOT_BOOKED = "delivery_not_booked"
    WRONG_BARCODE = "wrong_barcode"
    WRONG_PACK = "wrong_pack"
    COUNT_IT = "count_it"


class Evidence(NamedTuple):
    """What the store knows of a product that is short at a place."""

    place: str
    left: int
    """Below zero."""
    elsewhere: tuple[str, int] | None = None
    """Another place of the store that has some."""
    transfer: tuple[str, int] | None = None
    """A transfer that is on its way here, and what of it is not received."""
    order: tuple[str, int] | None = None
    """An order that is open, and what of it has not come."""
    linked_code: str | None = None
    """The code was linked to the product in this store, and head office has not confirmed it."""
    pack_quantity: int = 1000
    """Of the code that was scanned."""


class Suspicion(NamedTuple):
    """The likeliest cause, and what to do, for a person."""

    cause: Cause
    words: str


def suspect(evidence: Evidence) -> Suspicion:
    """What a person should look at first."""
    cause, what = _cause(evidence)
    return Suspicion(cause, f"{format_quantity(evidence.left)} on record at {evidence.place}; {what}")


def _cause(found: Evidence) -> tuple[Cause, str]:
    if found.elsewhere is not None:
        place, there = found.elsewhere
        return Cause.LIES_ELSEWHERE, f"{format_quantity(there)} are booked in {place}: move what is here, or count both"
    if found.transfer is not None:
        transfer_id, coming = found.transfer
        return Cause.TRANSFER_NOT_BOOKED, f"{format_quantity(coming)} of transfer {transfer_id} are not received yet"
    if found.order is not None:
        number, coming = found.order
        return Cause.DELIVERY_NOT_BOOKED, f"{format_quantity(coming)} of {number} are not received yet"
    if found.linked_code is not None:
        return Cause.WRONG_BARCODE, f"the code {found.linked_code} was linked to it in this store: is it the right one?"
    if found.pack_quantity > 1000:
        pack = format_quantity(found.pack_quantity)
        return Cause.WRONG_PACK, f"the code that was scanned is of a pack of {pack}: was a single one sold?"
    return Cause.COUNT_IT, "count it, or look for a missing receipt"
