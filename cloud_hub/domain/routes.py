"""Between which places a reason may move stock; each reason has one accounting meaning."""

from sync_protocol.vocabulary import OWN_LOCATIONS, Location, Reason

OWN = frozenset(map(str, OWN_LOCATIONS))
_OUTSIDE: dict[str, tuple[str | None, str | None]] = {
    Reason.SALE: (None, Location.CUSTOMER),
    Reason.RETURN: (Location.CUSTOMER, None),
    Reason.RECEIPT: (Location.SUPPLIER, None),
    Reason.SUPPLIER_RETURN: (None, Location.SUPPLIER),
    Reason.DAMAGE: (None, Location.SHRINKAGE),
    Reason.EXPIRY: (None, Location.SHRINKAGE),
    Reason.THEFT: (None, Location.SHRINKAGE),
    Reason.CORRECTION: (Location.ADJUSTMENT, Location.ADJUSTMENT),
    Reason.COUNT: (Location.ADJUSTMENT, Location.ADJUSTMENT),
    Reason.OPENING: (Location.ADJUSTMENT, Location.ADJUSTMENT),
}
"""Reason -> where an increase comes from and where a decrease goes; None: the reason has no such side."""


def is_allowed(source: str, target: str, reason: str) -> bool:
    """Whether a movement for this reason may go from one place to the other."""
    if source == target:
        return False
    if reason == Reason.RELOCATION:
        return source in OWN and target in OWN
    increase, decrease = _OUTSIDE.get(reason, (None, None))
    return (source == increase and target in OWN) or (source in OWN and target == decrease)


def other_side(reason: str, *, is_increase: bool) -> str | None:
    """Where a signed change of an own place comes from or goes to; None when the reason forbids it."""
    increase, decrease = _OUTSIDE.get(reason, (None, None))
    place = increase if is_increase else decrease
    return None if place is None else str(place)
