"""Who a token stood for, remembered for at most 30 seconds.

So a role, a sign-in or a key that was taken away is gone that soon on every process, and
at once on the one that took it away.
"""

from collections.abc import Callable
from typing import NamedTuple

from cloud_hub.domain.permissions import Principal

REMEMBER_MS = 30_000
REMEMBERED_MAX = 10_000


class _Remembered(NamedTuple):
    principal: Principal
    until_ms: int


class Principals:
    """By token."""

    def __init__(self) -> None:
        self._by_token: dict[str, _Remembered] = {}

    def find(self, token: str, now_ms: int) -> Principal | None:
        """Who it stood for a moment ago."""
        remembered = self._by_token.get(token)
        return remembered.principal if remembered is not None and now_ms < remembered.until_ms else None

    def remember(self, token: str, principal: Principal, now_ms: int, expires_at_ms: int | None) -> Principal:
        """For a while, and never longer than the token is good for."""
        if len(self._by_token) >= REMEMBERED_MAX:
            self._by_token.clear()
        until_ms = now_ms + REMEMBER_MS
        if expires_at_ms is not None:
            until_ms = min(until_ms, expires_at_ms)
        self._by_token[token] = _Remembered(principal, until_ms)
        return principal

    def forget(self, is_gone: Callable[[Principal], bool]) -> None:
        """Look these up again."""
        self._by_token = {token: each for token, each in self._by_token.items() if not is_gone(each.principal)}
