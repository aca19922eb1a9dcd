"""AIM symbology identifiers: the `]cm` that a well-configured scanner puts before the data.

Owns which route a symbology takes. It decides by the identifier alone, never by the data:
a plain Code 128 is not read as GS1, however much its digits look like it.
"""

import re
from typing import Literal, NamedTuple

Route = Literal["ean", "ean8", "addon", "itf", "elements", "link_or_text", "text", "guess"]

MARKER = re.compile(r"\](?=[A-Za-z][0-9])")
_IDENTIFIER = re.compile(r"\][A-Za-z][0-9A-Fa-f]")


class Carrier(NamedTuple):
    symbology: str
    route: Route


_BY_IDENTIFIER = {
    "]E0": Carrier("ean13", "ean"),
    "]E1": Carrier("ean_addon", "addon"),
    "]E2": Carrier("ean_addon", "addon"),
    "]E3": Carrier("ean13", "ean"),
    "]E4": Carrier("ean8", "ean8"),
    "]X0": Carrier("ean13", "ean"),
    "]I1": Carrier("itf14", "itf"),
    "]I0": Carrier("itf14", "itf"),
    "]C1": Carrier("gs1_128", "elements"),
    "]e0": Carrier("gs1_databar", "elements"),
    "]d2": Carrier("gs1_datamatrix", "elements"),
    "]Q3": Carrier("gs1_qr", "elements"),
    "]J1": Carrier("gs1_dotcode", "elements"),
    "]Q1": Carrier("qr", "link_or_text"),
    "]d1": Carrier("datamatrix", "link_or_text"),
    "]J0": Carrier("dotcode", "link_or_text"),
}
_BY_LETTER = {
    "A": "code39", "C": "code128", "F": "codabar", "G": "code93", "I": "itf", "L": "pdf417",
    "Q": "qr", "d": "datamatrix", "z": "aztec", "J": "dotcode", "e": "gs1_databar",
}  # fmt: skip

NO_IDENTIFIER = Carrier("unknown", "guess")


def split_identifier(text: str) -> tuple[str | None, str]:
    """The AIM id, if the text starts with a well-formed one, and the data behind it."""
    if text[:1] == "]" and _IDENTIFIER.match(text):
        return text[:3], text[3:]
    return None, text


def carrier_of(aim: str | None) -> Carrier:
    """What the identifier says about the data; 2D codes may hold a link, the rest is text."""
    if aim is None:
        return NO_IDENTIFIER
    known = _BY_IDENTIFIER.get(aim)
    if known:
        return known
    symbology = _BY_LETTER.get(aim[1], "unknown")
    return Carrier(symbology, "link_or_text" if aim[1] in "QdJz" else "text")
