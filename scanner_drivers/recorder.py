"""Writes what a device sent, chunk by chunk, as `replay://` reads it.

One JSON object a line: `t_ns` (monotonic), `session`, and `direction`: `open` with the recipe
by which the bytes are to be read, or `rx` with them in `hex`. Each line is flushed, so that
the bytes before a crash are there. The file may be cut anywhere between two lines.
"""

import contextlib
import json
from pathlib import Path
from types import TracebackType
from typing import Self

from scanner_drivers.framing import Frame, Recipe


class Recorder:
    """A `Tap` that appends to one file until closed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self.error = ""
        """Why recording stopped, if it did."""

    def opened(self, session: int, t_ns: int, recipe: Recipe) -> None:
        self._write({"t_ns": t_ns, "session": session, "direction": "open", "recipe": dict(recipe)})

    def received(self, session: int, t_ns: int, data: bytes, _readable: bytes, /) -> None:
        self._write({"t_ns": t_ns, "session": session, "direction": "rx", "hex": data.hex()})

    def framed(self, session: int, frame: Frame, /) -> None:
        """Frames come out again when the bytes are played."""

    def _write(self, entry: dict[str, object]) -> None:
        if self.error:
            return
        try:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()
        except OSError as error:  # a full disk must not cost a scan
            self.error = str(error)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what could not be written cannot be flushed either
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
