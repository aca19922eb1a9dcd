"""A stock movement before it has a place in the ledger, and what each reason allows.

A quantity is positive and goes from one location to another, so every unit that leaves one
place arrives in another. Each reason has one accounting meaning: the table ROUTES says
between which kinds of places it may move stock.
"""

from typing import NamedTuple

from edge_agent.errors import Invalid
from sync_protocol.limits import QUANTITY_MAX, TEXT_CHARS_MAX
from sync_protocol.vocabulary import OWN_LOCATIONS, Location, Reason

OWN = frozenset(str(place) for place in OWN_LOCATIONS)
_SUPPLIER = frozenset((str(Location.SUPPLIER),))
_CUSTOMER = frozenset((str(Location.CUSTOMER),))
_SHRINKAGE = frozenset((str(Location.SHRINKAGE),))
_ADJUSTMENT = frozenset((str(Location.ADJUSTMENT),))
_TRANSIT = frozenset(("transit",))

Route = tuple[frozenset[str], frozenset[str]]

ROUTES: dict[str, tuple[Route, ...]] = {
    Reason.SALE: ((OWN, _CUSTOMER),),
    Reason.RETURN: ((_CUSTOMER, OWN),),
    Reason.RECEIPT: ((_SUPPLIER, OWN),),
    Reason.SUPPLIER_RETURN: ((OWN, _SUPPLIER),),
    Reason.TRANSFER_OUT: ((OWN, _TRANSIT),),
    Reason.TRANSFER_IN: ((_TRANSIT, OWN), (_TRANSIT, _SHRINKAGE)),
    Reason.COUNT: ((OWN, _ADJUSTMENT), (_ADJUSTMENT, OWN)),
    Reason.DAMAGE: ((OWN, _SHRINKAGE),),
    Reason.EXPIRY: ((OWN, _SHRINKAGE),),
    Reason.THEFT: ((OWN, _SHRINKAGE),),
    Reason.CORRECTION: ((OWN, _ADJUSTMENT), (_ADJUSTMENT, OWN)),
    Reason.OPENING: ((_ADJUSTMENT, OWN), (OWN, _ADJUSTMENT)),
    Reason.RELOCATION: ((OWN, OWN),),
}
"""Reason -> the routes (from, to) it may take; "transit" stands for any one transfer's goods."""
_LEGAL = frozenset(
    (str(reason), source, target)
    for reason, routes in ROUTES.items() for sources, targets in routes for source in sources for target in targets
    if source != target
)  # fmt: skip


class Goods(NamedTuple):
    """What a movement freezes of its product, so that no later edit rewrites history."""

    product_id: str
    code: str | None = None
    pack_quantity: int = 1000
    unit: str = "each"
    price: int | None = None
    cost: int | None = None
    currency: str | None = None


class Draft(NamedTuple):
    """A movement that the ledger has not numbered yet."""

    goods: Goods
    quantity: int
    from_location: str
    to_location: str
    reason: str
    occurred_at: int
    clock_offset: int | None = None
    actor: str | None = None
    document: str | None = None
    lot: str | None = None
    expiry: str | None = None
    key: str | None = None
    command: str | None = None
    adopted: str | None = None
    note: str | None = None


def check(draft: Draft) -> None:
    """Raises Invalid unless its reason allows its route and its sizes are sane."""
    if not 0 < draft.quantity <= QUANTITY_MAX:
        raise Invalid("quantity", f"expected 1 to {QUANTITY_MAX} thousandths, got {draft.quantity}",
                      pointer="/quantity")  # fmt: skip
    if (draft.reason, _kind_of(draft.from_location), _kind_of(draft.to_location)) not in _LEGAL:
        if draft.reason not in ROUTES:
            raise Invalid("reason", f"expected one of {', '.join(sorted(ROUTES))}, got {draft.reason[:40]!r}",
                          pointer="/reason")  # fmt: skip
        raise Invalid("route", f"{draft.reason} cannot move stock from {draft.from_location[:60]!r} to "
                      f"{draft.to_location[:60]!r}", pointer="/from_location")  # fmt: skip
    for name in ("document", "lot", "note", "actor"):
        text = getattr(draft, name)
        if text is not None and len(text) > TEXT_CHARS_MAX:
            raise Invalid("too_long", f"expected at most {TEXT_CHARS_MAX} characters, got {len(text)}",
                          pointer=f"/{name}")  # fmt: skip


def opposite_of(reason: str) -> tuple[str, str]:
    """Where a signed change of an own location comes from (increase) and goes to (decrease)."""
    increase, decrease = _COUNTERPARTS.get(reason, (None, None))
    return (increase or str(Location.ADJUSTMENT), decrease or str(Location.ADJUSTMENT))


_COUNTERPARTS: dict[str, tuple[str | None, str | None]] = {
    Reason.SALE: (None, Location.CUSTOMER),
    Reason.RETURN: (Location.CUSTOMER, None),
    Reason.RECEIPT: (Location.SUPPLIER, None),
    Reason.SUPPLIER_RETURN: (None, Location.SUPPLIER),
    Reason.DAMAGE: (None, Location.SHRINKAGE),
    Reason.EXPIRY: (None, Location.SHRINKAGE),
    Reason.THEFT: (None, Location.SHRINKAGE),
}


def signed(delta: int, location: str, reason: str) -> tuple[int, str, str]:
    """A signed change at an own location as (quantity, from, to)."""
    source, target = opposite_of(reason)
    return (delta, source, location) if delta > 0 else (-delta, location, target)


def _kind_of(location: str) -> str:
    return "transit" if location.startswith("transit:") else location
