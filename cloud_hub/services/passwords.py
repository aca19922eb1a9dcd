"""Argon2id in its own two threads, with a bounded line in front of them.

A hash takes about 40 ms of a core, so it never runs on the event loop, and a flood of
logins is answered "ask again" instead of making everybody wait. An unknown user costs as
much time as a known one.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cloud_hub.errors import Unavailable
from sync_protocol.credentials import normal

THREADS = 2
WAITING_MAX = 64

T = TypeVar("T")
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _hash_of_nobody() -> str:
    """What a password is compared with when there is no such user."""
    return _HASHER.hash(secrets.token_hex())


class Passwords:
    """Makes and checks password hashes (m = 19 MiB, t = 2, p = 1)."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobody = _hash_of_nobody()

    async def hash(self, password: str) -> str:
        """A new hash with its salt and parameters in it."""
        return await self._run(_HASHER.hash, normal(password))

    async def verify(self, known: str | None, password: str) -> bool:
        """Whether the password made this hash; None stands for a user who does not exist or has no password."""
        is_right = await self._run(self._matches, self._nobody if known is None else known, normal(password))
        return is_right and known is not None

    def needs_rehash(self, known: str) -> bool:
        """Whether the hash was made with older parameters."""
        return _HASHER.check_needs_rehash(known)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _matches(self, known: str, password: str) -> bool:
        try:
            return _HASHER.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *args: str) -> T:
        if self._waiting >= WAITING_MAX:
            raise Unavailable("logins_busy", "expected fewer logins at once", retry_after_s=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        finally:
            self._waiting -= 1
