"""EAN-8/13, UPC-A/E, ITF-14 and their in-store forms: digits to a GTIN-14.

Only a right check digit gives an identity, and a frame that may be cut short gives none:
one EAN-13 in ten stays valid when it loses a digit. Where two readings fit, neither wins
unless the store's profile says which.
"""

from scanner_drivers.decode.decoded import Decoded, refused
from scanner_drivers.decode.instore import decode_instore
from scanner_drivers.decode.profile import StoreProfile
from scanner_drivers.decode.text import decode_text
from sync_protocol.gtin import GtinError, is_digits, is_valid_gtin, upce_to_upca

_BY_LENGTH = {8: "ean8", 12: "upca", 13: "ean13", 14: "itf14"}
_ADDON = frozenset((2, 5))


def decode_ean(digits: str, profile: StoreProfile) -> Decoded:
    """`]E0`, `]E3`, `]X0`: 13 digits, 12 of a UPC-A, 8 of a UPC-E, each with or without add-on."""
    size = len(digits)
    if size == 8:
        return _upce(digits)
    if size - 13 in _ADDON:  # 13 + 2 and 13 + 5; a UPC-A with add-on is sent as 13 under ]E3
        found = decode_ean(digits[:13], profile)
        return found._replace(flags=found.flags | {"addon"})
    if size not in (12, 13):
        return refused("ean13", "suspect_concat" if size in (24, 26) else "invalid_length")
    return _checked(digits, profile)


def decode_ean8(digits: str, profile: StoreProfile) -> Decoded:
    """`]E4`."""
    if len(digits) != 8:
        return refused("ean8", "invalid_length")
    return _checked(digits, profile)


def decode_itf(digits: str, symbology: str) -> Decoded:
    """`]I0` and `]I1`: a valid 14-digit number is a case code, other lengths are internal."""
    if len(digits) != 14:
        return decode_text(digits, "itf") if is_digits(digits) else refused("itf", "not_digits")
    if not is_valid_gtin(digits):
        return refused(symbology, "invalid_check")
    return Decoded(symbology, gtin=digits)


def guess_digits(digits: str, profile: StoreProfile) -> Decoded | None:
    """Digits without AIM id: a GTIN before anything else; None when no GTIN length fits."""
    size = len(digits)
    if size == 8:
        return _eight(digits, profile)
    if size in _BY_LENGTH:
        return _checked(digits, profile)
    if size in (16, 24, 26) and is_valid_gtin(digits[: size // 2]) and is_valid_gtin(digits[size // 2 :]):
        return refused("unknown", "suspect_concat")
    return None


def _eight(digits: str, profile: StoreProfile) -> Decoded:
    upce = _upce(digits)
    if upce.gtin is None or profile.eight_digits == "ean8":
        return _checked(digits, profile)
    if not is_valid_gtin(digits) or profile.eight_digits == "upce":
        return upce
    return refused("unknown", "ambiguous")


def _upce(digits: str) -> Decoded:
    try:
        return Decoded("upce", gtin=upce_to_upca(digits).zfill(14))
    except GtinError:
        return refused("upce", "invalid_check")


def _checked(digits: str, profile: StoreProfile) -> Decoded:
    size = len(digits)
    symbology = _BY_LENGTH[size]
    if not is_valid_gtin(digits):
        return refused(symbology, "invalid_check" if is_digits(digits) else "not_digits")
    if size == 8 and digits[0] in "02":
        return Decoded(symbology, gtin=digits.zfill(14), flags=frozenset(("instore_unknown",)))
    if size in (12, 13):
        instore = decode_instore(digits.zfill(13), symbology, profile.rules, profile.minor_digits)
        if instore:
            return instore
    return Decoded(symbology, gtin=digits.zfill(14))
