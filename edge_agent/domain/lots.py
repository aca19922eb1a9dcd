"""Which lots a quantity comes from and goes to: first expired, first out, where nobody said.

What a place holds of a product is told apart by lot and last good day as far as anybody knows;
the rest is UNKNOWN. The parts always sum up to the level. Only UNKNOWN may be below zero, and
only where nothing else is left: so the level is believed, and the lots are its best explanation.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Lot(NamedTuple):
    """The maker's batch and its last good day (YYYY-MM-DD); empty where it is not known."""

    lot: str
    expiry: str


class Holding(NamedTuple):
    """So many units of a lot lie somewhere."""

    location: str
    lot: Lot
    quantity: int


UNKNOWN = Lot("", "")
Parts = dict[Lot, int]
_NEVER = "9999-99-99"


def named(lot: str | None, expiry: str | None) -> Lot:
    """What a movement or a scan says of its lot."""
    return Lot(lot or "", expiry or "")


def completed(asked: Lot, held: Iterable[Lot]) -> Lot:
    """A lot without its day is the one of that name that is there, if there is only one."""
    if not asked.lot or asked.expiry:
        return asked
    known = [each for each in held if each.lot == asked.lot]
    return known[0] if len(known) == 1 else asked


def taken(held: Mapping[Lot, int], asked: Lot, quantity: int) -> Parts:
    """What is taken of each lot: the one that is asked for, what nobody can name, then the first to expire.

    Whoever asks for none gets the first to expire. What is not there at all is taken from UNKNOWN.
    """
    asked = completed(asked, held)
    order = sorted(held, key=_last_good_day)
    if asked != UNKNOWN:
        order = [asked, UNKNOWN, *(each for each in order if each not in (asked, UNKNOWN))]
    parts: Parts = {}
    for each in order:
        part = min(quantity, max(0, held.get(each, 0)))
        if part:
            parts[each] = part
            quantity -= part
    if quantity:
        parts[UNKNOWN] = parts.get(UNKNOWN, 0) + quantity
    return parts


def added(held: Mapping[Lot, int], asked: Lot, quantity: int) -> Parts:
    """What is added to each lot: first what UNKNOWN is short of, for those units had left before they were booked."""
    asked = completed(asked, held)
    owed = min(quantity, max(0, -held.get(UNKNOWN, 0)))
    parts = {UNKNOWN: owed, asked: quantity - owed} if asked != UNKNOWN else {UNKNOWN: quantity}
    return {each: part for each, part in parts.items() if part}


def use_first(holdings: Iterable[Holding], asked: Lot, places: Iterable[str], today: str) -> Holding | None:
    """The holding in these places that should go before the one in somebody's hand: it is good, and for less long."""
    wanted, before = set(places), asked.expiry or _NEVER
    earlier = [each for each in holdings if each.location in wanted and today <= each.lot.expiry < before]
    return next(iter(_dated(earlier)), None)


def ending(holdings: Iterable[Holding], until: str) -> list[Holding]:
    """What is here and good no longer than that day, the first to expire first."""
    return [each for each in _dated(holdings) if each.lot.expiry <= until]


def is_expired(expiry: str | None, today: str) -> bool:
    """Whether the last good day has passed; both are YYYY-MM-DD."""
    return bool(expiry) and (expiry or "") < today


def _dated(holdings: Iterable[Holding]) -> list[Holding]:
    """What is there and has a last day, the first to expire first."""
    found = [each for each in holdings if each.quantity > 0 and each.lot.expiry]
    return sorted(found, key=lambda each: (each.lot.expiry, each.lot.lot, each.location))


def _last_good_day(lot: Lot) -> tuple[bool, str, str]:
    """First what expires first, then what never does, last what nobody knows."""
    return lot == UNKNOWN, lot.expiry or _NEVER, lot.lot
