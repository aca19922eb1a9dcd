"""SQL of how a site's stock went from one day to another, per product: from what it holds now back through the rollups.

What lies there (as of what the rollups count), less what moved since, is what lay there then.
"""

from collections.abc import AsyncIterator
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.domain.periods import Days
from cloud_hub.domain.stock_reports import QUANTITIES
from cloud_hub.storage import shelves
from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.folding import ALL
from cloud_hub.storage.held import HELD
from cloud_hub.storage.listing import of_sites, optional, page, paged
from cloud_hub.storage.schema import moved_days, products, site_products


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
    is_missed: bool = True
    """The site is to have it: when none is there, it is out of stock."""

    @property
    def quantities(self) -> tuple[int, ...]:
        """From opening to closing."""
        return self[6:14]

    @property
    def has_any(self) -> bool:
        """Whether there is anything to tell of it."""
        return any(self.quantities)


class FlowsAsked(NamedTuple):
    """Which products of which sites, over which days."""

    days: Days
    sites: list[str] | None
    category: str | None = None
    is_dead: bool | None = None
    """Only what lies there and was not sold (or only what was)."""


RECEIVED = ("receipt", "supplier_return")
LOST = ("damage", "expiry", "theft")
TRANSFERRED = ("transfer_in", "transfer_out")
_NOT_COUNTS = (*RECEIVED, *LOST, *TRANSFERRED, "sale", "return")
_ZERO: sa.ColumnElement[int] = sa.literal_column("0")
_SITES = sa.bindparam("sites", type_=sa.ARRAY(sa.Uuid))
_CATEGORY = sa.bindparam("category", type_=sa.Text)
_IS_DEAD = sa.bindparam("is_dead", type_=sa.Boolean)
_FIRST, _UNTIL = (sa.bindparam(name, type_=sa.Date) for name in ("first", "until"))


def _listed(reasons: tuple[str, ...]) -> list[sa.ColumnElement[str]]:
    return [sa.literal_column(f"'{reason}'") for reason in reasons]


def _sum(value: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    total = sa.func.sum(value).filter(*where) if where else sa.func.sum(value)
    return sa.cast(sa.func.coalesce(total, _ZERO), sa.BigInteger)


def _added_up(held: sa.FromClause) -> sa.Subquery:
    return (
        sa.select(held.c.product_id, _sum(held.c.quantity).label("now"))
        .where(of_sites(held.c.site_id))
        .group_by(held.c.product_id)
        .subquery("held")
    )


_net = moved_days.c.added - moved_days.c.taken
_within = moved_days.c.day < _UNTIL


def _moved(*, is_everywhere: bool) -> sa.Subquery:
    """What moved per product; all sites together are rows of their own."""
    return (
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
        .where(
            moved_days.c.site_id == ALL if is_everywhere else moved_days.c.site_id == sa.any_(_SITES),
            moved_days.c.product_id != ALL,
            moved_days.c.day >= _FIRST,
        )
        .group_by(moved_days.c.product_id)
        .subquery("moved")
    )


def _flows(source: sa.FromClause, *, is_everywhere: bool) -> sa.Select[Any]:
    moved, held = _moved(is_everywhere=is_everywhere), _added_up(source)
    now = sa.func.coalesce(held.c.now, _ZERO)
    return sa.select(
        products.c.id, products.c.sku, products.c.name, products.c.category, products.c.currency, products.c.cost,
        (now - sa.func.coalesce(moved.c.since_first, _ZERO)).label("opening"),
        *(sa.func.coalesce(moved.c[name], _ZERO).label(name)
          for name in ("received", "sold", "returned", "lost", "counted", "transferred")),
        (now - sa.func.coalesce(moved.c.since_until, _ZERO)).label("closing"),
    ).select_from(
        held.outerjoin(moved, moved.c.product_id == held.c.product_id, full=True).join(
            products, products.c.id == sa.func.coalesce(held.c.product_id, moved.c.product_id)
        )
    )  # fmt: skip


_OF_SITE = Query(
    _flows(sa.union_all(sa.select(HELD), shelves.ASSORTMENT).subquery("expected"), is_everywhere=False)
    .add_columns(shelves.is_missed(site_products.c.site_id == sa.any_(_SITES), products.c.id))
    .order_by(products.c.sku)
)


@cache
def _page_of(*, is_everywhere: bool) -> Query:
    flows = _flows(HELD, is_everywhere=is_everywhere).subquery("flows")
    is_dead = sa.and_(flows.c.closing > _ZERO, flows.c.sold - flows.c.returned <= _ZERO)
    listed = sa.select(flows).where(
        optional(_CATEGORY, flows.c.category == _CATEGORY), optional(_IS_DEAD, is_dead == _IS_DEAD),
        sa.or_(*(flows.c[name] != _ZERO for name in QUANTITIES)),
    )  # fmt: skip
    return Query(paged(listed, flows.c.sku, flows.c.id))


async def list_flows(
    connection: Connection, asked: FlowsAsked, after: tuple[str, UUID] | None, skip: int, limit: int
) -> list[Flow]:
    """Products that were there or moved, by SKU."""
    rows = await _page_of(is_everywhere=asked.sites is None).fetch(
        connection, sites=asked.sites, category=asked.category, is_dead=asked.is_dead, first=asked.days.first,
        until=asked.days.until, **page(after, skip, limit),
    )  # fmt: skip
    return [_flow(row) for row in rows]


async def pages(connection: Connection, site_id: str, days: Days) -> AsyncIterator[list[Flow]]:
    """All products that ever were or are to be there, by SKU, some hundred at a time; inside a transaction."""
    async for rows in _OF_SITE.pages(connection, sites=[site_id], first=days.first, until=days.until):
        yield [_flow(row) for row in rows]


def _flow(row: Row) -> Flow:
    return Flow(str(row["id"]), *tuple(row)[1:])
