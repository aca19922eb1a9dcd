"""What one MQTT connection has on its way at QoS 1, and what waits for room.

paho is handed only what the window has room for: what it holds itself it sends twice or not
at all. Knows neither paho nor a socket; everyone who waits for a PUBACK is told, here or when all is lost.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

from sync_protocol.errors import Lost, Unavailable

WAITING_MAX = 10_000
"""Messages that may wait for the window of one connection before `put` refuses."""


@dataclass(slots=True)
class Outgoing:
    """A message to publish; `confirmed` is whoever waits for its PUBACK."""

    topic: str
    payload: bytes
    retain: bool
    expiry_s: int | None
    confirmed: asyncio.Future[None] | None


class Window:
    """Messages in the order they were put; at most `size` of them are unacknowledged."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: deque[Outgoing] = deque()
        self._unacked: dict[int, asyncio.Future[None] | None] = {}

    @property
    def has_room(self) -> bool:
        """What is put now goes out at once."""
        return len(self._unacked) < self._size and not self._waiting

    def narrow(self, size: int) -> None:
        """The broker takes no more than this many at once."""
        self._size = min(self._size, size)

    def put(self, out: Outgoing) -> None:
        """Raises Unavailable (`congested`)."""
        if len(self._waiting) >= WAITING_MAX:
            raise Unavailable("congested", f"{WAITING_MAX} messages wait for the broker")
        self._waiting.append(out)

    def take(self) -> Outgoing | None:
        """The next that may go out; then `sent`."""
        return self._waiting.popleft() if self._waiting and len(self._unacked) < self._size else None

    def sent(self, mid: int, out: Outgoing) -> None:
        """It is on its way under this packet identifier."""
        self._unacked[mid] = out.confirmed

    def acked(self, mid: int, refusal: Unavailable | None) -> None:
        """The broker took it, or refused it."""
        confirmed = self._unacked.pop(mid, None)
        if confirmed is not None and not confirmed.done():
            if refusal is not None:
                confirmed.set_exception(refusal)
            else:
                confirmed.set_result(None)

    def lose(self, lost: Lost) -> None:
        """Nothing of it is known any more."""
        for confirmed in (*self._unacked.values(), *(out.confirmed for out in self._waiting)):
            fail(confirmed, lost)
        self._unacked.clear()
        self._waiting.clear()


def fail(waiter: asyncio.Future[None] | None, error: Exception) -> None:
    """Tell whoever waits, if somebody does; nobody has to listen."""
    if waiter is not None and not waiter.done():
        waiter.set_exception(error)
        waiter.exception()
