"""Which lots a quantity comes from and goes to: first expired, first out, where nobody said.

What a place holds of a product is told apart by lot and last good day as far as anybody knows;
the rest is UNKNOWN. The parts always sum up to the level. Only UNKNOWN may be below zero, and
only where nothing else is left: so the level is believed, and the lots are its best explanation.
They are a fold of the ledger like the levels, so a store and head office know the same lots.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sync_protocol.vocabulary import OWN_LOCATIONS


class Lot(NamedTuple):
    """The maker's batch and its last good day (YYYY-MM-DD); empty where it is not known."""

    lot: str
    expiry: str


UNKNOWN = Lot("", "")
Parts = dict[Lot, int]
Places = dict[str, Parts]
"""Of one product, by its site's own locations."""
_OWN = frozenset(OWN_LOCATIONS)
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


def take(held: Parts, asked: Lot, quantity: int) -> Parts:
    """Take it from what a place holds; which lots it was of."""
    parts = taken(held, asked, quantity)
    for lot, part in parts.items():
        _change(held, lot, -part)
    return parts


def put(held: Parts, asked: Lot, quantity: int) -> None:
    """Add it to what a place holds."""
    for lot, part in added(held, asked, quantity).items():
        _change(held, lot, part)


def move(places: Places, quantity: int, source: str, target: str, asked: Lot) -> None:
    """Follow one movement: goods of no lot that is named stay what they were when they go from place to place."""
    parts: Parts = {asked: quantity}
    if source in _OWN:
        parts = take(places.setdefault(source, {}), asked, quantity)
    if target in _OWN:
        for lot, part in parts.items():
            put(places.setdefault(target, {}), lot if asked == UNKNOWN else asked, part)


def _change(held: Parts, lot: Lot, by: int) -> None:
    held[lot] = held.get(lot, 0) + by
    if held[lot] == 0:
        del held[lot]


def _last_good_day(lot: Lot) -> tuple[bool, str, str]:
    """First what expires first, then what never does, last what nobody knows."""
    return lot == UNKNOWN, lot.expiry or _NEVER, lot.lot
