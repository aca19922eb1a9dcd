"""What processes remember of origins' ledgers, so that a live movement need not read it again.

Each entry is valid at one position only: whoever moved the ledger elsewhere made it useless,
and it is read again. The least recently used go first.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


class OriginCache(Generic[T]):
    """Something per origin, each as of a position (its mark, or the chain hash there)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[UUID, tuple[Hashable, T, int]] = OrderedDict()

    def get(self, origin_id: UUID, position: Hashable) -> T | None:
        """What is known, if it is as of this position."""
        found = self._known.get(origin_id)
        if found is None or found[0] != position:
            return None
        self._known.move_to_end(origin_id)
        return found[1]

    def put(self, origin_id: UUID, position: Hashable, known: T, size: int) -> None:
        """Remember what is known as of a position; `size` counts against the most that all may have."""
        _, _, old = self._known.pop(origin_id, (None, None, 0))
        self._size += size - old
        self._known[origin_id] = (position, known, size)
        while self._size > self._most and len(self._known) > 1:
            _, (_, _, dropped) = self._known.popitem(last=False)
            self._size -= dropped
