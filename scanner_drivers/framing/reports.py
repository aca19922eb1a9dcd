"""HID POS reports to frames: the device says how long a scan is, so it may hold anything.

A long code comes in several reports. One whose last report never comes is `damaged`. The AIM
identifier, where the device sends one in fields of its own, is put before the data as other
devices do it. Invariant: one `feed` is one report, as the kernel gives them.
"""

from scanner_drivers.framing.descriptor import report_layout
from scanner_drivers.framing.frame import MAX_FRAME, Frame, Recipe, without_suffix
from scanner_drivers.scan import Reason

LAST_PART_NS = 200_000_000


class ReportFramer:
    """See `Framer`. Raises BadConfig for the descriptor of something else."""

    def __init__(self, descriptor: bytes, max_frame: int = MAX_FRAME) -> None:
        self._layout = report_layout(descriptor)
        self._limit = max_frame
        self._aim = b""
        self._partial = bytearray()
        self._reason: Reason = "packet"
        self._is_begun = False
        self._last_ns = 0
        self.dropped = 0
        """Reports of other kinds, what is cut off, what is beyond the limit."""
        self.recipe: Recipe = {"kind": "reports", "descriptor": descriptor.hex()}

    @property
    def report_bytes(self) -> int:
        return self._layout.size

    def feed(self, data: bytes, now_ns: int) -> list[Frame]:
        layout = self._layout
        if layout.report_id and data[:1] != bytes((layout.report_id,)):
            self.dropped += len(data)
            return []
        part, is_whole = self._part(data)
        is_last = not self._is_continued(data)
        if not part and is_whole and is_last and not self._is_begun:
            return []  # some devices send an empty report when the trigger is let go
        aim = data[layout.symbology] if layout.symbology else b""
        frames = self._end("damaged") if self._is_begun and aim != self._aim else []
        self._aim, self._last_ns, self._is_begun = aim, now_ns, True
        self._append(part)
        if not is_whole:
            self._reason = "damaged"
        return frames + self._end(self._reason) if is_last else frames

    def readable(self, data: bytes, /) -> bytes:
        return data

    def deadline(self) -> int | None:
        return self._last_ns + LAST_PART_NS if self._is_begun else None

    def on_idle(self, now_ns: int) -> list[Frame]:
        deadline = self.deadline()
        if deadline is None or now_ns < deadline:
            return []
        return self._end("damaged")

    def reset(self) -> int:
        lost = len(self._partial)
        self.dropped += lost
        self._partial.clear()
        self._reason, self._is_begun = "packet", False
        return lost

    def _part(self, report: bytes) -> tuple[bytes, bool]:
        """The data of one report, and whether the report is as long and as full as it says."""
        layout = self._layout
        field = report[layout.data]
        if layout.count is None:
            return field.rstrip(b"\0"), len(report) >= layout.size
        count = report[layout.count] if len(report) > layout.count else 0
        return field[:count], len(report) >= layout.size and count <= len(field)

    def _is_continued(self, report: bytes) -> bool:
        if self._layout.continued is None:
            return False
        place, mask = self._layout.continued
        return len(report) > place and bool(report[place] & mask)

    def _append(self, part: bytes) -> None:
        """A device that always says "more follows" fills no memory."""
        room = self._limit - len(self._partial)
        self._partial += part[:room]
        if len(part) > room:
            self.dropped += len(part) - room
            self._reason = "overlong"

    def _end(self, reason: Reason) -> list[Frame]:
        aim = self._aim if self._aim[:1] == b"]" else b""
        data = without_suffix(bytes(self._partial))
        self._partial.clear()
        self._reason, self._is_begun = "packet", False
        return [Frame(aim + data, reason, self._last_ns)]
