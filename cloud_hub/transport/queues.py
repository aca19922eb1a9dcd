"""Who is served next: one queue per origin, small backlogs first, nobody twice in a round.

Payloads of one origin are taken by one worker at a time and in order. The line of small
backlogs goes first, and every fourth turn is the large ones', so neither starves. What
exceeds an origin's room is dropped: the box sends it again.
"""

import asyncio
from collections import deque

from sync_protocol.topics import Address

ORIGIN_BYTES_MAX = 4 * 1024 * 1024
GROUP_BYTES_MAX = 256 * 1024
GROUP_PAYLOADS_MAX = 4
"""Half of what an origin may have in flight: the box sends on while these are committed."""
SMALL_BYTES = 8 * 1024


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

    async def take(self) -> tuple[Address, list[bytes]]:
        """The next origin's payloads; call `done` afterwards."""
        while not (self._small or self._large):
            self._arrived.clear()
            await self._arrived.wait()
        self._turn += 1
        is_large_turn = self._large and (not self._small or self._turn % 4 == 0)
        address = (self._large if is_large_turn else self._small).popleft()
        self._busy.add(address)
        return address, self._group(address)

    def done(self, address: Address) -> None:
        """This origin may get another turn, behind those that wait."""
        self._busy.discard(address)
        if self._waiting.get(address):
            self._line_up(address)

    def put_back(self, address: Address, payloads: list[bytes]) -> None:
        """They could not be taken now (the database is away): first in line next time."""
        queue = self._waiting.setdefault(address, deque())
        queue.extendleft(reversed(payloads))
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

    def _group(self, address: Address) -> list[bytes]:
        queue = self._waiting.get(address, deque())
        group: list[bytes] = []
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
        return group
