"""From a reading of a code to a number of base units of a product.

The code says which pack it is on; a weighed article brings its weight or its price in the
code; a person may say how many. What cannot be worked out is a warning and counts as one
pack: the goods are in somebody's hand, so the scan itself is never lost for it.
"""

from typing import NamedTuple

PIECE = 1000
_SCALE = {("kg", "g"): (1_000, 1), ("g", "kg"): (1, 1_000), ("l", "ml"): (1_000, 1), ("ml", "l"): (1, 1_000)}


class Reading(NamedTuple):
    """What a scan says besides which product it is."""

    lot: str | None = None
    expiry: str | None = None
    measure: int | None = None
    """Thousandths of `measure_unit`, of pieces when that is None."""
    measure_unit: str | None = None
    price_minor: int | None = None


class Amount(NamedTuple):
    """Base units in thousandths, and what was odd about working them out."""

    quantity: int
    warnings: tuple[str, ...] = ()


def amount_of(
    reading: Reading, *, pack_quantity: int, unit: str, price: int | None, packs: int | None = None
) -> Amount:
    """How many base units were scanned; `packs` is what a person said, in thousandths."""
    if packs is not None:
        return Amount(packs * pack_quantity // PIECE)
    if reading.measure is not None:
        return _measured(reading.measure, reading.measure_unit, unit, pack_quantity)
    if reading.price_minor is not None:
        if price:
            # Rounded to the nearest thousandth: the label's price was rounded before us.
            return Amount(max(1, (reading.price_minor * PIECE + price // 2) // price))
        return Amount(pack_quantity, ("price_without_unit_price",))
    return Amount(pack_quantity)


def _measured(measure: int, measured_in: str | None, unit: str, pack_quantity: int) -> Amount:
    if measured_in is None:
        return Amount(measure * pack_quantity // PIECE)
    if measured_in == unit:
        return Amount(measure)
    scale = _SCALE.get((measured_in, unit))
    if scale is None:
        return Amount(pack_quantity, ("unit_mismatch",))
    return Amount(max(1, measure * scale[0] // scale[1]))
