"""Watch the disk: warn early, stop what is optional, and keep a reserve so that selling goes on.

A full disk also blocks acknowledgements, because saving a mark is a write. So a ballast
file is made at the first start and given up at the last watermark: the outbox can drain,
pruning can make room, and sales go on meanwhile. It is made again when there is room.
"""

import os
import shutil
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import structlog

from edge_agent.storage.files import PRIVATE

log = structlog.get_logger(__name__)

GIB = 1 << 30


class Line(NamedTuple):
    """Free room that is too little: below this share of the disk, and of a large disk below so many bytes."""

    share: float
    bytes: int

    def of(self, total: int) -> float:
        """In bytes. A large disk has room enough for a store when a tenth of it is free, or much less."""
        return min(self.share * total, self.bytes)


WARN_BELOW = Line(0.20, 8 * GIB)
OPTIONAL_STOPS_BELOW = Line(0.10, 2 * GIB)
"""Chatty logs and snapshots wait."""
BALLAST_GOES_BELOW = Line(0.02, GIB // 2)


class Watermark(IntEnum):
    """How full the disk is, in what that means."""

    ROOM = 0
    WARN = 1
    TIGHT = 2
    FULL = 3


class Space(NamedTuple):
    """Bytes of the file system that the database is on."""

    free: int
    total: int


def watermark(space: Space) -> Watermark:
    """The one place that compares."""
    if space.free < BALLAST_GOES_BELOW.of(space.total):
        return Watermark.FULL
    if space.free < OPTIONAL_STOPS_BELOW.of(space.total):
        return Watermark.TIGHT
    return Watermark.WARN if space.free < WARN_BELOW.of(space.total) else Watermark.ROOM


def measure(folder: Path) -> Space:
    """What the file system says now."""
    usage = shutil.disk_usage(folder)
    return Space(usage.free, usage.total)


class Disk:
    """The watermark as last seen, and the ballast."""

    def __init__(
        self, folder: Path, ballast: Path, ballast_bytes: int, measure: Callable[[Path], Space] = measure
    ) -> None:
        self._folder, self._ballast, self._ballast_bytes = folder, ballast, ballast_bytes
        self._measure = measure
        self.space = Space(0, 0)
        self.watermark = Watermark.ROOM

    @property
    def allows_optional(self) -> bool:
        """Whether snapshots and detailed logs may use room."""
        return self.watermark < Watermark.TIGHT

    @property
    def has_ballast(self) -> bool:
        return self._ballast_bytes == 0 or self._ballast.exists()

    def observe(self) -> Watermark:
        """Measure only."""
        self.space = self._measure(self._folder)
        self.watermark = watermark(self.space)
        return self.watermark

    def look(self) -> Watermark:
        """Measure and act; called often and on every failed write."""
        before = self.watermark
        found = self.observe()
        if found is not before:
            log.log(
                30 if found > before else 20, "disk watermark", watermark=found.name.lower(),
                free_mb=self.space.free >> 20, total_mb=self.space.total >> 20,
            )  # fmt: skip
        if found is Watermark.FULL:
            self.release()
        elif found is Watermark.ROOM:
            self.reserve()
        return found

    def reserve(self) -> None:
        """Make the ballast if it is missing and the disk keeps room besides."""
        if self.has_ballast or self.space.free - self._ballast_bytes < WARN_BELOW.of(self.space.total):
            return
        descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT, PRIVATE)
        try:
            os.posix_fallocate(descriptor, 0, self._ballast_bytes)
        except OSError as error:
            log.warning("no ballast", error=str(error))
            self._ballast.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Give the reserve up: the records of today matter more."""
        if self._ballast.exists():
            self._ballast.unlink()
            log.error("the disk is full: its reserve was released", freed_mb=self._ballast_bytes >> 20)
