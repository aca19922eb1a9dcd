"""Characters with a mark at the end of each scan: serial lines, TCP, and what a wedge types.

CR, LF and CRLF mean the same and empty frames vanish, so a CRLF torn apart by two reads,
or a scanner that sends CR twice, makes no ghost. Invariant: however a stream is cut into
chunks, the frames are the same. Control bytes such as GS stay where they are.
"""

import re
from dataclasses import dataclass
from typing import Literal

from scanner_drivers.framing.frame import MAX_FRAME, Frame, Recipe
from scanner_drivers.scan import Reason

Mode = Literal["line", "tab", "stx_etx", "gap"]

# Splitting keeps the marks: text, mark, text, mark, ..., text.
_MARKS = {
    "line": re.compile(rb"([\r\n])"),
    "tab": re.compile(rb"([\t\r\n])"),
    "stx_etx": re.compile(rb"([\x02\x03])"),
    "gap": re.compile(rb"((?!))"),
}
_STX = b"\x02"


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How a device marks the end of a scan; `idle_ns` of silence ends one that lacks the mark."""

    mode: Mode = "line"
    idle_ns: int = 50_000_000
    max_frame: int = MAX_FRAME


class TextFramer:
    """See `Framer`."""

    def __init__(self, framing: Framing) -> None:
        self._limit = framing.max_frame
        self._idle_ns = framing.idle_ns
        self._marks = _MARKS[framing.mode]
        self._needs_stx = framing.mode == "stx_etx"
        self._ended: Reason = "etx" if self._needs_stx else "suffix"
        self._silent: Reason = "gap" if framing.mode == "gap" else "unterminated"
        self._inside = not self._needs_stx
        self._skipping = self._is_damaged = False
        self._partial = bytearray()
        self._last_ns = 0
        self.recipe: Recipe = {"kind": "text"}
        self.dropped = 0
        """Outside STX and ETX, behind the limit, cut off."""

    def feed(self, data: bytes, now_ns: int) -> list[Frame]:
        if not data:
            return []
        self._last_ns = now_ns
        frames: list[Frame] = []
        pieces = self._marks.split(data)
        for index in range(0, len(pieces) - 1, 2):
            self._append(pieces[index], frames)
            self._mark(pieces[index + 1], frames)
        self._append(pieces[-1], frames)
        return frames

    def damage(self, now_ns: int) -> None:
        """Bytes are missing here: the frame that is begun, or that comes before a silence, is not whole."""
        self._is_damaged, self._last_ns = True, now_ns

    def readable(self, data: bytes, /) -> bytes:
        return data

    def deadline(self) -> int | None:
        if not (self._partial or self._skipping or self._is_damaged):
            return None
        return self._last_ns + self._idle_ns

    def on_idle(self, now_ns: int) -> list[Frame]:
        """The frame whose terminator never came."""
        deadline = self.deadline()
        if deadline is None or now_ns < deadline:
            return []
        frames: list[Frame] = []
        self._end(self._silent, frames)
        return frames

    def reset(self) -> int:
        lost = len(self._partial)
        self.dropped += lost
        self._partial.clear()
        self._inside = not self._needs_stx
        self._skipping = self._is_damaged = False
        return lost

    def _append(self, text: bytes, frames: list[Frame]) -> None:
        """Add to the begun frame, never beyond the limit: the excess is counted, not kept."""
        room = self._limit - len(self._partial)
        if not self._inside or self._skipping:
            self.dropped += len(text)
        elif len(text) <= room:
            self._partial += text
        else:
            self._partial += text[:room]
            self.dropped += len(text) - room
            self._end("overlong", frames)
            self._inside = self._skipping = True

    def _mark(self, mark: bytes, frames: list[Frame]) -> None:
        if self._needs_stx and mark == _STX:
            self.reset()
            self._inside = True
        elif self._inside:
            self._end(self._ended, frames)

    def _end(self, reason: Reason, frames: list[Frame]) -> None:
        if self._partial or self._is_damaged:
            frames.append(Frame(bytes(self._partial), "damaged" if self._is_damaged else reason, self._last_ns))
            self._partial.clear()
        self._inside = not self._needs_stx
        self._skipping = self._is_damaged = False
