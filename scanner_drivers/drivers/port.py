"""Devices that are a file: opened and closed in a thread, since both may block, and read on the event loop.

Reading with `os.read` on the loop is the fastest way (measured), needs no thread, has no
`select` limit of 1,024 descriptors and sees an unplug at once. What opening can go wrong with
gets its name here, for all of them; which file it is, and how it is opened, is their own.
"""

import asyncio
import contextlib
import errno
import os
import stat
import termios
from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple, Protocol

from scanner_drivers.drivers.base import Link, Stream
from scanner_drivers.errors import Absent, BadConfig, Busy, Denied, Lost, ScannerError
from scanner_drivers.framing import Framer
from scanner_drivers.holders import holders_of

FAULTS = (OSError, termios.error, ValueError, TypeError)
"""The three unrelated families in which pyserial's calls fail; all others fail in the first."""

_GONE = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO)
_ASLEEP = (errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ECONNREFUSED, errno.ETIMEDOUT, errno.ENOTCONN)
_TAKEN = (errno.EAGAIN, errno.EBUSY)


class Port(Protocol):
    """An open device."""

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class FilePort:
    """An open device that is no more than its descriptor."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def fileno(self) -> int:
        return self.fd

    def close(self) -> None:
        os.close(self.fd)

    @property
    def is_pipe(self) -> bool:
        """A named pipe with recorded bytes, in place of a device that this machine lacks."""
        return stat.S_ISFIFO(os.fstat(self.fd).st_mode)


class Opened(NamedTuple):
    port: Port
    framer: Framer | None = None
    """None: text, as the URL says."""
    read_bytes: int = 4096


class PortDriver(ABC):
    """One device file."""

    slowest_retry_s = 5.0
    kind = "device"
    group = "dialout"
    """The users' group that may read it."""

    def __init__(self, path: str) -> None:
        self.path = path

    @abstractmethod
    def open(self) -> Opened:
        """Open and set up; blocks. Raises FAULTS, or a ScannerError that says more."""

    def present(self) -> bool:
        return Path(self.path).exists()

    async def run(self, link: Link) -> None:
        opened = await self._opened()
        try:
            link.up(self.path)
            stream = link.open_stream(opened.framer)
            try:
                await _read_until_lost(opened, stream)
            finally:
                stream.close()
        except FAULTS as error:
            raise Lost(f"{self.path}: {error}") from error
        finally:
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, _close, opened))

    async def _opened(self) -> Opened:
        opening = asyncio.get_running_loop().run_in_executor(None, self.open)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_late)  # the thread cannot be stopped, its port can be closed
            raise
        except FAULTS as error:
            raise self._named(error) from error

    def _named(self, error: Exception) -> ScannerError:
        """Our name for a failed open. pyserial often hides the number in the exception it wraps."""
        path, number = self.path, getattr(error, "errno", None)
        if number is None and isinstance(error.__context__, OSError | termios.error):
            number = error.__context__.args[0]
        if number in _GONE:
            return Absent(f"{path}: not plugged in")
        if number in _ASLEEP:
            return Absent(f"{path}: asleep, switched off or out of reach")
        if number in (errno.EACCES, errno.EPERM):
            return Denied(f"{path}: no permission (is the user in the group {self.group}?)")
        if number in _TAKEN:
            others = ", ".join(map(str, holders_of(path)))
            return Busy(f"{path}: held by {others or 'another process'}")
        if number in (errno.ENOTTY, errno.EISDIR) or isinstance(error, ValueError | TypeError):
            return BadConfig(f"{path}: no {self.kind}, or settings that it refuses: {error}")
        return Absent(f"{path}: {error}")


async def _read_until_lost(opened: Opened, stream: Stream) -> None:
    loop = asyncio.get_running_loop()
    lost: asyncio.Future[None] = loop.create_future()
    fd, most = opened.port.fileno(), opened.read_bytes

    def read() -> None:
        try:
            data = os.read(fd, most)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            data, reason = b"", str(error)
        else:
            reason = "unplugged"
        if data:
            stream.feed(data)
        elif not lost.done():
            lost.set_exception(Lost(reason))

    loop.add_reader(fd, read)
    try:
        await lost
    finally:
        loop.remove_reader(fd)  # a dead descriptor is always readable: left in, it takes a whole core


def _close_late(opening: asyncio.Future[Opened]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        _close(opening.result())


def _close(opened: Opened) -> None:
    with contextlib.suppress(*FAULTS):  # the device may be gone: then nothing is left to close
        opened.port.close()
