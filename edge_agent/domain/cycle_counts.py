"""What is counted how often: products by their share of the sales (A, B, C), each with its own interval.

A is what makes the first 80 % of the money, B the next 15 %, C all else. A product that was
never counted is due some time within its first interval, spread by its id: a new plan does not
ask for the whole store on its first day.
"""

from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

from edge_agent.domain.store_rules import CountPlan

DAY_MS = 86_400_000
A_PERCENT, B_PERCENT = 80, 95


class Ranked(NamedTuple):
    """A product and what was sold of it lately, in minor units (or units, where it has no price)."""

    product_id: str
    rank: str
    value: int


class Due(NamedTuple):
    """A product that is to be counted."""

    product_id: str
    rank: str
    due_at: int
    last_counted_at: int | None


def ranked(sold: Iterable[tuple[str, int]]) -> list[Ranked]:
    """Products by what was sold of them, the most first; of equal ones the smaller id."""
    rows = sorted(((value, product_id) for product_id, value in sold if value > 0), key=lambda row: (-row[0], row[1]))
    total, before, found = sum(value for value, _ in rows), 0, []
    for value, product_id in rows:
        # By what lies before it: the one that crosses the line still belongs to it.
        share = before * 100
        rank = "A" if share < A_PERCENT * total else "B" if share < B_PERCENT * total else "C"
        found.append(Ranked(product_id, rank, value))
        before += value
    return found


def due_at(product_id: str, rank: str, last_counted_at: int | None, began_at: int, plan: CountPlan) -> int:
    """When a product is to be counted next."""
    days = plan.days_of(rank)
    if last_counted_at is not None:
        return last_counted_at + days * DAY_MS
    return began_at + crc32(product_id.encode()) % days * DAY_MS


def most_pressing(rows: Iterable[Due], now_ms: int, limit: int) -> list[Due]:
    """What is due, A before B before C, then what has waited longest."""
    late = [row for row in rows if row.due_at <= now_ms]
    return sorted(late, key=lambda row: (row.rank, row.due_at, row.product_id))[:limit]
