"""What the sync services ask of the outside world; `edge_agent/transport` fulfils it.

A `Wire` is one live connection to the broker, bound to this box's topics and never used
again after it was lost. A `Hub` is HTTPS to head office, for what is too big for MQTT.
"""

from collections.abc import AsyncGenerator
from typing import Protocol


class Wire(Protocol):
    """One connection; `received` ends by raising `edge_agent.errors.LinkLost`."""

    @property
    def can_publish(self) -> bool: ...

    def publish(self, payload: bytes) -> None:
        """Hand a payload to the connection on the origin's up topic; raises LinkLost."""

    def tell(self, gauges: bytes) -> None:
        """Publish telemetry; dropped when the connection is busy."""

    def received(self) -> AsyncGenerator[bytes, None]:
        """Payloads of the origin's down topic."""

    async def close(self) -> None:
        """Say offline and leave; safe to call twice and after a loss."""


class Dial(Protocol):
    """Open a new Wire for an origin. Raises LinkLost when there is no broker to be reached."""

    async def __call__(self, origin_id: str) -> Wire: ...


class Hub(Protocol):
    """HTTPS to the hub. Every call raises HubUnavailable (try again) or HubRefused (a person acts)."""

    async def manifest(self, kind: str) -> bytes:
        """The manifest of a snapshot of this site, made now: `catalogue` or `successor`."""

    async def chunk(self, digest: str) -> bytes:
        """One content-addressed chunk; the caller checks its hash."""
