"""Virtual time: one queue of events, one seeded source of chance, one hash of all that happened.

Nothing in the simulator may look at another clock or another random source; then one seed
is one run, and the trace hash proves it. Times are whole milliseconds.
"""

import heapq
from collections.abc import Callable
from hashlib import blake2b
from random import Random
from typing import Any

EVENTS_MAX = 60_000
"""About thirty times what a schedule needs."""


class RunsInCircles(Exception):
    """Something happens again and again and comes to nothing."""


class Timeline:
    """The queue of what is going to happen."""

    def __init__(self, seed: int) -> None:
        self.now = 0
        self.random = Random(seed)
        self.events = 0
        self._queue: list[tuple[int, int, Callable[..., Any], tuple[Any, ...]]] = []
        self._order = 0
        self._trace = blake2b(digest_size=16)
        self.log: list[str] | None = None

    def after(self, delay: int, action: Callable[..., Any], *args: Any) -> None:
        """Do this once the time has come."""
        self._order += 1
        heapq.heappush(self._queue, (self.now + max(delay, 0), self._order, action, args))

    def note(self, what: str, data: bytes = b"") -> None:
        """Something happened: it becomes part of the trace."""
        self._trace.update(f"{self.now} {what}\n".encode())
        self._trace.update(data)
        if self.log is not None:
            self.log.append(f"{self.now:>8} {what}")

    def trace_hash(self) -> str:
        """Equal for two runs only if the same things happened at the same times."""
        return self._trace.hexdigest()

    def run(self, until: int) -> None:
        """Let everything happen that is due up to this time."""
        queue = self._queue
        while queue and queue[0][0] <= until:
            self.now, _, action, args = heapq.heappop(queue)
            self.events += 1
            if self.events > EVENTS_MAX:
                raise RunsInCircles(f"more than {EVENTS_MAX} events by {self.now} ms")
            action(*args)
        self.now = until

    def identifier(self) -> str:
        """A UUID from the seed."""
        bits = (self.random.getrandbits(128) & ~((0xF << 76) | (0x3 << 62))) | (0x7 << 76) | (0x2 << 62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def token(self) -> str:
        """Eight random bytes as hex: a session, lease or instance."""
        return f"{self.random.getrandbits(64):016x}"
