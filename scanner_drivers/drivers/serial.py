"""Serial ports: USB-CDC, RS-232 adapters, pseudo-terminals.

pyserial only opens and configures, in an executor, since both may block; the event loop
reads with `os.read`. That is the fastest way (measured), needs no thread, has no `select`
limit of 1,024 descriptors and sees an unplug at once. pyserial's own calls fail in three
unrelated exception families, therefore `_FAULTS`.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import serial

from scanner_drivers.drivers.base import Link, Stream
from scanner_drivers.errors import Absent, BadConfig, Busy, Denied, Lost, ScannerError
from scanner_drivers.url import SerialAddress

_FAULTS = (OSError, termios.error, ValueError, TypeError)
_CHUNK = 4096
_GONE = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO)
_TAKEN = (errno.EAGAIN, errno.EBUSY)


class Port(Protocol):
    """The part of `serial.Serial` that is used."""

    def fileno(self) -> int: ...

    def close(self) -> None: ...


def open_port(address: SerialAddress) -> Port:
    """Open and configure; blocks. Raises whatever pyserial raises."""
    port = serial.Serial(
        address.path,
        baudrate=address.baud,
        parity=address.parity,
        bytesize=address.bits,
        stopbits=address.stop,
        rtscts=address.rtscts,
        timeout=0,
        exclusive=True,
    )
    # The lock above is advisory; this one also keeps ModemManager out. A pseudo-terminal would
    # stay locked after a crash for as long as its other end lives, so there it is left out.
    if not os.path.realpath(address.path).startswith("/dev/pts/"):
        fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
    return port  # type: ignore[no-any-return]


class SerialDriver:
    slowest_retry_s = 5.0

    def __init__(self, address: SerialAddress, opener: Callable[[SerialAddress], Port] = open_port) -> None:
        self._address = address
        self._open_port = opener

    def present(self) -> bool:
        return Path(self._address.path).exists()

    async def run(self, link: Link) -> None:
        port = await self._open()
        try:
            link.up(self._address.path)
            stream = link.open_stream()
            try:
                await _read_until_lost(port.fileno(), stream)
            finally:
                stream.close()
        except _FAULTS as error:
            raise Lost(f"{self._address.path}: {error}") from error
        finally:
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, _close, port))

    async def _open(self) -> Port:
        opening = asyncio.get_running_loop().run_in_executor(None, self._open_port, self._address)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_opened)  # the thread cannot be stopped, its port can be closed
            raise
        except _FAULTS as error:
            raise _named(error, self._address.path) from error


async def _read_until_lost(fd: int, stream: Stream) -> None:
    loop = asyncio.get_running_loop()
    lost: asyncio.Future[None] = loop.create_future()

    def read() -> None:
        try:
            data = os.read(fd, _CHUNK)
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


def _close_opened(opening: asyncio.Future[Port]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        _close(opening.result())


def _close(port: Port) -> None:
    with contextlib.suppress(*_FAULTS):  # the device may be gone: then nothing is left to close
        port.close()


def _named(error: Exception, path: str) -> ScannerError:
    """Our name for a failed open. pyserial often hides the number in the exception it wraps."""
    number = getattr(error, "errno", None)
    if number is None and isinstance(error.__context__, OSError | termios.error):
        number = error.__context__.args[0]
    if number in _GONE:
        return Absent(f"{path}: not plugged in")
    if number in (errno.EACCES, errno.EPERM):
        return Denied(f"{path}: no permission (is the user in the group dialout?)")
    if number in _TAKEN:
        holder = holder_of(path)
        return Busy(f"{path}: held by " + (f"process {holder}" if holder else "another process"))
    if number in (errno.ENOTTY, errno.EISDIR) or isinstance(error, ValueError | TypeError):
        return BadConfig(f"{path}: not a serial port, or settings that it refuses: {error}")
    return Absent(f"{path}: {error}")


def holder_of(path: str) -> int | None:
    """The process (another one, visible to us) that holds the device open."""
    target = os.path.realpath(path)
    for fd in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if int(fd.parts[2]) != os.getpid() and str(fd.readlink()) == target:
                return int(fd.parts[2])
        except OSError:
            continue
    return None
