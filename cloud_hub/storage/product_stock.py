"""SQL of a product with its stock at one site: the hot read.

One statement answers every `GET /products/{id}` that waits for it: every part of it is a look-up
by a key. The site is the one asked for, else the default one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from cloud_hub.storage import holding, thresholds
from cloud_hub.storage.database import Connection, Query, Row, bound_array
from cloud_hub.storage.products import SELECT, Product, made
from cloud_hub.storage.schema import levels, origins, products, sites


class Asked(NamedTuple):
    """A product, and the site whose stock to tell; None: the default one."""

    product_id: str
    site_id: str | None


class Found(NamedTuple):
    """The product with its stock at the site; no stock when there is no such site."""

    product: Product
    stock: "ProductStock | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductStock:
    """What a site holds of a product, as far as its ledger is known here."""

    site_id: str
    on_hand: int
    hold: int
    reserved: int
    pending: int
    """What commands without an outcome may still take away."""
    reorder_point: int
    critical_level: int
    position: int
    last_heard_ms: int | None
    is_hub_run: bool

    @property
    def available(self) -> int:
        return self.on_hand - self.hold - self.reserved - self.pending


_held = (
    sa.select(holding.on_hand(levels), holding.on_hold(levels))
    .where(levels.c.site_id == sites.c.id, levels.c.product_id == products.c.id, holding.is_own(levels.c.location))
    .correlate(sites, products)
    .lateral("held")
)
_other = sites.alias("other")
_DEFAULT = (
    sa.select(_other.c.id)
    .where(_other.c.archived_at.is_(None))
    .order_by(_other.c.is_default.desc(), _other.c.created_at)
    .limit(1)
    .scalar_subquery()
)
_asked = (
    sa.func.unnest(bound_array(products.c.id, "product_ids"), bound_array(sites.c.id, "site_ids"))
    .table_valued(sa.column("product_id", sa.Uuid), sa.column("site_id", sa.Uuid), name="asked")
    .render_derived()
)
_site = sa.and_(sites.c.id == sa.func.coalesce(_asked.c.site_id, _DEFAULT), sites.c.archived_at.is_(None))
_writer = sa.and_(origins.c.site_id == sites.c.id, origins.c.origin_id == sites.c.writer_origin)
_FIND = Query(
    SELECT.add_columns(
        sites.c.id.label("site_id"),
        sites.c.kind,
        _held.c.on_hand,
        _held.c.hold,
        holding.reserved(sites.c.id, products.c.id),
        holding.pending(sites.c.id, products.c.id),
        thresholds.threshold("reorder_point").label("holding_reorder_point"),
        thresholds.threshold("critical_level").label("holding_critical_level"),
        origins.c.mark,
        origins.c.last_seen,
        _asked.c.site_id.label("asked_site_id"),
    ).select_from(
        thresholds.joined(_asked.join(products, products.c.id == _asked.c.product_id).outerjoin(sites, _site))
        .outerjoin(origins, _writer)
        .join(_held, sa.true())
    )
)


async def find_all(connection: Connection, asked: Sequence[Asked]) -> dict[Asked, Found]:
    """Those of the products that exist."""
    product_ids, site_ids = zip(*asked, strict=True)
    rows = await _FIND.fetch(connection, product_ids=product_ids, site_ids=site_ids)
    return {_key(row): Found(made(row), _stock(row)) for row in rows}


def _key(row: Row) -> Asked:
    site_id = row["asked_site_id"]
    return Asked(str(row["id"]), None if site_id is None else str(site_id))


def _stock(row: Row) -> ProductStock | None:
    if row["site_id"] is None:
        return None
    return ProductStock(
        site_id=str(row["site_id"]), on_hand=row["on_hand"], hold=row["hold"], reserved=row["reserved"],
        pending=row["pending"],
        reorder_point=row["holding_reorder_point"], critical_level=row["holding_critical_level"],
        position=row["mark"] or 0, last_heard_ms=row["last_seen"], is_hub_run=row["kind"] == "hub",
    )  # fmt: skip
