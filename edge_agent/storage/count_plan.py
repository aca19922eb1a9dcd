"""How products rank by their sales, and when each was last counted."""

import sqlite3
from collections.abc import Iterator, Sequence

from sqlalchemy import bindparam, func, select, text

from edge_agent.domain.cycle_counts import Ranked
from edge_agent.storage.schema import count_lines, count_plan, items, ledger, levels, products
from edge_agent.storage.statement import Statement, adding
from sync_protocol.vocabulary import OWN_LOCATIONS, Reason

_HELD = [str(place) for place in OWN_LOCATIONS]
# An item is kept as JSON of its fields: the fifth is the price at which it was sold; without one, units count.
_PRICE = func.coalesce(func.json_extract(items.c.facts, "$[4]"), 1000)
_SOLD = Statement(
    select(ledger.c.product_id, func.sum(ledger.c.quantity * _PRICE // 1000))
    .join_from(ledger, items, items.c.ref == ledger.c.item_ref)
    .where(ledger.c.sequence > bindparam("after"), ledger.c.reason == Reason.SALE.value)
    .group_by(ledger.c.product_id)
)
_CLEAR = Statement(count_plan.delete())
_ADD = adding(count_plan)
_COUNTED_AT = (
    select(func.max(count_lines.c.occurred_at))
    .where(count_lines.c.product_id == products.c.product_id, count_lines.c.status == "posted")
    .correlate(products)
    .scalar_subquery()
)
_STOCKED = Statement(
    select(products.c.product_id, func.coalesce(count_plan.c.rank, "C"), _COUNTED_AT)
    .select_from(products.outerjoin(count_plan, count_plan.c.product_id == products.c.product_id))
    .where(
        products.c.lifecycle != "archived",
        products.c.product_id.in_(
            select(levels.c.product_id).where(levels.c.location.in_(_HELD), levels.c.quantity != 0)
        ),
    )
    .order_by(text("2"))
)


def sold_above(connection: sqlite3.Connection, position: int) -> list[tuple[str, int]]:
    """(product, money in minor units) of the sales above a position."""
    return _SOLD.run(connection, after=position).fetchall()


def replace(connection: sqlite3.Connection, ranks: Sequence[Ranked], now_ms: int) -> None:
    """The new plan in place of the old one."""
    _CLEAR.run(connection)
    _ADD.run_many(connection, [{**row._asdict(), "made_at": now_ms} for row in ranks])


def list_stocked(connection: sqlite3.Connection) -> Iterator[tuple[str, str, int | None]]:
    """(product, rank, last counted at) of all that is on record somewhere in the store."""
    yield from _STOCKED.run(connection)
