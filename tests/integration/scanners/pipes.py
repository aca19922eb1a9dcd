"""Devices that this machine lacks: a named pipe that the real driver opens and reads, with the bytes of a real one."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self


class PipeScanner:
    """An input or hidraw device at `path`; with a report descriptor beside it for HID POS."""

    def __init__(self, folder: Path, descriptor: bytes | None = None) -> None:
        self.path = folder / "device"
        self._descriptor = descriptor
        self._end: int | None = None

    def plug(self) -> None:
        if self._descriptor is not None:
            Path(f"{self.path}.descriptor").write_bytes(self._descriptor)
        fresh = self.path.with_name("fresh")
        os.mkfifo(fresh)
        self._end = os.open(fresh, os.O_RDWR | os.O_NONBLOCK)  # also a reader, so that nothing waits for one
        fresh.rename(self.path)

    def send(self, data: bytes) -> None:
        assert self._end is not None
        assert os.write(self._end, data) == len(data)

    def unplug(self) -> None:
        assert self._end is not None
        self.path.unlink()
        os.close(self._end)
        self._end = None

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._end is not None:
            self.unplug()
