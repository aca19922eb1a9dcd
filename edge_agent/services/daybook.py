"""The store's day in figures, from its own ledger: what was sold, came back, came in, was lost, counted and raised.

A day is the records that were written on it (`storage/store_days.py`): what a handheld hands in
later belongs to the day on which it came. Money is of the prices that the movements froze. What was
taken back on its own day counts as if it had never been; on a later day it is that day's return.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from edge_agent.services import undoing
from edge_agent.services.ruling import today
from edge_agent.storage import daybook, ledger, store_days
from edge_agent.storage.daybook import Sold, Sum
from edge_agent.storage.store_days import Stretch
from sync_protocol import chain
from sync_protocol.vocabulary import Location, Reason

SELLING_MOST = 10
LOSSES = (Reason.DAMAGE, Reason.EXPIRY, Reason.THEFT)


@dataclass(slots=True)
class Figures:
    """How often, how much, and for how much money by currency."""

    movements: int = 0
    quantity: int = 0
    value: Counter[str] = field(default_factory=Counter)
    cost: Counter[str] = field(default_factory=Counter)

    def add(self, row: Sum, sign: int = 1) -> None:
        self.movements += row.movements
        self.quantity += sign * row.quantity
        if row.currency is not None:
            self.value[row.currency] += sign * row.value
            self.cost[row.currency] += sign * row.cost


@dataclass(slots=True, kw_only=True)
class Day:
    """A day of the store."""

    day: str
    is_today: bool
    position: int
    """The ledger's last of the day."""
    by_reason: dict[str, Figures]
    """Losses and corrections are net: what was taken back is not lost."""
    best_selling: list[Sold]
    taken_back: int
    """How many movements of the day were undone on it: neither they nor their undoing are in any figure here."""
    deliveries: int
    counts: dict[str, tuple[int, int, int]]
    """Status -> lines, products, variance."""
    people: dict[str, dict[str, int]]
    """Who -> reason -> movements."""
    alerts: dict[str, Counter[str]]
    """Rule -> what has become of those that were opened on the day."""
    open_tasks: dict[str, int]
    """Rule -> how many wait now."""


def day_of_store(connection: sqlite3.Connection, day: str | None, now_ms: int) -> Day:
    """The report of a day (None: today)."""
    current, head = today(connection, now_ms), ledger.last_position(connection)
    wanted = day or current
    parts = store_days.stretches(connection, wanted, head)
    undone = _undone(connection, parts)
    but = undone.keys() | undone.values()
    selling: Counter[tuple[str, str | None]] = Counter()
    value: Counter[tuple[str, str | None]] = Counter()
    found = Day(
        day=wanted, is_today=wanted == current, position=max((part.until for part in parts), default=0), by_reason={},
        best_selling=[], taken_back=len(undone), deliveries=0,
        counts={}, people={}, alerts={}, open_tasks=dict(daybook.open_tasks(connection)),
    )  # fmt: skip
    for after, until in parts:
        _add_sums(found.by_reason, daybook.sums(connection, after, until, but))
        found.deliveries += daybook.deliveries(connection, after, until)
        for status, *figures in daybook.counted(connection, after, until):
            before = found.counts.get(status, (0, 0, 0))
            found.counts[status] = (before[0] + figures[0], before[1] + figures[1], before[2] + figures[2])
        for actor, reason, movements in daybook.by_actor(connection, after, until, but):
            of_actor = found.people.setdefault(actor or "", {})
            of_actor[reason] = of_actor.get(reason, 0) + movements
        for rule, state, count in daybook.raised(connection, after, until):
            found.alerts.setdefault(rule, Counter())[state] += count
        for sold in daybook.best_selling(connection, after, until, but, SELLING_MOST):
            selling[sold.product_id, sold.name] += sold.quantity
            value[sold.product_id, sold.name] += sold.value
    best = sorted(selling, key=lambda each: (-selling[each], each[0]))[:SELLING_MOST]
    found.best_selling = [Sold(*each, selling[each], value[each]) for each in best]
    return found


def _undone(connection: sqlite3.Connection, parts: Sequence[Stretch]) -> dict[int, int]:
    """What of a day was taken back on the same day: its position -> the position of what did it."""
    if not parts:
        return {}
    found = daybook.opposites(connection, parts[0].after, parts[-1].until, undoing.KEY_PREFIX)
    return {
        each.of_position: each.position
        for each in found
        if each.key == undoing.key_of(str(chain.movement_id(each.of_hash)))
        and _is_of(parts, each.of_position)
        and _is_of(parts, each.position)
    }


def _is_of(parts: Sequence[Stretch], position: int) -> bool:
    return any(after < position <= until for after, until in parts)


def _add_sums(by_reason: dict[str, Figures], rows: Iterable[Sum]) -> None:
    for row in rows:
        # What goes back where it came from (a loss that was none, a correction up) counts against the rest.
        is_back = row.reason in (*LOSSES, Reason.CORRECTION, Reason.COUNT) and row.to_location not in (
            Location.SHRINKAGE, Location.ADJUSTMENT,
        )  # fmt: skip
        by_reason.setdefault(row.reason, Figures()).add(row, -1 if is_back else 1)
