"""Who is served next: one queue per origin, small backlogs first, nobody twice in a round.

Payloads of one origin are taken by one worker at a time and in order. The line of small
backlogs goes first, those that wait together; every fourth turn is a large one's, so
neither starves. What exceeds an origin's room is dropped: the box sends it again.
"""

import asyncio
from collections import deque
from typing import NamedTuple

from sync_protocol.topics import Address

ORIGIN_BYTES_MAX = 4 * 1024 * 1024
GROUP_BYTES_MAX = 256 * 1024
GROUP_PAYLOADS_MAX = 4
"""Half of what an origin may have in flight: the box sends on while these are committed."""
SMALL_BYTES = 8 * 1024
TOGETHER_MAX = 16
"""Small backlogs that are served in one turn: they share each statement and the commit."""


class Turn(NamedTuple):
    """One origin's payloads, in order; whoever has dealt with one removes it."""

    address: Address
    payloads: deque[bytes]


class OriginQueues:
    """Waiting payloads, and the order in which origins get their turn."""

    def __init__(self) -> None:
        self._waiting: dict[Address, deque[bytes]] = {}
        self._bytes: dict[Address, int] = {}
        self._small: deque[Address] = deque()
        self._large: deque[Address] = deque()
        self._busy: set[Address] = set()
        self._turn = 0
        self._arrived = asyncio.Event()
        self.dropped = 0

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._waiting.values())

    def put(self, address: Address, payload: bytes) -> None:
        """A payload came in."""
        held = self._bytes.get(address, 0)
        if held + len(payload) > ORIGIN_BYTES_MAX:
            self.dropped += 1
            return
        is_new = address not in self._waiting
        self._waiting.setdefault(address, deque()).append(payload)
        self._bytes[address] = held + len(payload)
        if is_new and address not in self._busy:
            self._line_up(address)

    async def take(self) -> list[Turn]:
        """The next origins' payloads: a large backlog, or small ones that wait; call `done` with them afterwards."""
        while not (self._small or self._large):
            self._arrived.clear()
            await self._arrived.wait()
        self._turn += 1
        if self._large and (not self._small or self._turn % 4 == 0):
            return [self._turn_of(self._large.popleft())]
        return [self._turn_of(self._small.popleft()) for _ in range(min(len(self._small), TOGETHER_MAX))]

    def done(self, turns: list[Turn]) -> None:
        """These origins may get another turn, behind those that wait."""
        for address, _ in turns:
            self._busy.discard(address)
            if self._waiting.get(address):
                self._line_up(address)

    def put_back(self, turns: list[Turn]) -> None:
        """What is left of them could not be taken now (the database is away): first in line next time."""
        for address, payloads in turns:
            if payloads:
                self._waiting.setdefault(address, deque()).extendleft(reversed(payloads))
                self._bytes[address] = self._bytes.get(address, 0) + sum(map(len, payloads))

    def clear(self) -> None:
        """The connection is gone; what waited will be sent again."""
        self._waiting.clear()
        self._bytes.clear()
        self._small.clear()
        self._large.clear()

    def _line_up(self, address: Address) -> None:
        is_small = self._bytes.get(address, 0) <= SMALL_BYTES
        (self._small if is_small else self._large).append(address)
        self._arrived.set()

    def _turn_of(self, address: Address) -> Turn:
        self._busy.add(address)
        queue = self._waiting.get(address, deque())
        group: deque[bytes] = deque()
        size = 0
        while queue and len(group) < GROUP_PAYLOADS_MAX and (not group or size + len(queue[0]) <= GROUP_BYTES_MAX):
            group.append(queue.popleft())
            size += len(group[-1])
        left = self._bytes.get(address, 0) - size
        if queue:
            self._bytes[address] = left
        else:
            self._waiting.pop(address, None)
            self._bytes.pop(address, None)
        return Turn(address, group)
