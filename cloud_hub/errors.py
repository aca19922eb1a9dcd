"""What can go wrong at the hub, by what the caller can do about it.

    HubError             .code is stable (clients switch on it), .detail says expected and got
    +-- Invalid          a value that cannot be accepted as it is
    +-- Unauthenticated  nobody we know asks
    +-- Forbidden        somebody we know asks for what is not theirs
    +-- NotFound         nothing under that id (or nothing the caller may see)
    +-- Gone             it was here once, and cannot come back
    +-- Conflict         the state at the hub does not allow it
    +-- Stale            the caller edits a version that is no longer the newest
    +-- TooMany          asked too often; `retry_after_s` says when to ask again
    +-- Unavailable      a part the hub needs is away; nothing was changed, ask again
    +-- Misconfigured    a mistake in the configuration or the state folder; the program ends

The web layer turns each family into one HTTP status (web/problems.py); nothing else
knows statuses.
"""

from typing import ClassVar


class HubError(Exception):
    """A refusal with a reason; nothing was changed by it."""

    family: ClassVar[str] = "error"

    def __init__(self, code: str, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        """JSON pointer of the offending field, where there is one."""


class Invalid(HubError):
    family = "invalid"


class Unauthenticated(HubError):
    family = "unauthenticated"


class Forbidden(HubError):
    family = "forbidden"


class NotFound(HubError):
    family = "not_found"


class Gone(HubError):
    family = "gone"


class Conflict(HubError):
    family = "conflict"


class Stale(HubError):
    family = "stale"


class TooMany(HubError):
    family = "too_many"

    def __init__(self, code: str, detail: str, *, retry_after_s: int) -> None:
        super().__init__(code, detail)
        self.retry_after_s = retry_after_s


class Unavailable(HubError):
    family = "unavailable"

    def __init__(self, code: str, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(code, detail)
        self.retry_after_s = retry_after_s


class Misconfigured(HubError):
    family = "misconfigured"
