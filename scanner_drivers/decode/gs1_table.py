"""The shapes of GS1 application identifiers (AIs): how long, digits only, ended by GS or by length.

The AIs a shop meets are written out here, since they are on the hot path. All others come
from biip's copy of the GenSpecs table, loaded when the first of them is met.
"""

import re
from functools import lru_cache
from typing import NamedTuple


class Shape(NamedTuple):
    minimum: int
    maximum: int
    numeric: bool
    predefined: bool
    """Its length is known to every reader, so no GS has to follow."""


def _digits(size: int) -> Shape:
    return Shape(size, size, True, True)


def _text(maximum: int) -> Shape:
    return Shape(1, maximum, False, False)


def _number(minimum: int, maximum: int) -> Shape:
    return Shape(minimum, maximum, True, False)


_COMMON = {
    "00": _digits(18), "01": _digits(14), "02": _digits(14), "20": _digits(2),
    **dict.fromkeys(("11", "12", "13", "15", "16", "17"), _digits(6)),
    "10": _text(20), "21": _text(20), "22": _text(20),
    "30": _number(1, 8), "37": _number(1, 8),
    **dict.fromkeys(("240", "241", "250", "251", "400"), _text(30)), "420": _text(20),
    **dict.fromkeys(("410", "411", "412", "413", "414"), _digits(13)),
    "7003": _number(10, 10), "8005": _number(6, 6), "8008": _number(8, 12), "8200": _text(70),
    "90": _text(30), **{f"9{digit}": _text(90) for digit in range(1, 10)},
    **{f"31{kind}{decimals}": _digits(6) for kind in range(7) for decimals in range(6)},
    **{f"320{decimals}": _digits(6) for decimals in range(6)},
    **{f"392{decimals}": _number(1, 15) for decimals in range(10)},
    **{f"393{decimals}": _number(4, 18) for decimals in range(10)},
    **{f"394{decimals}": _number(4, 4) for decimals in range(4)},
}  # fmt: skip

# The first two digits say how long the AI itself is; two where not listed.
_SIZE = {
    **dict.fromkeys(("23", "24", "25", "40", "41", "42", "71"), 3),
    **dict.fromkeys((f"{n}" for n in (*range(31, 37), 39, 43, 70, 72, 80, 81, 82)), 4),
}
_PART = re.compile(r"([A-Z])(\.\.)?(\d+)|\[-\]")


def ai_at(text: str, index: int) -> str:
    """The AI that starts at this place, whether or not it exists."""
    return text[index : index + _SIZE.get(text[index : index + 2], 2)]


def shape_of(ai: str) -> Shape | None:
    """The AI's shape; None when GS1 defines no such AI."""
    return _COMMON.get(ai) or _rare(ai)


@lru_cache(maxsize=1024)
def _rare(ai: str) -> Shape | None:
    if len(ai) < 2 or not (ai.isascii() and ai.isdigit()):
        return None
    from biip import ParseError  # here: a tenth of a second and some memory that few shops need
    from biip.gs1_application_identifiers import GS1ApplicationIdentifier

    try:
        found = GS1ApplicationIdentifier.extract(ai)
    except ParseError:
        return None
    if found.ai != ai:
        return None
    return _shape(found.format, predefined=not found.separator_required)


def _shape(notation: str, *, predefined: bool) -> Shape:
    """GenSpecs notation such as `N4+N3+X..27` or `N2+N13[+X..17]`; the first part is the AI."""
    minimum = maximum = 0
    numeric = True
    optional = False
    for place, part in enumerate(notation.split("+")):
        if place:
            kind = _PART.search(part)
            size = int(kind[3]) if kind and kind[3] else 1
            shortest = 1 if kind and kind[2] else size
            minimum += 0 if optional or part == "[-]" else shortest
            maximum += size
            numeric = numeric and kind is not None and kind[1] == "N"
        optional = part.endswith("[")
    return Shape(max(minimum, 1), maximum, numeric, predefined)
