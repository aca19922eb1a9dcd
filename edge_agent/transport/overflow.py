"""Beeps that do not fit into memory: a file, first in first out, for as long as the agent runs.

One line per beep, handed to the kernel before the scanner's next byte is read, so memory
stays small however long the store does not keep up. A killed agent's file is set aside and
told, not booked: nobody was shown that those beeps counted, and people scan again.
"""

import os
from pathlib import Path

import orjson
import structlog

from scanner_drivers import RawScan

log = structlog.get_logger(__name__)


class Overflow:
    """The beeps of one scanner beyond those that its queue holds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = self._taken = 0
        """Bytes of the file, and how many of them are the taker's already."""
        self.waiting = 0
        """Beeps in the file."""
        if path.exists():
            aside = path.with_name(f"{path.name}.left")
            _append(aside, path.read_bytes())
            path.unlink()
            log.error("beeps of a killed agent were not booked: scan the goods again", file=str(aside))

    def put(self, scan: RawScan, mode: str) -> None:
        """Keep it behind the others. Raises OSError when the disk takes nothing more."""
        fields = [scan.raw.hex(), scan.device, scan.session, scan.sequence, scan.received_ns, scan.reason, mode]
        line = orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)
        try:
            _append(self._path, line)
        except OSError:
            # Half a line must not stand before the next one.
            if self._path.exists():
                os.truncate(self._path, self._written)
            raise
        self._written += len(line)
        self.waiting += 1

    def take(self, most: int) -> list[tuple[RawScan, str]]:
        """The first ones with their modes, which are then the caller's; the file goes with the last of them."""
        if not self.waiting:
            return []
        with self._path.open("rb") as file:
            file.seek(self._taken)
            taken = [_beep_of(file.readline()) for _ in range(min(most, self.waiting))]
            self._taken = file.tell()
        self.waiting -= len(taken)
        if not self.waiting:
            self._path.unlink()
            self._written = self._taken = 0
        return taken


def _append(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)


def _beep_of(line: bytes) -> tuple[RawScan, str]:
    raw, device, session, sequence, received_ns, reason, mode = orjson.loads(line)
    scan = RawScan(
        raw=bytes.fromhex(raw), device=device, session=session, sequence=sequence, received_ns=received_ns,
        reason=reason,
    )  # fmt: skip
    return scan, mode
