"""SQL of how a site's stock went from one day to another, per product: from what it holds now back through the rollups.

What lies there now, less what moved since, is what lay there then. Movements that no rollup
counts yet are taken off what is held now, so the two fit each other.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from cloud_hub.domain.periods import Days
from cloud_hub.storage import holding
from cloud_hub.storage.database import Connection, Query, Row, bound
from cloud_hub.storage.folding import ALL
from cloud_hub.storage.schema import levels, moved_days, movements, products, rollup_cursors


class Flow(NamedTuple):
    """A product at a site over some days; quantities in thousandths, money in minor units."""

    product_id: str
    sku: str
    name: str
    category: str
    currency: str
    cost: Any
    opening: int
    received: int
    sold: int
    returned: int
    lost: int
    counted: int
    """What counts and corrections added, less what they took."""
    transferred: int
    """What came from other sites, less what went there."""
    closing: int

    @property
    def has_any(self) -> bool:
        """Whether there is anything to tell of it."""
        return any(self[6:])


RECEIVED = ("receipt", "supplier_return")
LOST = ("damage", "expiry", "theft")
TRANSFERRED = ("transfer_in", "transfer_out")
_NOT_COUNTS = (*RECEIVED, *LOST, *TRANSFERRED, "sale", "return")
_ZERO: sa.ColumnElement[int] = sa.literal_column("0")
_SITE = bound(levels.c.site_id)
_FIRST, _UNTIL = (sa.bindparam(name, type_=sa.Date) for name in ("first", "until"))


def _listed(reasons: tuple[str, ...]) -> list[sa.ColumnElement[str]]:
    return [sa.literal_column(f"'{reason}'") for reason in reasons]


def _sum(value: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    total = sa.func.sum(value).filter(*where) if where else sa.func.sum(value)
    return sa.cast(sa.func.coalesce(total, _ZERO), sa.BigInteger)


_position = (
    sa.select(rollup_cursors.c.position)
    .where(rollup_cursors.c.site_id == movements.c.site_id, rollup_cursors.c.origin_id == movements.c.origin_id)
    .scalar_subquery()
)
_is_uncounted = movements.c.sequence > sa.func.coalesce(_position, _ZERO)
_held_now = sa.union_all(
    sa.select(levels.c.product_id, levels.c.quantity).where(
        levels.c.site_id == _SITE, holding.is_own(levels.c.location)
    ),
    sa.select(movements.c.product_id, -movements.c.quantity).where(
        movements.c.site_id == _SITE, _is_uncounted, holding.is_own(movements.c.to_location)
    ),
    sa.select(movements.c.product_id, movements.c.quantity).where(
        movements.c.site_id == _SITE, _is_uncounted, holding.is_own(movements.c.from_location)
    ),
).subquery("held_now")
_held = (
    sa.select(_held_now.c.product_id, _sum(_held_now.c.quantity).label("now"))
    .group_by(_held_now.c.product_id)
    .subquery("held")
)
_net = moved_days.c.added - moved_days.c.taken
_within = moved_days.c.day < _UNTIL
_moved = (
    sa.select(
        moved_days.c.product_id,
        _sum(_net).label("since_first"),
        _sum(_net, ~_within).label("since_until"),
        _sum(_net, _within, moved_days.c.reason.in_(_listed(RECEIVED))).label("received"),
        _sum(moved_days.c.taken, _within, moved_days.c.reason == sa.literal_column("'sale'")).label("sold"),
        _sum(moved_days.c.added, _within, moved_days.c.reason == sa.literal_column("'return'")).label("returned"),
        _sum(-_net, _within, moved_days.c.reason.in_(_listed(LOST))).label("lost"),
        _sum(_net, _within, moved_days.c.reason.in_(_listed(TRANSFERRED))).label("transferred"),
        _sum(_net, _within, moved_days.c.reason.not_in(_listed(_NOT_COUNTS))).label("counted"),
    )
    .where(moved_days.c.site_id == _SITE, moved_days.c.product_id != ALL, moved_days.c.day >= _FIRST)
    .group_by(moved_days.c.product_id)
    .subquery("moved")
)
_now = sa.func.coalesce(_held.c.now, _ZERO)
_FLOWS = Query(
    sa.select(
        products.c.id, products.c.sku, products.c.name, products.c.category, products.c.currency, products.c.cost,
        (_now - sa.func.coalesce(_moved.c.since_first, _ZERO)).label("opening"),
        *(sa.func.coalesce(_moved.c[name], _ZERO).label(name)
          for name in ("received", "sold", "returned", "lost", "counted", "transferred")),
        (_now - sa.func.coalesce(_moved.c.since_until, _ZERO)).label("closing"),
    )
    .select_from(
        _held.outerjoin(_moved, _moved.c.product_id == _held.c.product_id, full=True).join(
            products, products.c.id == sa.func.coalesce(_held.c.product_id, _moved.c.product_id)
        )
    )
    .order_by(products.c.sku)
)  # fmt: skip


async def pages(connection: Connection, site_id: str, days: Days) -> AsyncIterator[list[Flow]]:
    """All products that were there or moved, by SKU, some hundred at a time; inside a transaction."""
    async for rows in _FLOWS.pages(connection, site_id=site_id, first=days.first, until=days.until):
        yield [flow for row in rows if (flow := _flow(row)).has_any]


def _flow(row: Row) -> Flow:
    return Flow(str(row["id"]), *tuple(row)[1:])
