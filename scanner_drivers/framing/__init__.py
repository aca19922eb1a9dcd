"""Bytes of a device to frames: one framer per kind of device, without I/O and without a clock.

    text      characters with a mark at the end       serial lines, TCP
    keys      key events of a keyboard wedge          evdev
    reports   reports of HID POS                      hidraw
    ssi       Zebra's packets, acknowledged           serial lines

`framer_of` makes the one that a recording asks for. See `frame.py` for what all promise.
"""

from scanner_drivers.framing.frame import MAX_FRAME, Frame, Framer, Recipe
from scanner_drivers.framing.keys import KeyFramer
from scanner_drivers.framing.layouts import LAYOUTS
from scanner_drivers.framing.reports import ReportFramer
from scanner_drivers.framing.ssi import SsiFramer
from scanner_drivers.framing.text import Framing, Mode, TextFramer

__all__ = [
    "LAYOUTS",
    "MAX_FRAME",
    "Frame",
    "Framer",
    "Framing",
    "KeyFramer",
    "Mode",
    "Recipe",
    "ReportFramer",
    "SsiFramer",
    "TextFramer",
    "framer_of",
]


def framer_of(recipe: Recipe, framing: Framing) -> Framer:
    """The framer that reads bytes like those again. Raises ValueError, KeyError, BadConfig."""
    kind = recipe["kind"]
    if kind == "text":
        return TextFramer(framing)
    if kind == "keys":
        return KeyFramer(framing, str(recipe["layout"]), event_bytes=int(recipe["event_bytes"]))
    if kind == "reports":
        return ReportFramer(bytes.fromhex(str(recipe["descriptor"])), framing.max_frame)
    if kind == "ssi":
        return SsiFramer(max_frame=framing.max_frame)
    raise ValueError(f"expected text, keys, reports or ssi, got {kind!r}")
