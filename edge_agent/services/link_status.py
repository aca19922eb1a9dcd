"""What the screen, telemetry and health say of the link: one small object, always current."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sync_protocol.edge_session import EdgeSession, Link

ERROR_CHARS_MAX = 300


@dataclass(slots=True, kw_only=True)
class LinkStatus:
    """Written by the link only."""

    origin_id: str = ""
    state: str = Link.OFFLINE
    since_ms: int = 0
    """When `state` began, by the box's clock."""
    detail: str = ""
    head: int = 0
    mark: int = 0
    in_step_at_ms: int = 0
    """When the hub was last known to have everything."""
    connections: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    records_up: int = 0
    last_error: str = ""
    last_error_ms: int = 0
    listeners: list[Callable[[], None]] = field(default_factory=list)
    """Called when the state or the mark changes."""

    @property
    def pending(self) -> int:
        return max(0, self.head - self.mark)

    def note(self, session: EdgeSession, clock_ms: int) -> None:
        """Take over what the session says now."""
        before = (self.state, self.mark)
        self._enter(session.link, clock_ms)
        self.detail = session.detail[:ERROR_CHARS_MAX]
        if session.link is Link.STREAMING:
            self.head, self.mark = session.sender.head, session.sender.mark
            if not self.pending:
                self.in_step_at_ms = clock_ms
        if before != (self.state, self.mark):
            self._tell()

    def failed(self, reason: str, clock_ms: int) -> None:
        """Something went wrong and will be tried again."""
        self.last_error, self.last_error_ms = reason[:ERROR_CHARS_MAX], clock_ms

    def lost(self, reason: str, clock_ms: int) -> None:
        """The connection is gone."""
        self.failed(reason, clock_ms)
        self._enter(Link.OFFLINE, clock_ms)
        self._tell()

    def _enter(self, state: str, clock_ms: int) -> None:
        if state != self.state:
            self.connections += state == Link.STREAMING
            self.state, self.since_ms = state, clock_ms

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()
