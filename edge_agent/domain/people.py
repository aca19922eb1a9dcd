"""Who asks, what they may do, how long a log-in holds, and how long to wait after wrong ones.

Pure: `now` is an argument. A wait grows with each wrong try and has an end: nobody is locked out
for ever, by others or by a clock that was set back.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from edge_agent.errors import Forbidden

STOCK_READ, STOCK_WRITE, STOCK_APPROVE = "stock.read", "stock.write", "stock.approve"
ALERTS_READ, ALERTS_WRITE = "alerts.read", "alerts.write"
PRODUCTS_WRITE = "products.write"
COUNTS_EXPECTED, ORDERS_EXPECTED, REPORTS_READ = "counts.expected", "orders.expected", "reports.read"
"""Who lacks the first two counts and receives blind."""
PERMISSIONS = (
    ALERTS_READ, ALERTS_WRITE, COUNTS_EXPECTED, ORDERS_EXPECTED, "orders.read", "products.read", PRODUCTS_WRITE,
    REPORTS_READ, STOCK_APPROVE, STOCK_READ, STOCK_WRITE,
)  # fmt: skip
"""All that mean something at a box; a key of the box has them all."""
ADMIN = "admin"
"""Their PINs are set at head office only: a stolen box shall let nobody in elsewhere as one of them."""

HOUR_MS = 3_600_000
IDLE_MS = 12 * HOUR_MS
"""A session that nobody used for a shift is over."""
LIFE_MS = 7 * 24 * HOUR_MS
APPROVAL_MS = 5 * 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may work here (`is_active`) or once might, as head office says."""

    person_id: str
    username: str | None = None
    email: str | None = None
    full_name: str = ""
    role: str = ""
    permissions: frozenset[str] = frozenset()
    password_hash: str | None = None
    pin_hash: str | None = None
    pin_set_at: int = 0
    badge_hash: str | None = None
    is_active: bool = True
    version: tuple[int, int] = (0, 0)

    @property
    def name(self) -> str:
        """The actor of what they do, as head office names them."""
        return self.username or self.email or self.person_id

    @property
    def can_log_in(self) -> bool:
        return self.is_active and any((self.password_hash, self.pin_hash, self.badge_hash))

    def gone(self) -> "Person":
        """May not work here any more; nothing is kept that could let them in."""
        return replace(
            self, is_active=False, permissions=frozenset(), password_hash=None, pin_hash=None, pin_set_at=0,
            badge_hash=None,
        )  # fmt: skip


class Session(NamedTuple):
    """One log-in on one device."""

    session_id: str
    person_id: str
    device: str
    started_at: int
    used_at: int
    expires_at: int

    def is_over(self, now_ms: int) -> bool:
        return now_ms >= self.expires_at or now_ms - self.used_at >= IDLE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks the box: a person who logged in, or whoever holds a key of the box, who may do everything."""

    name: str
    """The actor of what they do."""
    person: Person | None = None
    session: Session | None = None
    approval: str | None = None
    """A manager's approvals that came with the request, with commas between them."""

    @property
    def session_id(self) -> str:
        return "" if self.session is None else self.session.session_id

    def may(self, permission: str) -> bool:
        return self.person is None or permission in self.person.permissions

    def require(self, permission: str) -> None:
        """Raises Forbidden."""
        if not self.may(permission):
            raise Forbidden("permission", f"expected somebody with {permission}, got {self.name}")


class Patience(NamedTuple):
    """How many wrong tries are free, and how the wait grows after them."""

    free: int
    first_ms: int
    longest_ms: int
    forgotten_ms: int


OF_PERSON = Patience(free=4, first_ms=5_000, longest_ms=HOUR_MS, forgotten_ms=24 * HOUR_MS)
"""A PIN of four digits then stands some twenty guesses a day."""
OF_DEVICE = Patience(free=20, first_ms=2_000, longest_ms=5 * 60_000, forgotten_ms=HOUR_MS)
SUSPICIOUS = 10
"""So many wrong tries in a row of one person are a task for somebody to look at."""


class Tries(NamedTuple):
    """Wrong log-ins of a person, or from a device, since the last right one."""

    failed: int
    last_at: int


def wait_ms(tries: Tries | None, patience: Patience, now_ms: int) -> int:
    """How long until the next try; 0: now."""
    if tries is None or tries.failed < patience.free:
        return 0
    wait = min(patience.first_ms << min(tries.failed - patience.free, 30), patience.longest_ms)
    # A clock that was set back does not make it longer than it is.
    return max(0, min(tries.last_at + wait - now_ms, wait))


def tried_again(tries: Tries | None, patience: Patience, now_ms: int) -> Tries:
    """One more."""
    if tries is None or now_ms - tries.last_at > patience.forgotten_ms:
        return Tries(1, now_ms)
    return Tries(tries.failed + 1, now_ms)
