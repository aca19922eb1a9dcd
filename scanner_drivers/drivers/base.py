"""What a driver owes and what it is given.

A driver is one attempt: `run` opens the device, says `up`, hands over bytes as they come and
raises a ScannerError when it is over. It has closed everything when it returns or raises,
also when cancelled: a descriptor that is still held makes a replugged device change its name.
Reconnecting, framing and counting belong to the supervisor.
"""

from typing import Protocol

from scanner_drivers.framing import Framer


class Stream(Protocol):
    """One unbroken run of bytes; partial frames never cross from one stream to the next."""

    def feed(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Link(Protocol):
    """The supervisor as a driver sees it."""

    def up(self, where: str) -> None: ...

    def open_stream(self, framer: Framer | None = None) -> Stream:
        """A new run of bytes; text, framed as the URL says, unless the device needs a framer of its own."""
        ...


class Driver(Protocol):
    def present(self) -> bool:
        """Cheap, without opening: could `run` succeed now? Ends a back-off when it turns true."""
        ...

    @property
    def slowest_retry_s(self) -> float: ...

    async def run(self, link: Link) -> None:
        """One session. Returns only when the source has ended for good (a replayed file)."""
        ...
