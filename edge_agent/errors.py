"""What can go wrong in a store box, by family.

EdgeError            .code is stable; the detail says what was expected and what was given
+-- Refused          the caller's fault; nothing was changed
|   +-- Invalid      a value that can never be right (422)
|   |   +-- BadgeScanned
|   +-- NotFound     no such thing (404)
|   |   +-- UnknownCode
|   +-- Conflict     right in itself, but not in this state (409)
|   +-- Unauthenticated  nobody we know asks (401)
|   +-- Forbidden    somebody we know, who may not do this (403)
|   +-- TooMany      too often; `retry_after_s` says how long to wait (429)
|   +-- BadConfig    the settings, with every mistake in them
+-- Unavailable      not now: the disk is full, the queue is full, the file cannot be used
    +-- LinkLost     no connection to the broker, or not any more: make a new one
    +-- NotStarted   another program that cannot be run
    +-- NotPrinted   the printer has nothing of it: away, or its command said no
    +-- PerhapsPrinted  the printer may have all, some or nothing of it
"""

from pathlib import Path


class EdgeError(Exception):
    """Something a caller can be told."""

    code = "edge"

    def __init__(self, code: str, detail: str, *, remedy: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.approval_for: str | None = None
        """The operation that a manager may allow all the same; the same request then works with it."""


class Refused(EdgeError):
    """The request is answered with no; trying the same again gives the same."""


class Invalid(Refused):
    """A value is wrong; `pointer` names it (RFC 6901)."""

    def __init__(self, code: str, detail: str, *, pointer: str = "", expected: str | None = None) -> None:
        super().__init__(code, detail)
        self.pointer = pointer
        self.expected = expected


class BadgeScanned(Invalid):
    """A badge where goods were expected: it says whose it is, and never its code."""

    def __init__(self, person_id: str) -> None:
        super().__init__("badge", "expected a product's code, got somebody's badge", pointer="/code")
        self.person_id = person_id


class NotFound(Refused):
    """Nothing here has this id or code."""


class UnknownCode(NotFound):
    """A code of no product here; `number` is what of it can be linked, without lot, date and marks of a scanner."""

    def __init__(self, number: str) -> None:
        super().__init__("unknown_barcode", f"no product here has the code {number}")
        self.number = number


class Conflict(Refused):
    """The state of the store does not allow it now."""


class Unauthenticated(Refused):
    """Log in, or send a key of this box."""


class Forbidden(Refused):
    """Somebody else may do it."""


class TooMany(Refused):
    """Wait; nothing is locked for ever."""

    def __init__(self, code: str, detail: str, *, retry_after_s: int) -> None:
        super().__init__(code, detail, remedy=f"wait {retry_after_s} s")
        self.retry_after_s = retry_after_s


class Unavailable(EdgeError):
    """Nothing was changed; the same request may work later."""


class BadConfig(Refused):
    """The settings cannot be used; `mistakes` are all of them."""

    def __init__(self, mistakes: list[str], path: Path | None) -> None:
        where = f"{path} or the environment" if path else "the environment"
        super().__init__("bad_config", f"{len(mistakes)} mistakes in {where}: " + "; ".join(mistakes))
        self.mistakes = mistakes


class LinkLost(Unavailable):
    """There is no connection to the broker, or there was one."""

    def __init__(self, detail: str) -> None:
        super().__init__("link_lost", detail)


class NotStarted(Unavailable):
    """There is no such program, or it may not be run."""


class NotPrinted(Unavailable):
    """No label came out: the same run may be handed over again."""


class PerhapsPrinted(Unavailable):
    """Labels may have come out: handing the same run over again may double them."""
