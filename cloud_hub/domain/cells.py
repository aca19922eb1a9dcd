"""One cell of a sheet: from text to a value and back, exactly.

A cell holds what a person or another program wrote: decimal commas, codes that a spreadsheet
turned into 1.2E+12, formulas. What is not certain is refused with a reason, never guessed.
Text that a spreadsheet would take for a formula goes out behind an apostrophe (as people type
it) and comes back without it, so that export and import are each other's inverse. Pure.
"""

import json
import re
import unicodedata
from decimal import Decimal
from typing import Any

from sync_protocol import gtin
from sync_protocol.limits import TEXT_CHARS_MAX

NAME_CHARS_MAX = 200
METADATA_MAX = 50
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CODE_CHARS = re.compile(r"[\x21-\x7e]{1,90}")
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_NUMBER = re.compile(r"-?[0-9]{1,12}([.,]([0-9]+))?")
BLANK = " \t\r\n"
"""What is trimmed; a space that does not break is text."""
_RISKY = "=+-@'\t\r "
"""What a spreadsheet may read a formula from, and what trimming would lose."""


class CellError(ValueError):
    """A cell that cannot be what its column needs."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def guarded(text: str) -> str:
    """Text as a cell that no spreadsheet runs and `plain` reads back."""
    return f"'{text}" if text and (text[0] in _RISKY or text[-1] == " ") else text


def plain(cell: str) -> str:
    """The text that a cell means. Raises CellError for a formula."""
    if len(cell) > 1 and cell[0] == "'" and (cell[1] in _RISKY or cell[-1] == " "):
        return cell[1:]
    text = cell.strip(BLANK)
    if text.startswith("="):
        raise CellError("formula", "expected a value, got a formula; write ' before it if it is text")
    return text


def text(cell: str, chars_max: int = TEXT_CHARS_MAX) -> str:
    """Printable text. Raises CellError."""
    value = unicodedata.normalize("NFC", plain(cell))
    if len(value) > chars_max:
        raise CellError("too_long", f"expected at most {chars_max} characters, got {len(value)}")
    if _CONTROL.search(value):
        raise CellError("characters", "expected text without control characters or line breaks")
    return value


def name(cell: str) -> str:
    """A name or number that people give to things."""
    return text(cell, NAME_CHARS_MAX)


def _code(value: str) -> str:
    if _SCIENTIFIC.fullmatch(value):
        raise CellError("scientific", f"expected the digits of a code, got {value}: format the column as text")
    if not _CODE_CHARS.fullmatch(value):
        raise CellError("code", "expected 1 to 90 visible ASCII characters")
    if gtin.has_wrong_check_digit(value):
        raise CellError("check_digit", f"expected the right check digit of a GTIN, got {value}")
    return gtin.parse_gtin(value) if gtin.is_valid_gtin(value) else value


def decimal(cell: str, mark: str, digits: int) -> Decimal:
    """A number with the file's decimal mark, or with the other one where that is no doubt. Raises CellError."""
    value = plain(cell)
    found = _NUMBER.fullmatch(value)
    if found is None:
        raise CellError("number", f"expected a number without thousands marks, got {value[:40]!r}")
    decimals = found[2] or ""
    if len(decimals) == 3 and mark not in value:
        raise CellError("ambiguous", f"{value} may mean two numbers: say which decimal mark the file has")
    number = Decimal(value.replace(",", "."))
    if number != round(number, digits):
        raise CellError("decimals", f"expected at most {digits} decimals, got {value}")
    return number


def amount(cell: str, mark: str) -> Decimal:
    """Money, not negative; how many decimals its currency has is checked with the whole row."""
    value = decimal(cell, mark, 3)
    if value < 0:
        raise CellError("negative", f"expected an amount that is not negative, got {value}")
    return value


def thousandths(cell: str, mark: str) -> int:
    """A quantity."""
    return int(decimal(cell, mark, 3).scaleb(3))


def positive(cell: str, mark: str) -> int:
    """A quantity above zero."""
    value = thousandths(cell, mark)
    if value <= 0:
        raise CellError("positive", "expected a quantity above zero")
    return value


def one_of(cell: str, *choices: str) -> str:
    """One of a few words."""
    value = plain(cell).lower()
    if value not in choices:
        raise CellError("choice", f"expected one of {', '.join(choices)}, got {value[:40]!r}")
    return value


def currency(cell: str) -> str:
    """An ISO 4217 code."""
    value = plain(cell).upper()
    if not re.fullmatch("[A-Z]{3}", value):
        raise CellError("currency", f"expected three letters such as EUR, got {value[:40]!r}")
    return value


def metadata(cell: str) -> dict[str, Any]:
    """A flat JSON object of texts, whole numbers, booleans and nulls."""
    try:
        found = json.loads(plain(cell), parse_float=str)
    except (ValueError, RecursionError) as error:
        raise CellError("metadata", "expected a JSON object") from error
    if not isinstance(found, dict) or len(found) > METADATA_MAX or not all(map(_is_flat, found.items())):
        raise CellError("metadata", f"expected a flat JSON object of at most {METADATA_MAX} printable values")
    return found


def _is_flat(item: tuple[str, Any]) -> bool:
    key, value = item
    if not 1 <= len(key) <= 64 or _CONTROL.search(key):
        return False
    if isinstance(value, str):
        return len(value) <= TEXT_CHARS_MAX and not _CONTROL.search(value)
    return value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= 2**53)


PACK_MARK = "×"
"""No code has it, so `14006381333938×12` is a code and its pack."""


def barcodes(cell: str, mark: str) -> list[tuple[str, int]]:
    """Codes between spaces, each with its pack behind ×; a code alone is one base unit."""
    found: dict[str, int] = {}
    for each in plain(cell).split():
        digits, _, pack = each.partition(PACK_MARK)
        found[_code(digits)] = positive(pack, mark) if pack else 1000
    return list(found.items())
