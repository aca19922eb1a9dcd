"""What is said of the lots that are here: which one to use first, which ones end, what has expired."""

from collections.abc import Iterable
from typing import NamedTuple

from sync_protocol.lots import Lot

_NEVER = "9999-99-99"


class Holding(NamedTuple):
    """So many units of a lot lie somewhere."""

    location: str
    lot: Lot
    quantity: int


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
