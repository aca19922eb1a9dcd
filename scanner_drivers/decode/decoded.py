"""What a decoder finds in the data of one frame, before it is tied to device and time."""

from typing import NamedTuple

NO_FLAGS: frozenset[str] = frozenset()


class Decoded(NamedTuple):
    symbology: str
    gtin: str | None = None
    sku: str | None = None
    lot: str | None = None
    expiry: str | None = None
    serial: str | None = None
    quantity: int | None = None
    weight_unit: str | None = None
    price_minor: int | None = None
    flags: frozenset[str] = NO_FLAGS


def refused(symbology: str, *flags: str) -> Decoded:
    """Read, but not to be trusted with an identity."""
    return Decoded(symbology, flags=frozenset(flags))


def rescale(value: int, shift: int) -> tuple[int, bool]:
    """value × 10^shift, rounded half up, and whether that was exact."""
    if shift >= 0:
        return value * 10**shift, True
    divisor = 10**-shift
    return (value + divisor // 2) // divisor, value % divisor == 0
