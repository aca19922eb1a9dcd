"""Which vendor to buy a product from: what a quantity costs there all in, and how the offers rank.

A vendor delivers whole multiples and not less than a minimum, so each offer is judged by
the quantity that would really be ordered. Lead times are measured where goods have come,
else as stated. Amounts in another currency are shown but not ranked: no exchange rate is
kept. Pure; quantities are thousandths.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from sync_protocol.quantity import format_quantity, minor_digits

_UNIT_COST = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How a vendor delivered a product: days from sending an order to the first goods, and how much came."""

    deliveries: int
    median_days: float | None
    p90_days: float | None
    ordered: int
    """Of orders that are settled."""
    came: int

    @property
    def fill_percent(self) -> int | None:
        return None if self.ordered == 0 else self.came * 100 // self.ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A vendor's price for a product, as it holds today."""

    vendor_id: str
    vendor_name: str
    unit_price: Decimal
    currency: str
    lead_time_days: int
    minimum_order_quantity: int
    order_multiple: int | None
    freight_per_order: Decimal
    freight_per_unit: Decimal
    record: Record | None = None

    @property
    def expected_days(self) -> float:
        """Measured where there is a measurement."""
        measured = None if self.record is None else self.record.median_days
        return self.lead_time_days if measured is None else measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An offer for one quantity. `rank` None: its currency cannot be compared."""

    offer: Offer
    ordered: int
    total: Decimal
    landed_unit_cost: Decimal
    rank: int | None = None
    reason: str = ""


def order_quantity(wanted: int, minimum: int, multiple: int | None) -> int:
    """What has to be ordered to get at least `wanted`."""
    least = max(wanted, minimum)
    return least if multiple is None else -(-least // multiple) * multiple


def suggestion(available: int, on_order: int, reorder_point: int, maximum: int | None) -> int:
    """How much to order: up to the maximum, else to twice the reorder point, and always above that point."""
    target = 2 * reorder_point if maximum is None else maximum
    return max(0, max(target, reorder_point + 1000) - available - on_order)


def compare(offers: Sequence[Offer], wanted: int, currency: str) -> list[Quote]:
    """The offers, best first: by landed cost of a unit, then lead time, then name."""
    quotes = [_quote(offer, wanted) for offer in offers]
    ranked = sorted((quote for quote in quotes if quote.offer.currency == currency), key=_order)
    others = sorted((quote for quote in quotes if quote.offer.currency != currency), key=_order)
    return [
        *(_said(quote, place, ranked, wanted) for place, quote in enumerate(ranked, 1)),
        *(_said(quote, None, ranked, wanted) for quote in others),
    ]


def _quote(offer: Offer, wanted: int) -> Quote:
    ordered = order_quantity(wanted, offer.minimum_order_quantity, offer.order_multiple)
    units = Decimal(ordered) / 1000
    total = (offer.unit_price + offer.freight_per_unit) * units + offer.freight_per_order
    return Quote(
        offer=offer,
        ordered=ordered,
        total=total.quantize(Decimal(1).scaleb(-minor_digits(offer.currency)), ROUND_HALF_UP),
        landed_unit_cost=(total / units).quantize(_UNIT_COST, ROUND_HALF_UP),
    )


def _order(quote: Quote) -> tuple[Decimal, float, str, str]:
    offer = quote.offer
    return (quote.landed_unit_cost, offer.expected_days, offer.vendor_name, offer.vendor_id)


def _said(quote: Quote, rank: int | None, ranked: Sequence[Quote], wanted: int) -> Quote:
    """The quote with its place and the reason for it in words."""
    offer = quote.offer
    said = [f"{quote.landed_unit_cost} {offer.currency} a unit with freight"]
    if rank is None:
        said.append("not ranked: another currency than the product's")
    elif len(ranked) > 1:
        said.append(_distance(quote, ranked[1] if rank == 1 else ranked[0]))
    if quote.ordered > wanted:
        said.append(f"{format_quantity(quote.ordered - wanted)} more than asked, for its minimum or multiple")
    return replace(quote, rank=rank, reason="; ".join([*said, *_delivery(offer)]))


def _distance(quote: Quote, other: Quote) -> str:
    difference = quote.landed_unit_cost - other.landed_unit_cost
    if difference == 0:
        return f"the same as {other.offer.vendor_name}"
    return f"{abs(difference)} {'less' if difference < 0 else 'more'} than {other.offer.vendor_name}"


def _delivery(offer: Offer) -> list[str]:
    """How long it takes, and how much of what was ordered came."""
    record, said = offer.record, [f"{offer.lead_time_days} days as stated"]
    if record is not None and record.median_days is not None:
        within = (
            f"half of {record.deliveries} within {record.median_days:.1f} days, 9 of 10 within {record.p90_days:.1f}"
        )
        said = [f"{within} ({offer.lead_time_days} stated)"]
    if record is not None and record.fill_percent is not None:
        said.append(f"{record.fill_percent} % of what was ordered came")
    return said
