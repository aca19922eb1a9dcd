"""What the screens ask of the box's scanners; `edge_agent/transport/scanners.py` fulfils it."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from edge_agent.errors import NotFound
from scanner_drivers import ScannerHealth
from scanner_drivers.monitor import Recent

Seen = tuple[str, dict[str, Any]]
"""The kind of an event (`opened`, `bytes`, `frame`, `missed`) and what it says."""


class Scanner(Protocol):
    """One scanner of the configuration."""

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def mode(self) -> str:
        """What its beeps mean now."""
        ...

    @property
    def health(self) -> ScannerHealth: ...

    @property
    def recent(self) -> Recent: ...

    def watch(self) -> AbstractContextManager[asyncio.Queue[Seen]]:
        """Everything that it sends while inside. Raises Unavailable when too many watch it."""
        ...


class ScannerRoom(Protocol):
    """All scanners of the box."""

    @property
    def scanners(self) -> Sequence[Scanner]: ...

    async def set_mode(self, name: str, mode: str) -> None:
        """Change what its beeps mean, also after a restart. Raises NotFound."""
        ...


class NoScanners:
    """A box without any."""

    scanners: Sequence[Scanner] = ()

    async def set_mode(self, name: str, mode: str) -> None:  # noqa: ARG002 - there is none to set
        find(self.scanners, name)


S = TypeVar("S", bound=Scanner)


def find(scanners: Sequence[S], name: str) -> S:
    """The scanner of that name. Raises NotFound."""
    for scanner in scanners:
        if scanner.name == name:
            return scanner
    known = ", ".join(scanner.name for scanner in scanners) or "none at all"
    raise NotFound("unknown_scanner", f"{name[:60]}: expected a scanner of this box ({known})")
