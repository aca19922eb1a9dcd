"""A scanner without hardware: a pseudo-terminal that the real serial driver opens.

`path` is a link that stays the same while the terminal behind it changes, as with udev's
by-id names. `unplug` hangs up and takes the link away; `plug` makes a new terminal. For
tests and the demo. It cannot play baud rate, parity or USB errors.
"""

import os
import select
import shutil
import tempfile
import termios
import time
import tty
from pathlib import Path
from types import TracebackType
from typing import Self

from scanner_drivers.errors import Lost

_WRITE_S = 10.0


class PtyScanner:
    """Plugged in on entry. Give `link` to choose its path, else a temporary one is used."""

    def __init__(self, link: Path | None = None) -> None:
        self._folder = None if link else Path(tempfile.mkdtemp(prefix="scanner-"))
        self._link = link or Path(str(self._folder)) / "ttyACM0"
        self._master: int | None = None

    @property
    def path(self) -> str:
        return str(self._link)

    def scan(self, code: str | bytes, suffix: bytes = b"\r") -> None:
        """Pull the trigger once."""
        self.send((code.encode() if isinstance(code, str) else code) + suffix)

    def send(self, data: bytes) -> None:
        """Bytes as they are: half frames, noise, floods. Raises Lost when nobody reads for 10 s."""
        if self._master is None:
            raise Lost(f"{self.path}: unplugged")
        deadline = time.monotonic() + _WRITE_S
        while data:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Lost(f"{self.path}: nobody reads") from None
                select.select([], [self._master], [], 0.05)

    def plug(self) -> None:
        """A new terminal appears under the same path; no effect when plugged in."""
        if self._master is not None:
            return
        self._master, slave = os.openpty()
        try:
            tty.setraw(slave, termios.TCSANOW)  # no echo, no CR to NL, before anybody has opened it
            os.set_blocking(self._master, False)
            fresh = self._link.with_name(self._link.name + ".new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(os.ttyname(slave))
            fresh.replace(self._link)
        finally:
            os.close(slave)

    def unplug(self) -> None:
        """Hang up and remove the node; bytes that nobody has read are lost, as on real hardware."""
        if self._master is not None:
            self._link.unlink(missing_ok=True)
            os.close(self._master)
            self._master = None

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
