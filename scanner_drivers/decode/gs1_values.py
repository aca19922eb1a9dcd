"""What GS1 elements mean: article, lot, dates, measures, prices. Shared by messages and links.

Two-digit years lie within the 50 years around the store's year (GenSpecs 7.12); day 00 is
the last of the month. Amounts are integers: thousandths, minor units.
"""

from calendar import monthrange

from scanner_drivers.decode.decoded import Decoded, refused, rescale
from scanner_drivers.decode.instore import decode_instore
from scanner_drivers.decode.profile import StoreProfile
from sync_protocol.gtin import check_digit, is_valid_gtin

Elements = dict[str, str]

_UNITS = {"310": "kg", "311": "m", "314": "m2", "315": "l", "316": "m3", "320": "lb"}
_EXPIRY = ("17", "15", "16")  # use by, best before, sell by: the strictest that is there


def article_of(elements: Elements, symbology: str, profile: StoreProfile) -> Decoded:
    """The article that the elements name, with all that they say about it."""
    identity = _identity(elements, symbology, profile)
    if "invalid_check" in identity.flags:
        return identity
    quantity, unit, flags = _quantity(elements)
    price, price_flags = _price(elements, profile)
    return identity._replace(
        lot=elements.get("10"),
        serial=elements.get("21"),
        expiry=_expiry(elements, profile.year),
        quantity=identity.quantity if quantity is None else quantity,
        weight_unit=identity.weight_unit if quantity is None else unit,
        price_minor=identity.price_minor if price is None else price,
        flags=identity.flags | flags | price_flags,
    )


def is_date(yymmdd: str) -> bool:
    """A date that exists in some century; day 00 stands for the last of the month."""
    if len(yymmdd) != 6 or not (yymmdd.isascii() and yymmdd.isdigit()):
        return False
    year, month, day = 2000 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    return 1 <= month <= 12 and day <= monthrange(year, month)[1]


def iso_date(yymmdd: str, year: int) -> str | None:
    """YYYY-MM-DD, seen from the given year; None when there is no such day."""
    if not is_date(yymmdd):
        return None
    full = year - year % 100 + int(yymmdd[:2])
    if full - year >= 51:
        full -= 100
    elif full - year <= -50:
        full += 100
    month, day = int(yymmdd[2:4]), int(yymmdd[4:])
    last = monthrange(full, month)[1]
    return f"{full:04d}-{month:02d}-{min(day, last) or last:02d}"


def _identity(elements: Elements, symbology: str, profile: StoreProfile) -> Decoded:
    gtin = elements.get("01") or elements.get("02")
    if gtin is not None:
        if not is_valid_gtin(gtin):
            return refused(symbology, "invalid_check")
        if gtin[0] == "0":
            instore = decode_instore(gtin[1:], symbology, profile.rules, profile.minor_digits)
            if instore:
                return instore
        return Decoded(symbology, gtin=gtin, flags=frozenset(() if "01" in elements else ("contained",)))
    sscc = elements.get("00")
    if sscc is not None:
        if sscc[-1] != check_digit(sscc[:-1]):
            return refused(symbology, "invalid_check")
        return Decoded(symbology, sku=sscc, flags=frozenset(("sscc",)))
    internal = elements.get("240") or elements.get("241") or elements.get("90") or elements.get("91")
    return Decoded(symbology, sku=internal, flags=frozenset(() if internal else ("no_article",)))


def _expiry(elements: Elements, year: int) -> str | None:
    for ai in _EXPIRY:
        if ai in elements:
            return iso_date(elements[ai], year)
    return iso_date(elements.get("7003", "")[:6], year)


def _quantity(elements: Elements) -> tuple[int | None, str | None, frozenset[str]]:
    count = elements.get("30") or elements.get("37")
    if count is not None:
        return int(count) * 1000, None, frozenset()
    for ai, value in elements.items():
        unit = _UNITS.get(ai[:3])
        if unit and len(ai) == 4:
            amount, exact = rescale(int(value), 3 - int(ai[3]))
            return amount, unit, frozenset(() if exact else ("rounded",))
    return None, None, frozenset()


def _price(elements: Elements, profile: StoreProfile) -> tuple[int | None, frozenset[str]]:
    for ai, value in elements.items():
        if ai[:3] not in ("392", "393"):
            continue
        if ai[:3] == "393":
            if value[:3] != profile.currency:
                return None, frozenset(("other_currency",))
            value = value[3:]  # noqa: PLW2901
        amount, exact = rescale(int(value), profile.minor_digits - int(ai[3]))
        return amount, frozenset(() if exact else ("rounded",))
    return None, frozenset()
