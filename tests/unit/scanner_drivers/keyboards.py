"""A keyboard-wedge scanner's key events as the kernel gives them: which keys type a text, and how."""

import struct
from collections.abc import Iterator

from scanner_drivers.framing.keys import EVENT_BYTES
from scanner_drivers.framing.layouts import FIXED, LAYOUTS, Layout

EVENT = struct.Struct("<qqHHi" if EVENT_BYTES == 24 else "<iiHHi")
SYN, KEY, MSC = 0, 1, 4
DROPPED = EVENT.pack(0, 0, SYN, 3, 0) + EVENT.pack(0, 0, SYN, 0, 0)
SHIFT, CTRL, ALT, ALTGR, CAPS, ENTER, SPACE, F8 = 42, 29, 56, 100, 58, 28, 57, 66
KP = dict(zip("0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))
RIGHT_BRACKET = 27


def event(code: int, value: int) -> bytes:
    """A key's scan code, the key, and the end of the report, as keyboards send it."""
    return EVENT.pack(1, 2, MSC, 4, 0x70004) + EVENT.pack(1, 2, KEY, code, value) + EVENT.pack(1, 2, SYN, 0, 0)


def press(code: int, *with_held: int) -> bytes:
    held = b"".join(event(key, 1) for key in with_held)
    freed = b"".join(event(key, 0) for key in reversed(with_held))
    return held + event(code, 1) + event(code, 0) + freed


def typed(text: str, layout: str = "us") -> bytes:
    """The events of a scanner that is set to this country."""
    return b"".join(press(code, *held) for character in text for code, held in _strokes(character, LAYOUTS[layout]))


def _strokes(character: str, layout: Layout) -> Iterator[tuple[int, tuple[int, ...]]]:
    if character == "\x1d":
        yield RIGHT_BRACKET, (CTRL,)
        return
    fixed = {text: code for code, text in FIXED.items() if code < 96 and text in " \r\t"}
    if character in fixed:
        yield fixed[character], ()
        return
    for row, held in ((layout.plain, ()), (layout.shift, (SHIFT,)), (layout.altgr, (ALTGR,))):
        for code, text in row.items():
            if text == character:
                yield code, held
                if held != (ALTGR,) and layout.accent(text):
                    yield SPACE, ()
                return
    raise AssertionError(f"no key of {layout.name} gives {character!r}")
