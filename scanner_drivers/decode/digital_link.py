"""GS1 Digital Link: a web address that names an article, `https://any.host/01/{gtin}/10/{lot}?17=…`.

Owns the path and query grammar. The address is data and is never fetched. Any host and any
path before the key are allowed; values are percent-decoded after the split, so an escaped
slash stays inside its lot. Unknown query keys are ignored, as the standard demands.
"""

import re
from urllib.parse import unquote

from scanner_drivers.decode.decoded import Decoded, refused
from scanner_drivers.decode.gs1 import MAX_MESSAGE, fits
from scanner_drivers.decode.gs1_values import Elements, article_of
from scanner_drivers.decode.profile import StoreProfile
from sync_protocol.gtin import LENGTHS, is_digits

SYMBOLOGY = "digital_link"

_ADDRESS = re.compile(r"https?://[^/?#]+(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?", re.IGNORECASE)
_SHORT_NAMES = {"gtin": "01", "cpv": "22", "lot": "10", "ser": "21", "exp": "17"}
_QUALIFIERS = ("22", "10", "21")


def is_address(text: str) -> bool:
    """Whether the text starts as a web address, in either case."""
    return text[:8].lower().startswith(("http://", "https://"))


def decode_link(text: str, profile: StoreProfile) -> Decoded | None:
    """The article that the link names; None when the address is no Digital Link."""
    match = _ADDRESS.match(text)
    if not match or len(text) > MAX_MESSAGE:
        return None
    segments = (match["path"] or "").split("/")[1:]
    key = _key_position(segments)
    if key is None:
        return None
    elements: Elements = {"01": unquote(segments[key + 1]).zfill(14)}
    whole = _add_qualifiers(segments[key + 2 :], elements)
    whole = _add_query(match["query"] or "", elements) and whole
    found = article_of(elements, SYMBOLOGY, profile)
    if "invalid_check" in found.flags:
        return refused(SYMBOLOGY, "invalid_check")
    if not whole:
        return Decoded(SYMBOLOGY, gtin=found.gtin, sku=found.sku, flags=found.flags | {"degraded"})
    return found


def _key_position(segments: list[str]) -> int | None:
    """Where `/01/` stands; the last such place, since a path may precede it."""
    for index in range(len(segments) - 2, -1, -1):
        value = unquote(segments[index + 1])
        if segments[index] in ("01", "gtin") and len(value) in LENGTHS and is_digits(value):
            return index
    return None


def _add_qualifiers(segments: list[str], elements: Elements) -> bool:
    """Key and value pairs in the order 22, 10, 21; whether all of them were that."""
    if segments and segments[-1] == "":
        segments = segments[:-1]
    allowed = list(_QUALIFIERS)
    for name, value in zip(segments[::2], segments[1::2], strict=False):
        ai = _SHORT_NAMES.get(name, name)
        text = unquote(value)
        if ai not in allowed or not fits(ai, text):
            return False
        del allowed[: allowed.index(ai) + 1]
        elements[ai] = text
    return len(segments) % 2 == 0


def _add_query(query: str, elements: Elements) -> bool:
    """Attributes such as 17 and 3103; whether the known ones were readable and agree with the path."""
    for pair in re.split("[&;]", query):
        name, _, value = pair.partition("=")
        ai = _SHORT_NAMES.get(unquote(name), unquote(name))
        if not (ai.isascii() and ai.isdigit()):
            continue
        text = unquote(value)
        if not fits(ai, text):
            return False
        if elements.setdefault(ai, text) != text:
            return False
    return True
