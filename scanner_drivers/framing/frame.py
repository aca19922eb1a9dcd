"""What every framer gives and promises.

A framer turns the bytes of one kind of device into frames: one frame is one scan. It does no
I/O, reads no clock and knows nothing of barcodes. Invariant: what is begun when a session
ends belongs to no frame, and a frame of which something is missing says so (`damaged`).
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from scanner_drivers.scan import Reason

MAX_FRAME = 8_192  # a QR code holds at most 7,089 characters

Recipe = Mapping[str, str | int | bool]
"""How a device's bytes are to be read: what a recording must say to be played again."""


class Frame(NamedTuple):
    data: bytes
    reason: Reason
    received_ns: int


class Framer(Protocol):
    """The frames of one session. Times only move forward: hand in a monotonic clock."""

    @property
    def dropped(self) -> int:
        """Bytes that belong to no frame."""
        ...

    @property
    def recipe(self) -> Recipe: ...

    def feed(self, data: bytes, now_ns: int) -> list[Frame]:
        """The frames that these bytes complete."""
        ...

    def readable(self, data: bytes, /) -> bytes:
        """The bytes that were fed last, as a person can read them: of keys what they typed."""
        ...

    def deadline(self) -> int | None:
        """When to call `on_idle`, unless more bytes come first; None while nothing is begun."""
        ...

    def on_idle(self, now_ns: int) -> list[Frame]:
        """What a silence completes or ends."""
        ...

    def reset(self) -> int:
        """Forget a begun frame (the session is over); how many bytes that were."""
        ...


def without_suffix(data: bytes) -> bytes:
    """What a device that says how long a scan is may still put behind it, being set up for other ones too."""
    return data.rstrip(b"\r\n")
