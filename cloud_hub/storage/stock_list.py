"""SQL of stock as people read it: levels by site and product, with thresholds.

Read-only: levels are written by `levels.py`. Thresholds fall back as thresholds.py
says; what is reserved and pending is holding.py's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from cloud_hub.domain.purchasing import EXPECTING
from cloud_hub.domain.search import tsquery
from cloud_hub.storage import holding, thresholds
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array
from cloud_hub.storage.listing import of_sites, optional, page, paged
from cloud_hub.storage.schema import (
    levels,
    products,
    purchase_order_lines,
    purchase_orders,
    site_products,
    sites,
    transfer_goods,
    transfers,
)


class LevelFilter(NamedTuple):
    """Which levels a list wants; `sites` None: all."""

    sites: list[str] | None
    product_id: str | None
    q: str | None
    only_low: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The stock of one product at one site."""

    site_id: str
    product_id: str
    sku: str
    name: str
    unit: str
    on_hand: int
    hold: int
    reserved: int
    pending: int
    reorder_point: int
    critical_level: int
    locations: dict[str, int]

    @property
    def available(self) -> int:
        return self.on_hand - self.hold - self.reserved - self.pending


_FIELDS = (
    "sku", "name", "unit", "on_hand", "hold", "reserved", "pending", "reorder_point", "critical_level", "locations",
)  # fmt: skip
_WORDS = sa.bindparam("words", type_=sa.Text)
Wanted = Callable[[sa.Table | sa.Subquery], sa.ColumnElement[bool]]
"""Which rows, of a table with `site_id` and `product_id`."""


def _stock(places: sa.Subquery) -> sa.Select[Any]:
    """Stock by site and product, with thresholds, reservations and what is pending."""
    level = _sums(places)
    return sa.select(
        level,
        products.c.sku,
        products.c.name,
        products.c.unit,
        holding.reserved(level.c.site_id, level.c.product_id),
        holding.pending(level.c.site_id, level.c.product_id),
        thresholds.threshold("reorder_point"),
        thresholds.threshold("critical_level"),
    ).select_from(
        thresholds.joined(
            level.join(products, products.c.id == level.c.product_id).join(sites, sites.c.id == level.c.site_id)
        )
    )


def _sums(held: sa.Subquery) -> sa.Subquery:
    by_location = sa.func.jsonb_object_agg(held.c.location, held.c.quantity).filter(held.c.location.is_not(None))
    return (
        sa.select(
            held.c.site_id,
            held.c.product_id,
            holding.on_hand(held),
            holding.on_hold(held),
            sa.func.coalesce(by_location, sa.literal_column("'{}'::jsonb"), type_=JSONB).label("locations"),
        )
        .group_by(held.c.site_id, held.c.product_id)
        .subquery("level")
    )


_shipped = (
    sa.select(transfers.c.to_site.label("site_id"), transfer_goods.c.product_id)
    .join_from(
        transfers,
        transfer_goods,
        sa.and_(
            transfer_goods.c.site_id == transfers.c.from_site, transfer_goods.c.transfer_id == transfers.c.transfer_id
        ),
    )
    .where(transfers.c.is_open)
    .subquery("shipped")
)
_ordered = (
    sa.select(purchase_order_lines.c.site_id, purchase_order_lines.c.product_id)
    .join_from(
        purchase_order_lines,
        purchase_orders,
        sa.and_(
            purchase_orders.c.site_id == purchase_order_lines.c.site_id,
            purchase_orders.c.id == purchase_order_lines.c.order_id,
        ),
    )
    .where(purchase_orders.c.state.in_([sa.literal_column(f"'{state}'") for state in EXPECTING]))
    .subquery("ordered")
)


def _places(wanted: Wanted, *coming: sa.Subquery) -> sa.Subquery:
    """What lies where; what belongs to a site's assortment, or is coming, is a zero nowhere before it ever came."""
    in_ledger = sa.select(levels.c.site_id, levels.c.product_id, levels.c.location, levels.c.quantity).where(
        holding.is_own(levels.c.location), wanted(levels)
    )
    in_assortment = sa.select(
        site_products.c.site_id, site_products.c.product_id, sa.null(), sa.literal_column("0")
    ).where(site_products.c.is_stocked, wanted(site_products))
    on_its_way = [
        sa.select(each.c.site_id, each.c.product_id, sa.null(), sa.literal_column("0")).where(wanted(each))
        for each in coming
    ]
    return in_ledger.union_all(in_assortment, *on_its_way).subquery("held")


def _found(*coming: sa.Subquery) -> sa.Subquery:
    """What a list may show."""
    product = bound(levels.c.product_id)
    places = _places(
        lambda table: sa.and_(of_sites(table.c.site_id), optional(product, table.c.product_id == product)), *coming
    )
    return (
        _stock(places)
        .where(optional(_WORDS, products.c.search.op("@@")(sa.func.to_tsquery("simple", _WORDS))))
        .subquery("found")
    )


def _listed(rows: sa.Subquery) -> sa.Select[Any]:
    return paged(sa.select(rows), rows.c.site_id, rows.c.product_id)


_all, _held = _found(_shipped, _ordered), _found()
_LIST = Query(_listed(_all))
_available = _held.c.on_hand - _held.c.hold - _held.c.reserved - _held.c.pending
_LIST_LOW = Query(_listed(_held).where(_available <= _held.c.reorder_point))
_ELSEWHERE = Query(
    sa.select(_held)
    .where(_available > 0, _held.c.site_id != sa.bindparam("here", type_=sa.Uuid))
    .order_by(_available.desc(), _held.c.site_id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_OF_PRODUCTS = Query(
    _stock(
        _places(
            lambda table: sa.and_(
                table.c.site_id == bound(levels.c.site_id),
                table.c.product_id == sa.any_(bound_array(levels.c.product_id, "ids")),
            )
        )
    ).order_by("product_id")
)


async def list_levels(
    connection: Connection, wanted: LevelFilter, after: tuple[UUID, UUID] | None, skip: int, limit: int
) -> list[Level]:
    """Levels by (site, product)."""
    query = _LIST_LOW if wanted.only_low else _LIST
    words = None if wanted.q is None else tsquery(wanted.q)
    rows = await query.fetch(
        connection, sites=wanted.sites, product_id=wanted.product_id, words=words, **page(after, skip, limit)
    )
    return [_level(row) for row in rows]


async def list_elsewhere(connection: Connection, product_id: str, here: str, most: int) -> list[Level]:
    """Where else there is some of a product, most of it first."""
    rows = await _ELSEWHERE.fetch(connection, sites=None, product_id=product_id, words=None, here=here, most=most)
    return [_level(row) for row in rows]


async def list_levels_of(connection: Connection, site_id: object, product_ids: Sequence[object]) -> list[Level]:
    """The levels of some products at one site, by product."""
    return [_level(row) for row in await _OF_PRODUCTS.fetch(connection, site_id=site_id, ids=product_ids)]


def _level(row: Row) -> Level:
    return Level(
        site_id=str(row["site_id"]),
        product_id=str(row["product_id"]),
        **{name: row[name] for name in _FIELDS},
    )
