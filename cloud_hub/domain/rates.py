"""Rate limits by the generic cell rate algorithm: one number per key, no timers.

A key may spend a whole allowance at once and gains it back evenly. Pure: `now` is an
argument. Bounded: when there are too many keys, those that are at rest are forgotten.
"""

from collections.abc import Mapping
from math import ceil
from typing import NamedTuple

from cloud_hub.errors import TooMany

KEYS_MAX = 50_000


class Allowance(NamedTuple):
    """So many requests in so many seconds; 0 requests: no limit."""

    requests: int
    seconds: int


class Standing(NamedTuple):
    """How a key stands with its allowance, as the RateLimit headers say it."""

    name: str
    allowance: Allowance
    remaining: int
    """Requests that may be made at once."""
    reset_s: int
    """Until the whole allowance is there again."""


class Rates:
    """Allowances per class of key: the text before the first colon (`principal:…`, `login:…`)."""

    def __init__(self, allowances: Mapping[str, Allowance]) -> None:
        self._allowances = dict(allowances)
        self._free_at_ms: dict[str, float] = {}
        """When a key will have gained back all that it spent."""

    def require(self, key: str, now_ms: int) -> None:
        """Count one request. Raises TooMany."""
        allowance = self._allowances.get(key.partition(":")[0])
        if allowance is None or not allowance.requests:
            return
        window_ms = allowance.seconds * 1000
        free_at = max(self._free_at_ms.get(key, 0.0), now_ms) + window_ms / allowance.requests
        late_ms = free_at - now_ms - window_ms
        if late_ms > 0:
            detail = f"expected at most {allowance.requests} requests in {allowance.seconds} s"
            raise TooMany("rate", detail, retry_after_s=int(late_ms / 1000) + 1)
        if len(self._free_at_ms) >= KEYS_MAX:
            self._forget(now_ms)
        self._free_at_ms[key] = free_at

    def standing(self, key: str, now_ms: int) -> Standing | None:
        """What is left to a key; None without a limit."""
        name = key.partition(":")[0]
        allowance = self._allowances.get(name)
        if allowance is None or not allowance.requests:
            return None
        spent_ms = max(0.0, self._free_at_ms.get(key, 0.0) - now_ms)
        left_ms = allowance.seconds * 1000 - spent_ms
        remaining = int(left_ms * allowance.requests / (allowance.seconds * 1000) + 1e-6)
        return Standing(name, allowance, remaining, ceil(spent_ms / 1000))

    def forgive(self, key: str) -> None:
        """A success clears what the tries before it spent."""
        self._free_at_ms.pop(key, None)

    def _forget(self, now_ms: int) -> None:
        busy = {key: at for key, at in self._free_at_ms.items() if at > now_ms}
        self._free_at_ms = busy if len(busy) < KEYS_MAX else {}
