"""Bytes to text, and text that is safe to show.

Barcodes are hostile input: nothing here strips or splits, since Python counts GS as white
space, and no control character reaches a log or a screen. The raw bytes stay with the scan.
"""

from scanner_drivers.decode.decoded import Decoded, refused

MAX_CODE = 128  # longer texts are documents (a vCard, a leaflet), not article codes

_VISIBLE = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}  # NUL -> ␀, GS -> ␝


def to_text(data: bytes, code_page: str) -> tuple[str, bool]:
    """ASCII, else UTF-8, else the store's code page; whether that last one was a guess."""
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError:
        return data.decode(code_page, "replace"), True


def visible(text: str) -> str:
    """Control characters as their pictures; other unprintable ones as U+FFFD."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\ufffd" for c in text.translate(_VISIBLE))


def decode_text(text: str, symbology: str) -> Decoded:
    """The text as an internal article code, if it can be one."""
    if not text.isprintable():
        return refused(symbology, "control_characters")
    if len(text) > MAX_CODE or not text or text.isspace():
        return refused(symbology, "not_a_code")
    return Decoded(symbology, sku=text)
