"""The condition of one scanner: its state, its counters, and what a person should do about it.

Owns the numbers, not the reasons to retry. Alerts are derived from counters when asked for,
so nothing has to remember to raise or clear them. Each alert says its remedy.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from scanner_drivers.framing import Frame

State = Literal["starting", "up", "absent", "denied", "busy", "lost", "crashed", "misconfigured", "ended"]

_FLAPPING_LOSSES = 5
_FLAPPING_NS = 600 * 1_000_000_000
_ENOUGH_BYTES = 200
_ENOUGH_FRAMES = 10
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\r\n\x02\x03\x04\x1d\x1e"

_REMEDIES = {
    "flapping": "more than 5 losses in 10 minutes: check cable, hub and power saving",
    "line_settings_suspect": "unreadable bytes: compare baud rate and parity with the scanner's",
    "suffix_not_set": "scans end without CR or LF: program a CR suffix, or set suffix=none in the URL",
    "nothing_understood": "bytes, but no scan: compare protocol, suffix and baud rate with the scanner's",
    "damaged": "scans with a part missing: USB hub, cable, or a box that is too busy; scan those goods again",
    "misread": "many codes with a wrong check digit: does another program read this port (edge-agent scanners list)?"
    " Else clean the window, check baud rate and parity",
    "overlong": "data without a terminator filled the buffer: check suffix, baud rate and parity",
}


@dataclass(slots=True)
class ScannerHealth:
    device: str
    state: State = "starting"
    since_ns: int = 0
    where: str = ""
    last_error: str = ""
    opens: int = 0
    losses: int = 0
    bytes_received: int = 0
    garbage_bytes: int = 0
    partial_dropped: int = 0
    sleeps: bool = False
    """Going away is what it does to save its battery."""
    frames: int = 0
    unterminated: int = 0
    overlong: int = 0
    damaged: int = 0
    misreads: int = 0
    ignored: int = 0
    suppressed: int = 0
    consumer_errors: int = 0
    last_scan_ns: int | None = None
    lost_at: deque[int] = field(default_factory=lambda: deque(maxlen=64), repr=False)

    def received(self, data: bytes, *, is_text: bool = True) -> None:
        self.bytes_received += len(data)
        if is_text:  # key events, reports and packets are binary
            self.garbage_bytes += len(data.translate(None, _PLAIN))

    def framed(self, frame: Frame, is_misread: bool) -> None:
        self.frames += 1
        self.unterminated += frame.reason == "unterminated"
        self.overlong += frame.reason == "overlong"
        self.damaged += frame.reason == "damaged"
        self.misreads += is_misread
        self.last_scan_ns = frame.received_ns

    def lost(self, now_ns: int) -> None:
        self.losses += 1
        self.lost_at.append(now_ns)

    def alerts(self, now_ns: int) -> dict[str, str]:
        """What is wrong now, by stable name, each with what to do."""
        recent = sum(now_ns - at < _FLAPPING_NS for at in self.lost_at)
        is_heard = self.bytes_received >= _ENOUGH_BYTES
        is_garbled = is_heard and self.garbage_bytes * 20 > self.bytes_received
        wrong = {
            "flapping": recent > _FLAPPING_LOSSES and not self.sleeps,
            "line_settings_suspect": is_garbled,
            "suffix_not_set": self.frames >= _ENOUGH_FRAMES and self.unterminated * 5 > self.frames,
            "nothing_understood": is_heard and not (self.frames or self.ignored or is_garbled),
            "damaged": self.damaged * 20 > self.frames,
            "misread": self.frames >= _ENOUGH_FRAMES and self.misreads * 5 > self.frames,
            "overlong": self.overlong > 0,
        }
        return {name: _REMEDIES[name] for name, is_wrong in wrong.items() if is_wrong}
