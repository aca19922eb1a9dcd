"""What listens in on a scanner beside the store: a recorder, the commissioning page.

A tap hears everything in its order and answers nothing. It must be quick, since it is called
on the event loop before the scan is handed on, and it must not raise.
"""

from typing import Protocol

from scanner_drivers.framing import Frame, Recipe


class Tap(Protocol):
    def opened(self, session: int, t_ns: int, recipe: Recipe, /) -> None:
        """A new run of bytes; also told for those that run already when the tap is put on."""
        ...

    def received(self, session: int, t_ns: int, data: bytes, readable: bytes, /) -> None:
        """What the device sent, and the same as a person can read it."""
        ...

    def framed(self, session: int, frame: Frame, /) -> None:
        """A frame, also one that is ignored or suppressed afterwards."""
        ...
