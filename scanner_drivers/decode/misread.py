"""Whether a frame is a retail code that came wrong: for the scanner's health, not for its meaning.

Single misreads happen. Many of them mean that somebody else takes bytes from the same port, or
that the lens or the line is bad, so they are counted. Numbers of a store's own are not: only an
AIM identifier, or the length of an EAN-13, says that there has to be a check digit.
"""

from sync_protocol.gtin import is_valid_gtin

_LENGTHS = {b"]E0": (8, 12, 13, 15, 18), b"]E3": (13, 15, 18), b"]E4": (8,)}
_CHECKED = {8: 8, 12: 12, 13: 13, 15: 13, 18: 13}


def is_misread(frame: bytes) -> bool:
    """True for a cut or changed EAN or UPC; a second part with an add-on is not looked at."""
    lengths = _LENGTHS.get(frame[:3])
    if lengths is None:
        return len(frame) == 13 and frame.isdigit() and not is_valid_gtin(frame.decode())
    data = frame[3:].split(b"]", 1)[0]
    if len(data) not in lengths or not data.isdigit():
        return True
    if frame[:3] == b"]E0" and len(data) == 8:
        return False  # UPC-E: its check digit is that of the number behind it
    return not is_valid_gtin(data[: _CHECKED[len(data)]].decode())
