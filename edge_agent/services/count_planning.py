"""The plan of cycle counts: made anew each day from the sales, told as tasks, a few at a time."""

import sqlite3
from collections.abc import Sequence

from edge_agent.domain import cycle_counts as rules
from edge_agent.domain.cycle_counts import DAY_MS, Due, Ranked
from edge_agent.services import tasks
from edge_agent.services.ruling import rules_of
from edge_agent.storage import alerts, catalogue, count_plan, store_days

CYCLE_COUNT = "cycle_count"
SALES_DAYS = 28
"""What was sold for longer ago says little of what is worth counting."""


def rank(connection: sqlite3.Connection, now_ms: int) -> list[Ranked]:
    """The products by their sales of the last weeks."""
    since = store_days.position_before(connection, now_ms - SALES_DAYS * DAY_MS)
    return rules.ranked(count_plan.sold_above(connection, since))


def list_due(connection: sqlite3.Connection, now_ms: int, limit: int | None = None) -> list[Due]:
    """What is to be counted now, the most pressing first: at most a day's share, unless another limit is given."""
    plan = rules_of(connection).count_plan
    began = store_days.began_at(connection) or now_ms
    rows = (
        Due(product_id, rank, rules.due_at(product_id, rank, counted, began, plan), counted)
        for product_id, rank, counted in count_plan.list_stocked(connection)
    )
    return rules.most_pressing(rows, now_ms, plan.per_day if limit is None else limit)


def to_ask(connection: sqlite3.Connection, now_ms: int) -> list[Due]:
    """What a task is to be raised for: a day's share, with those that are still open."""
    is_open = {task.product_id for task in alerts.list_tasks(connection) if task.rule == CYCLE_COUNT}
    share = rules_of(connection).count_plan.per_day
    wanted = [due for due in list_due(connection, now_ms, share + len(is_open)) if due.product_id not in is_open]
    return wanted[: max(0, share - len(is_open))]


def ask(connection: sqlite3.Connection, wanted: Sequence[Due], now_ms: int) -> None:
    """Raise a task for each."""
    for due in wanted:
        product = catalogue.find_product(connection, due.product_id)
        if product is not None:
            detail = f"{product.name}: count it (rank {due.rank})"
            tasks.raise_task(connection, CYCLE_COUNT, due.product_id, now_ms, detail)
