"""SQL of stock as people read it: levels with thresholds and pending commands.

Read-only: levels are written by `levels.py`. A product's thresholds fall back
site×product → product → policy → site; `pending` counts decreases only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array
from cloud_hub.storage.listing import equals, of_sites, optional, page, paged
from cloud_hub.storage.schema import commands, levels, policies, products, site_products, sites
from cloud_hub.storage.schema.base import EVERYWHERE
from sync_protocol.vocabulary import OWN_LOCATIONS, Location

_OWN: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{place}'") for place in OWN_LOCATIONS]
_EVERYWHERE: sa.ColumnElement[Any] = sa.literal_column(f"'{EVERYWHERE}'::uuid")


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
    pending: int
    reorder_point: int
    critical_level: int
    locations: dict[str, int]

    @property
    def available(self) -> int:
        return self.on_hand - self.hold - self.pending


_FIELDS = (
    "sku", "name", "unit", "on_hand", "hold", "pending", "reorder_point", "critical_level", "locations",
)  # fmt: skip
_WORDS = sa.bindparam("words", type_=sa.Text)


def _stock(*wanted: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Stock by site and product, of the levels wanted, with thresholds and pending commands."""
    level = _sums(*wanted)
    own = sa.and_(site_products.c.site_id == level.c.site_id, site_products.c.product_id == level.c.product_id)
    return sa.select(
        level,
        products.c.sku,
        products.c.name,
        products.c.unit,
        _pending(level).label("pending"),
        _threshold(level, "reorder_point").label("reorder_point"),
        _threshold(level, "critical_level").label("critical_level"),
    ).select_from(
        level.join(products, products.c.id == level.c.product_id)
        .join(sites, sites.c.id == level.c.site_id)
        .outerjoin(site_products, own)
    )


def _sums(*wanted: sa.ColumnElement[bool]) -> sa.Subquery:
    on_hold = sa.func.sum(levels.c.quantity).filter(levels.c.location == Location.HOLD)
    return (
        sa.select(
            levels.c.site_id,
            levels.c.product_id,
            sa.func.sum(levels.c.quantity).cast(sa.BigInteger).label("on_hand"),
            sa.func.coalesce(on_hold, 0).cast(sa.BigInteger).label("hold"),
            sa.func.jsonb_object_agg(levels.c.location, levels.c.quantity).label("locations"),
        )
        .where(levels.c.location.in_(_OWN), *wanted)
        .group_by(levels.c.site_id, levels.c.product_id)
        .subquery("level")
    )


def _pending(level: sa.Subquery) -> sa.ScalarSelect[Any]:
    return (
        sa.select(sa.func.coalesce(sa.func.sum(-commands.c.pending_quantity), 0).cast(sa.BigInteger))
        .where(
            commands.c.site_id == level.c.site_id,
            commands.c.product_id == level.c.product_id,
            commands.c.state == "pending",
            commands.c.pending_quantity < 0,
        )
        .correlate(level)
        .scalar_subquery()
    )


def _threshold(level: sa.Subquery, name: str) -> sa.ColumnElement[int]:
    return sa.func.coalesce(
        site_products.c[name], products.c[name], _policy(level, name), sites.c[name], sa.literal_column("0")
    )


def _policy(level: sa.Subquery, name: str) -> sa.ScalarSelect[Any]:
    """The category's threshold: of the site first, else of the whole chain."""
    return (
        sa.select(policies.c[name])
        .where(
            sa.or_(policies.c.site_id == level.c.site_id, policies.c.site_id == _EVERYWHERE),
            policies.c.category.in_((products.c.category, "")),
            policies.c[name].is_not(None),
        )
        .order_by(policies.c.category.desc(), policies.c.site_id.desc())
        .limit(1)
        .correlate(level, products)
        .scalar_subquery()
    )


_rows = (
    _stock(of_sites(levels.c.site_id), equals(levels.c.product_id))
    .where(optional(_WORDS, products.c.search.op("@@")(sa.func.to_tsquery("simple", _WORDS))))
    .subquery("found")
)
_LEVELS = paged(sa.select(_rows), _rows.c.site_id, _rows.c.product_id)
_LIST = Query(_LEVELS)
_LIST_LOW = Query(_LEVELS.where(_rows.c.on_hand - _rows.c.hold - _rows.c.pending <= _rows.c.reorder_point))
_OF_PRODUCTS = Query(
    _stock(
        levels.c.site_id == bound(levels.c.site_id),
        levels.c.product_id == sa.any_(bound_array(levels.c.product_id, "ids")),
    ).order_by("product_id")
)


async def list_levels(
    connection: Connection, wanted: LevelFilter, after: tuple[UUID, UUID] | None, skip: int, limit: int
) -> list[Level]:
    """Levels by (site, product)."""
    query = _LIST_LOW if wanted.only_low else _LIST
    rows = await query.fetch(
        connection, sites=wanted.sites, product_id=wanted.product_id, words=_words(wanted.q), **page(after, skip, limit)
    )
    return [_level(row) for row in rows]


async def list_levels_of(connection: Connection, site_id: object, product_ids: Sequence[object]) -> list[Level]:
    """The levels of some products at one site, by product."""
    return [_level(row) for row in await _OF_PRODUCTS.fetch(connection, site_id=site_id, ids=product_ids)]


def _words(q: str | None) -> str | None:
    if q is None:
        return None
    kept = "".join(char if char.isalnum() else " " for char in q.lower()).split()[:10]
    return " & ".join(f"'{word}':*" for word in kept)


def _level(row: Row) -> Level:
    return Level(
        site_id=str(row["site_id"]),
        product_id=str(row["product_id"]),
        **{name: row[name] for name in _FIELDS},
    )
