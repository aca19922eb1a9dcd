"""Power cuts in the middle of real code: the crash points of edge_agent, raised instead of _exit.

`feed(box)` says whose code runs; when that box's fuse has burnt down, the next crash
point raises PowerCut, which nothing in the product catches (it is no Exception).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


class PowerCut(BaseException):
    """The box is dead from here on."""


class Power:
    """How many crash points each box still passes."""

    def __init__(self) -> None:
        self.fuses: dict[Any, int] = {}
        self._fed: list[Any] = []

    def burn(self, box: Any, points: int) -> None:
        """The box dies at the `points`-th crash point from now."""
        self.fuses[box] = points

    def at(self, name: str) -> None:
        """What `crashpoint` is while the simulator runs."""
        if not self._fed:
            return
        box = self._fed[-1]
        left = self.fuses.get(box)
        if left is None:
            return
        if left > 0:
            self.fuses[box] = left - 1
            return
        del self.fuses[box]
        box.world.timeline.note(f"{box.name} dies at {name}")
        raise PowerCut(name)

    def feed(self, box: Any) -> None:
        """This box's code runs from here on, until `rest`."""
        self._fed.append(box)

    def rest(self) -> None:
        """Whoever was fed before goes on."""
        self._fed.pop()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """The crash points of the store box lead here inside."""
        saved = [(module, module.crashpoint) for module in _with_crash_points()]
        for module, _ in saved:
            module.crashpoint = self.at
        try:
            yield
        finally:
            for module, original in saved:
                module.crashpoint = original


@cache
def _with_crash_points() -> list[Any]:
    """All that the simulator runs is imported before the first run."""
    return [
        module for name, module in list(sys.modules.items())
        if name.startswith("edge_agent.") and hasattr(module, "crashpoint") and not name.endswith("crashpoints")
    ]  # fmt: skip
