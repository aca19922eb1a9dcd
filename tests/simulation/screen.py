"""What an operator gets to see: every anomaly leaves a line here, and it outlives any restore."""

from collections import Counter
from typing import NamedTuple


class Shown(NamedTuple):
    at: int
    site_id: str | None
    kind: str


class Screen:
    """Lines in the order in which they appeared."""

    def __init__(self, now: object) -> None:
        self._now = now
        self.lines: list[Shown] = []
        self.kinds: Counter[str] = Counter()

    def show(self, site_id: str | None, kind: str) -> None:
        at: int = self._now.now  # type: ignore[attr-defined]
        self.lines.append(Shown(at, site_id, kind))
        self.kinds[kind] += 1

    def has(self, kind: str, site_id: str | None, since: int = 0) -> bool:
        """Whether such a line appeared for this site (or for the whole chain) after a time."""
        return any(line.kind == kind and line.at >= since and line.site_id in (None, site_id) for line in self.lines)
