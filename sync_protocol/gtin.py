"""GTIN values: what both sides mean by a trade item number.

Owns the four GS1 lengths, their common 14-digit form, the mod-10 check digit and the
expansion of zero-suppressed UPC-E. Knows nothing of barcodes, frames or catalogues.
Only ASCII digits count: `str.isdigit` alone would let Arabic-Indic digits into a key.

>>> parse_gtin("4006381333931"), upce_to_upca("04252614")
('04006381333931', '042100005264')
"""

from typing import Literal

LENGTHS = frozenset((8, 12, 13, 14))

GtinCode = Literal["gtin_characters", "gtin_length", "gtin_check_digit", "gtin_zero"]


class GtinError(ValueError):
    """A text that is no GTIN; `code` says which rule it breaks."""

    def __init__(self, code: GtinCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def parse_gtin(text: str) -> str:
    """The GTIN-14 of 8, 12, 13 or 14 ASCII digits with a right check digit."""
    _require_digits(text)
    if len(text) not in LENGTHS:
        raise GtinError("gtin_length", f"expected 8, 12, 13 or 14 digits, got {len(text)}")
    expected = check_digit(text[:-1])
    if text[-1] != expected:
        raise GtinError("gtin_check_digit", f"expected check digit {expected}, got {text[-1]}")
    if not text.strip("0"):
        raise GtinError("gtin_zero", "expected a number above zero, got only zeros")
    return text.zfill(14)


def is_valid_gtin(text: str) -> bool:
    """Whether `parse_gtin` would accept the text."""
    if len(text) not in LENGTHS or not is_digits(text):
        return False
    total = _weighted(text)
    return total % 10 == 0 and total > 0


def has_wrong_check_digit(text: str) -> bool:
    """Whether it is as long as a GTIN but is none: scanners refuse such a code, so no catalogue may take it."""
    return len(text) in LENGTHS and is_digits(text) and not is_valid_gtin(text)


def check_digit(digits: str) -> str:
    """The GS1 mod-10 check digit that belongs behind the given digits, of any length."""
    _require_digits(digits)
    return "0123456789"[-_weighted(digits + "0") % 10]


def _weighted(digits: str) -> int:
    """The sum of the digits, every second one from the right times three; with a right check digit it ends in 0."""
    # Sums over ASCII codes run in C; "0" is 48, so each digit brings 48 times its weight too much.
    codes = digits.encode("ascii")
    tripled, single = codes[-2::-2], codes[::-2]
    return 3 * (sum(tripled) - 48 * len(tripled)) + sum(single) - 48 * len(single)


def upce_to_upca(text: str) -> str:
    """The UPC-A that an 8-digit UPC-E (number system 0 or 1, check digit last) stands for."""
    _require_digits(text)
    if len(text) != 8 or text[0] not in "01":
        raise GtinError("gtin_length", f"expected 8 digits starting with 0 or 1, got {len(text)}")
    system, body, last = text[0], text[1:7], text[6]
    if last in "012":
        item = body[:2] + last + "0000" + body[2:5]
    elif last == "3":
        item = body[:3] + "00000" + body[3:5]
    elif last == "4":
        item = body[:4] + "00000" + body[4]
    else:
        item = body[:5] + "0000" + last
    expected = check_digit(system + item)
    if text[7] != expected:
        raise GtinError("gtin_check_digit", f"expected check digit {expected}, got {text[7]}")
    return system + item + expected


def is_digits(text: str) -> bool:
    """ASCII digits only, at least one."""
    return text.isascii() and text.isdigit()


def _require_digits(text: str) -> None:
    if not is_digits(text):
        raise GtinError("gtin_characters", f"expected ASCII digits, got {text[:40]!r}")
