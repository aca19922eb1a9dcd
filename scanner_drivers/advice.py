"""What should be set otherwise on a scanner, judged from what it sends.

Owns the signs of a wrong setting and the words for its remedy. Pure: it hears bytes and frames
and says what follows from them so far; no advice means that nothing was seen to be wrong.
"""

import re
from typing import NamedTuple

from scanner_drivers.framing import Frame, SsiFramer
from scanner_drivers.scan import Scan

_MARKER = re.compile(rb"\][A-Za-z][0-9A-Fa-f]")
# An AIM marker with another sign in the place of its bracket, or with none at all.
_OTHER_KEYBOARD = re.compile(rb"[^\w\]\s]([CEIQde][0-4]|[EI]\))|E[0-4][0-9]{8,18}\Z|(C1|d2|Q3|e0|J1)01[0-9]{14}")
_SUBSTITUTES = re.compile(rb"\A(\][CdQeJ][1230])?01[0-9]{14}.*[|^~]")
_SHIFTED_DIGITS = frozenset(b"!@#$%^&*()\"'-_=/+") | frozenset("éèçà§£".encode())
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\r\n\x02\x03\x04\x1d\x1e"
_TWICE_NS = 50_000_000
_ENOUGH_BYTES = 20
_HEARD_MAX = 4_096


class Advice(NamedTuple):
    code: str
    text: str


_TEXTS = {
    "wedge": "It types like a keyboard. Set it to HID POS or USB serial (CDC): no layout, no lost keys, AIM ids kept.",
    "other_keyboard": "The characters are those of another keyboard: set layout= to the country set in the scanner.",
    "aim_off": "Turn AIM identifiers on (symbology id as prefix): without them an 8-digit UPC-E may pass for an EAN-8.",
    "suffix_missing": "Scans end in a silence: program a CR suffix, or put suffix=none in the URL.",
    "stx_etx": "Scans stand between STX and ETX: put suffix=stx in the URL.",
    "prefix": "Something stands before the AIM identifier: take the prefix out of the scanner's settings.",
    "line_settings": "Unreadable bytes: compare baud rate, parity and data bits with the scanner's.",
    "ssi": "These are Zebra SSI packets: put protocol=ssi in the URL.",
    "not_ssi": 'No SSI packets come: turn "packeted decode data" on in the scanner, or take protocol=ssi away.',
    "gs_substitute": "The GS1 separator comes as a printable character: set the scanner to send FNC1 as GS (0x1D).",
    "gs_missing": "The GS1 separator is missing, so lots cannot be trusted: set the scanner to send FNC1 as GS (0x1D).",
    "twice": "Each scan comes twice: look for a second suffix or channel; dedupe=50 in the URL drops the echo.",
    "damaged": "Parts of scans are missing: try another USB port or cable; on a keyboard wedge change to HID POS.",
}


class Advisor:
    """One session of one device; `kind` is that of its framer: text, keys, reports, ssi."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._seen: set[str] = {"wedge"} if kind == "keys" else set()
        self._heard = bytearray()
        self._frames = self._without_aim = self._unterminated = 0
        self._previous: Frame | None = None

    def heard(self, readable: bytes) -> None:
        """Bytes, whether or not they become a scan."""
        self._heard = (self._heard + readable)[-_HEARD_MAX:]
        if self._kind == "text" and SsiFramer().feed(readable, 0):
            self._seen.add("ssi")

    def framed(self, frame: Frame, scan: Scan) -> None:
        """A scan, and what it was read as."""
        self._frames += 1
        self._without_aim += scan.aim is None
        self._unterminated += frame.reason == "unterminated"
        self._seen |= set(_signs(self._kind, frame, scan))
        previous, self._previous = self._previous, frame
        if previous and previous.data == frame.data and frame.received_ns - previous.received_ns < _TWICE_NS:
            self._seen.add("twice")

    def advice(self) -> list[Advice]:
        """All that should be changed, in the order in which to change it."""
        found = set(self._seen)
        if self._kind == "text" and self._is_garbled():
            found.add("line_settings")
        if self._kind == "ssi" and len(self._heard) >= _ENOUGH_BYTES and not self._frames:
            found.add("not_ssi")
        if self._unterminated * 2 > self._frames:
            found.add("suffix_missing")
        if self._without_aim * 2 > self._frames and not found & {"ssi", "line_settings", "prefix", "other_keyboard"}:
            found.add("aim_off")
        return [Advice(code, text) for code, text in _TEXTS.items() if code in found]

    def _is_garbled(self) -> bool:
        odd = len(self._heard.translate(None, _PLAIN))
        return "ssi" not in self._seen and len(self._heard) >= _ENOUGH_BYTES and odd * 10 > len(self._heard)


def _signs(kind: str, frame: Frame, scan: Scan) -> list[str]:
    """The wrong settings that one frame shows."""
    data = frame.data
    marker = _MARKER.search(data[:12])
    signs = {
        "damaged": frame.reason == "damaged",
        "stx_etx": data[:1] == b"\x02" and data[-1:] == b"\x03",
        "prefix": marker is not None and marker.start() > 0 and data[:1] not in b"\x02\x1d",
        "gs_substitute": _SUBSTITUTES.match(data) is not None,
        "gs_missing": "missing_fnc1" in scan.flags,
        "other_keyboard": kind == "keys" and _is_of_another_keyboard(data),
    }
    return [code for code, is_seen in signs.items() if is_seen]


def _is_of_another_keyboard(data: bytes) -> bool:
    """A garbled AIM marker, or the digits' row with the other Shift."""
    if _OTHER_KEYBOARD.match(data):
        return True
    shifted = sum(byte in _SHIFTED_DIGITS for byte in data)
    return len(data) >= 8 and shifted * 2 > len(data)
