"""The agent as it is, which also writes down when each scan was there: `python -m tests.benchmarks.hearing_agent …`.

Eight bytes a scan into the file that BENCH_HEARD names, by the clock that all processes of the machine share.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from edge_agent import __main__ as program  # first: it keeps the process small
from edge_agent import app
from edge_agent.transport.scanners import Scanners, ScannerSettings
from scanner_drivers.framing import Frame, Recipe


class _Ear:
    """A `Tap` that hears of whole scans only."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def opened(self, session: int, t_ns: int, recipe: Recipe, /) -> None: ...

    def received(self, session: int, t_ns: int, data: bytes, readable: bytes, /) -> None: ...

    def framed(self, _session: int, _frame: Frame, /) -> None:
        os.write(self._fd, time.monotonic_ns().to_bytes(8, "little"))


class _HearingScanners(Scanners):
    def __init__(self, settings: Sequence[ScannerSettings], folder: Path) -> None:
        super().__init__(settings, folder)
        for scanner in self.scanners:
            scanner.supervisor.tap(_Ear(os.environ["BENCH_HEARD"]))


if __name__ == "__main__":
    app.Scanners = _HearingScanners  # type: ignore[misc]
    program.main()
