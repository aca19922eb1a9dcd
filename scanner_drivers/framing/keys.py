"""Key events of a keyboard wedge to frames: `struct input_event` in, what was typed out.

A wedge types a scan as a person would, so its frames end like text (Enter or Tab). The
kernel says SYN_DROPPED when its buffer was full: what was typed around that moment is
`damaged`, never a shorter code. The keyboard's state is then looked up anew.
"""

import struct
from collections.abc import Callable, Iterator

from scanner_drivers.framing.frame import Frame, Recipe
from scanner_drivers.framing.layouts import LAYOUTS
from scanner_drivers.framing.text import Framing, TextFramer
from scanner_drivers.framing.typist import KeyState, Typist

EVENT_BYTES = struct.calcsize("@llHHi")
"""Of this machine: 24, and 16 where a long has 32 bits."""

_EVENTS = {24: struct.Struct("<qqHHi"), 16: struct.Struct("<iiHHi")}
_SYN, _KEY = 0, 1
_REPORT, _DROPPED = 0, 3


class KeyFramer:
    """See `Framer`. `look` tells the keyboard's state; a recording cannot, and says nothing is held."""

    def __init__(
        self, framing: Framing, layout: str, look: Callable[[], KeyState] = KeyState, event_bytes: int = EVENT_BYTES
    ) -> None:
        self._text = TextFramer(framing)
        self._look = look
        self._events = _EVENTS[event_bytes]
        self._typist = Typist(LAYOUTS[layout], look())
        self._torn = b""
        self._is_blind = False
        self.recipe: Recipe = {"kind": "keys", "layout": layout, "event_bytes": event_bytes}
        self._typed = b""

    @property
    def dropped(self) -> int:
        return self._text.dropped

    @property
    def silent(self) -> int:
        """Keys that gave no character."""
        return self._typist.silent

    def feed(self, data: bytes, now_ns: int) -> list[Frame]:
        frames: list[Frame] = []
        before = typed = ""
        for kind, code, value in self._read(data):
            if kind == _KEY and not self._is_blind:
                typed += self._typist.key(code, value)
            elif kind == _SYN and code == _DROPPED:
                frames += self._text.feed(typed.encode(), now_ns)
                before, typed = before + typed, ""
                self._text.damage(now_ns)
                self._is_blind = True
            elif kind == _SYN and code == _REPORT and self._is_blind:
                self._typist.resume(self._look())
                self._is_blind = False
        frames += self._text.feed(typed.encode(), now_ns)
        self._typed = (before + typed).encode()
        return frames

    def readable(self, _data: bytes, /) -> bytes:
        return self._typed

    def deadline(self) -> int | None:
        return self._text.deadline()

    def on_idle(self, now_ns: int) -> list[Frame]:
        return self._text.on_idle(now_ns)

    def reset(self) -> int:
        self._torn, self._is_blind = b"", False
        self._typist.resume(KeyState())
        return self._text.reset()

    def _read(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        """Type, code and value of the whole events; a torn one waits for its rest."""
        data = self._torn + data
        whole = len(data) - len(data) % self._events.size
        self._torn = data[whole:]
        for _, _, kind, code, value in self._events.iter_unpack(data[:whole]):
            yield kind, code, value
