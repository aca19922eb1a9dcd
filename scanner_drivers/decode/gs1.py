"""GS1 element strings: `01…17…10…` to article, lot, expiry, serial, quantity, price.

Owns the parse of element strings and what their AIs mean to a shop. Invariant: a lot or
serial is reported only when it is certain where it ends. A scanner that drops the GS
separator glues the next element to the lot; such a message keeps its article and loses
its lot, flagged `missing_fnc1`. An unreadable element leaves the article, flagged `degraded`.
"""

import re
from typing import NamedTuple

from scanner_drivers.decode.decoded import Decoded, refused
from scanner_drivers.decode.gs1_table import ai_at, shape_of
from scanner_drivers.decode.gs1_values import Elements, article_of, is_date
from scanner_drivers.decode.profile import StoreProfile

GS = "\x1d"
MAX_MESSAGE = 1_024  # the largest GS1 symbol holds far less that a shop needs; bounds the work

_CHARACTERS = re.compile(r"[!-\"%-?A-Z_a-z]*")  # GS1 character set 82
_OPEN_ENDED = ("10", "21", "22", "240", "241", "30", "37")
_GLUED_DATES = ("11", "12", "13", "15", "16", "17")


class Parsed(NamedTuple):
    elements: Elements
    trouble: str | None
    """`degraded` when the message could not be read to its end, `ambiguous` when it contradicts itself."""


def decode_elements(text: str, symbology: str, profile: StoreProfile) -> Decoded:
    """A GS1 message behind its AIM id, or one that shows its kind by GS or by a leading 01."""
    if len(text) > MAX_MESSAGE:
        return refused(symbology, "too_long")
    for substitute in profile.gs_substitutes:
        text = text.replace(substitute, GS)
    parsed = parse_elements(text)
    found = article_of(parsed.elements, symbology, profile)
    if "invalid_check" in found.flags or parsed.trouble == "ambiguous":
        return refused(symbology, *found.flags, *(parsed.trouble,) if parsed.trouble else ())
    if parsed.trouble:
        return _only_article(found, parsed.trouble)
    separated = GS in text.strip(GS) or profile.gs_trusted
    if not separated and any(_hides_more(ai, parsed.elements) for ai in _OPEN_ENDED):
        return _only_article(found, "missing_fnc1")
    return found


def parse_elements(text: str) -> Parsed:
    """The elements up to the first that cannot be read. GS between, before or behind is tolerated."""
    elements: Elements = {}
    index, end = 0, len(text)
    while index < end:
        if text[index] == GS:
            index += 1
            continue
        ai = ai_at(text, index)
        shape = shape_of(ai)
        if shape is None:
            return Parsed(elements, "degraded")
        index += len(ai)
        if shape.predefined:
            value = text[index : index + shape.maximum]
        else:
            stop = text.find(GS, index)
            value = text[index : stop if stop >= 0 else end]
        index += len(value)
        if not fits(ai, value):
            too_long = ai in _OPEN_ENDED and len(value) > shape.maximum
            return Parsed(elements, "missing_fnc1" if too_long else "degraded")
        if elements.setdefault(ai, value) != value:
            return Parsed(elements, "ambiguous")
    return Parsed(elements, None)


def fits(ai: str, value: str) -> bool:
    """Whether the value has the length, the characters and, for a date, the meaning of its AI."""
    shape = shape_of(ai)
    if shape is None or not shape.minimum <= len(value) <= shape.maximum:
        return False
    if shape.numeric:
        return value.isascii() and value.isdigit() and (ai not in _GLUED_DATES or is_date(value))
    return _CHARACTERS.fullmatch(value) is not None


def _only_article(found: Decoded, flag: str) -> Decoded:
    """Keep what stands before the trouble and has a check digit; drop all that may be cut wrong."""
    return Decoded(found.symbology, gtin=found.gtin, sku=found.sku, flags=(found.flags & {"instore_unknown"}) | {flag})


def _hides_more(ai: str, elements: Elements) -> bool:
    """Whether the value, being the message's last, could also be a shorter one plus other elements."""
    value = elements.get(ai, "")
    return any(_is_tail(value[cut:], ai, elements) for cut in range(1, len(value) - 2))


def _is_tail(text: str, glued_to: str, elements: Elements) -> bool:
    ai = ai_at(text, 0)
    if ai == glued_to or ai in elements:
        return False
    if ai in _GLUED_DATES:
        return is_date(text[2:8])
    if ai in ("10", "21"):
        return len(text) > 2
    if ai in ("30", "37"):
        return fits(ai, text[2:]) and (ai == "30" or "02" in elements)
    return ai[:2] in ("31", "32", "39") and fits(ai, text[len(ai) : len(ai) + 6])
