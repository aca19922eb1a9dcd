"""SQL of stock as people read it: levels with thresholds and pending commands.

Read-only: levels are written by `levels.py`. Thresholds fall back as thresholds.py says;
`pending` counts decreases only.
"""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from cloud_hub.domain.search import tsquery
from cloud_hub.storage import thresholds
from cloud_hub.storage.as_of import of_sites
from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.reservations import held_at
from cloud_hub.storage.schema import commands, levels, products, site_products, sites, transfer_lines, transfers
from sync_protocol.vocabulary import OWN_LOCATIONS, Location

_OWN: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{place}'") for place in OWN_LOCATIONS]


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
_PRODUCT = sa.bindparam("product_id", type_=sa.Uuid)
_SKIP = sa.bindparam("skip", type_=sa.BigInteger)
_MOST = sa.bindparam("most", type_=sa.BigInteger)
_stocked = (
    sa.select(levels.c.site_id, levels.c.product_id, levels.c.location, levels.c.quantity)
    .where(
        levels.c.location.in_(_OWN),
        of_sites(levels.c.site_id),
        sa.or_(_PRODUCT.is_(None), levels.c.product_id == _PRODUCT),
    )
    .union_all(
        # What belongs to the assortment is a level of zero before it ever came.
        sa.select(site_products.c.site_id, site_products.c.product_id, sa.null(), sa.literal_column("0")).where(
            site_products.c.is_stocked,
            of_sites(site_products.c.site_id),
            sa.or_(_PRODUCT.is_(None), site_products.c.product_id == _PRODUCT),
        )
    )
    .subquery("stocked")
)
_by_product = (
    sa.select(
        _stocked.c.site_id,
        _stocked.c.product_id,
        sa.func.sum(_stocked.c.quantity).cast(sa.BigInteger).label("on_hand"),
        sa.func.coalesce(sa.func.sum(_stocked.c.quantity).filter(_stocked.c.location == Location.HOLD), 0)
        .cast(sa.BigInteger)
        .label("hold"),
        sa.func.coalesce(
            sa.func.jsonb_object_agg(_stocked.c.location, _stocked.c.quantity).filter(_stocked.c.location.is_not(None)),
            sa.literal_column("'{}'::jsonb"),
            type_=JSONB,
        ).label("locations"),
    )
    .group_by(_stocked.c.site_id, _stocked.c.product_id)
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
_TO_SHIP = (
    sa.select(sa.func.coalesce(sa.func.sum(transfer_lines.c.requested), 0).cast(sa.BigInteger))
    .join_from(
        transfer_lines,
        transfers,
        sa.and_(
            transfers.c.from_site == transfer_lines.c.from_site,
            transfers.c.transfer_id == transfer_lines.c.transfer_id,
        ),
    )
    .join(commands, sa.and_(commands.c.site_id == transfers.c.from_site, commands.c.id == transfers.c.command_id))
    .where(
        transfer_lines.c.from_site == _by_product.c.site_id,
        transfer_lines.c.product_id == _by_product.c.product_id,
        transfers.c.step == "draft",
        commands.c.state == "pending",
    )
    .correlate(_by_product)
    .scalar_subquery()
)
"""What the site's box has been asked to ship and has not answered."""

_rows = (
    sa.select(
        _by_product,
        products.c.sku,
        products.c.name,
        products.c.unit,
        held_at(_by_product.c.site_id, _by_product.c.product_id).label("reserved"),
        (_PENDING + _TO_SHIP).label("pending"),
        thresholds.threshold("reorder_point"),
        thresholds.threshold("critical_level"),
    )
    .select_from(
        thresholds.joined(
            _by_product.join(products, products.c.id == _by_product.c.product_id).join(
                sites, sites.c.id == _by_product.c.site_id
            )
        )
    )
    .where(
        sa.or_(
            sa.bindparam("words", type_=sa.Text).is_(None),
            products.c.search.op("@@")(sa.func.to_tsquery("simple", sa.bindparam("words", type_=sa.Text))),
        )
    )
    .subquery("found")
)
_AFTER = sa.or_(
    sa.bindparam("after_site", type_=sa.Uuid).is_(None),
    sa.tuple_(_rows.c.site_id, _rows.c.product_id)
    > sa.tuple_(sa.bindparam("after_site", type_=sa.Uuid), sa.bindparam("after_product", type_=sa.Uuid)),
)
_available = _rows.c.on_hand - _rows.c.hold - _rows.c.reserved - _rows.c.pending
_LEVELS = sa.select(_rows).where(_AFTER).order_by(_rows.c.site_id, _rows.c.product_id).offset(_SKIP).limit(_MOST)
_LIST = Query(_LEVELS)
_LIST_LOW = Query(_LEVELS.where(_available <= _rows.c.reorder_point))


async def list_levels(
    connection: Connection, wanted: LevelFilter, after: tuple[UUID, UUID] | None, skip: int, limit: int
) -> list[Level]:
    """Levels by (site, product)."""
    query = _LIST_LOW if wanted.only_low else _LIST
    rows = await query.fetch(
        connection, sites=wanted.sites, product_id=wanted.product_id, skip=skip, most=limit,
        words=None if wanted.q is None else tsquery(wanted.q),
        after_site=after[0] if after else None, after_product=after[1] if after else None,
    )  # fmt: skip
    return [_level(row) for row in rows]


def _level(row: Row) -> Level:
    return Level(
        site_id=str(row["site_id"]),
        product_id=str(row["product_id"]),
        **{name: row[name] for name in _FIELDS},
    )
