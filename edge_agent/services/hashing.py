"""Argon2id beside the loop, one at a time: each takes 19 MiB and some 40 ms of a core, and a box has little of both.

A flood of log-ins is answered "ask again". Somebody who does not exist costs as much as somebody who does.
"""

import asyncio
import secrets
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from edge_agent.errors import Unavailable

WAITING_MAX = 16

T = TypeVar("T")
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Hashing:
    """Makes and checks hashes of PINs and passwords."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def hash(self, secret: str) -> str:
        """A new hash with its salt and parameters in it."""
        return await self._run(_HASHER.hash, secret)

    async def verify(self, known: str | None, secret: str) -> bool:
        """Whether the secret made this hash; None stands for nobody."""
        is_right = await self._run(_matches, known, secret)
        return is_right and known is not None

    async def _run(self, work: Callable[..., T], *arguments: str | None) -> T:
        if self._waiting >= WAITING_MAX:
            raise Unavailable("log_ins_busy", "expected fewer log-ins at once", remedy="try again in a moment")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._waiting -= 1


def _matches(known: str | None, secret: str) -> bool:
    try:
        return _HASHER.verify(_of_nobody() if known is None else known, secret)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _of_nobody() -> str:
    return _HASHER.hash(secrets.token_hex())
