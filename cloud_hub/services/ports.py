"""What the services ask of the outside; adapters of `transport/` fulfil it, `app` joins them."""

from collections.abc import Callable, Mapping
from typing import Protocol

from sync_protocol.topics import Address

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes], None]
Now = Callable[[], int]
"""Milliseconds of UTC."""
RandomToken = Callable[[], str]
"""8 random bytes as hex: a lease."""


class Downlink(Protocol):
    """Sends payloads to a box; lossy by nature, so nothing may depend on one arriving."""

    def send(self, address: Address, payload: bytes) -> bool:
        """Hand over a payload; False when there is no connection or no room."""
        ...


class Successions(Protocol):
    """Take-overs whose boxes have come, outside the database: a restore must not open again what they closed."""

    def note_succession(self, certificate: str) -> None:
        """The box of this certificate has spoken."""
        ...

    def successions(self) -> list[str]:
        """Their certificates, in order."""
        ...


class DenyList(Protocol):
    """Revocations that are kept outside the database, so that a restore cannot undo them."""

    def is_denied(self, device_id: str) -> bool:
        """Whether this device was revoked."""
        ...


class Undelivered(Exception):
    """A receiver did not take it. `is_final`: trying again cannot help."""

    def __init__(self, detail: str, *, status: int | None = None, is_final: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.is_final = is_final


class Post(Protocol):
    """Sends one HTTP request to an integrator's address, never to one of ours."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of its answer when that is 2xx. Raises Undelivered."""
        ...


class SendMail(Protocol):
    """Hands one mail over."""

    async def __call__(self, to: str, subject: str, text: str, message_id: str) -> None:
        """Raises Undelivered."""
        ...
