"""Those who hold an event stream open: few per caller, so that no program's mistake costs the others theirs.

A reader whose connection is gone counts no more, before its stream has noticed. When the
process stops, all streams end at once.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import TooMany, Unavailable

EACH_MAX = 10
"""Streams of one caller: tabs of a browser, parts of an integration."""
ALL_MAX = 1_000
"""Streams of one process."""


class _Reader(NamedTuple):
    principal_id: str
    is_there: Callable[[], bool]
    task: asyncio.Task[object] | None


class Readers:
    """The streams of this process."""

    def __init__(self) -> None:
        self._readers: set[_Reader] = set()

    def __len__(self) -> int:
        return len(self._readers)

    @contextmanager
    def joined(self, who: Principal, is_there: Callable[[], bool]) -> Iterator[None]:
        """The task that asks is a reader as long as the block lasts. Raises TooMany, Unavailable."""
        there = [reader for reader in self._readers if reader.is_there()]
        if len(there) >= ALL_MAX:
            raise Unavailable("readers", f"expected at most {ALL_MAX} event streams here", retry_after_s=30)
        if sum(reader.principal_id == who.id for reader in there) >= EACH_MAX:
            raise TooMany("readers", f"expected at most {EACH_MAX} event streams of yours", retry_after_s=30)
        reader = _Reader(who.id, is_there, asyncio.current_task())
        self._readers.add(reader)
        try:
            yield
        finally:
            self._readers.discard(reader)

    def close(self) -> None:
        """End them all."""
        for reader in self._readers:
            if reader.task is not None:
                reader.task.cancel()
