"""SQL of stock as people read it: levels with thresholds and pending commands.

Read-only: levels are written by `levels.py`. A product's thresholds fall back
site×product → product → policy → site; `pending` counts decreases only.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row
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
_by_product = (
    sa.select(
        levels.c.site_id,
        levels.c.product_id,
        sa.func.sum(levels.c.quantity).cast(sa.BigInteger).label("on_hand"),
        sa.func.coalesce(sa.func.sum(levels.c.quantity).filter(levels.c.location == Location.HOLD), 0)
        .cast(sa.BigInteger)
        .label("hold"),
        sa.func.jsonb_object_agg(levels.c.location, levels.c.quantity).label("locations"),
    )
    .where(levels.c.location.in_(_OWN), of_sites(levels.c.site_id), equals(levels.c.product_id))
    .group_by(levels.c.site_id, levels.c.product_id)
    .subquery("level")
)
_PENDING = (
    sa.select(sa.func.coalesce(sa.func.sum(-commands.c.pending_quantity), 0).cast(sa.BigInteger))
    .where(
        commands.c.site_id == _by_product.c.site_id,
        commands.c.product_id == _by_product.c.product_id,
        commands.c.state == "pending",
        commands.c.pending_quantity < 0,
    )
    .correlate(_by_product)
    .scalar_subquery()
)


def _threshold(name: str) -> sa.ColumnElement[int]:
    return sa.func.coalesce(
        site_products.c[name], products.c[name], _policy(name), sites.c[name], sa.literal_column("0")
    )


def _policy(name: str) -> sa.ScalarSelect[Any]:
    """The category's threshold: of the site first, else of the whole chain."""
    return (
        sa.select(policies.c[name])
        .where(
            sa.or_(policies.c.site_id == _by_product.c.site_id, policies.c.site_id == _EVERYWHERE),
            policies.c.category.in_((products.c.category, "")),
            policies.c[name].is_not(None),
        )
        .order_by(policies.c.category.desc(), policies.c.site_id.desc())
        .limit(1)
        .correlate(_by_product, products)
        .scalar_subquery()
    )


_rows = (
    sa.select(
        _by_product,
        products.c.sku,
        products.c.name,
        products.c.unit,
        _PENDING.label("pending"),
        _threshold("reorder_point").label("reorder_point"),
        _threshold("critical_level").label("critical_level"),
    )
    .select_from(
        _by_product.join(products, products.c.id == _by_product.c.product_id)
        .join(sites, sites.c.id == _by_product.c.site_id)
        .outerjoin(
            site_products,
            sa.and_(
                site_products.c.site_id == _by_product.c.site_id,
                site_products.c.product_id == _by_product.c.product_id,
            ),
        )
    )
    .where(optional(_WORDS, products.c.search.op("@@")(sa.func.to_tsquery("simple", _WORDS))))
    .subquery("found")
)
_LEVELS = paged(sa.select(_rows), _rows.c.site_id, _rows.c.product_id)
_LIST = Query(_LEVELS)
_LIST_LOW = Query(_LEVELS.where(_rows.c.on_hand - _rows.c.hold - _rows.c.pending <= _rows.c.reorder_point))


async def list_levels(
    connection: Connection, wanted: LevelFilter, after: tuple[UUID, UUID] | None, skip: int, limit: int
) -> list[Level]:
    """Levels by (site, product)."""
    query = _LIST_LOW if wanted.only_low else _LIST
    rows = await query.fetch(
        connection, sites=wanted.sites, product_id=wanted.product_id, words=_words(wanted.q), **page(after, skip, limit)
    )
    return [_level(row) for row in rows]


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
