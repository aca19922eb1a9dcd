"""SQL of what people read of stock: levels with thresholds and pending commands, movements, as-of.

Read-only: levels and movements are written by the ledger's own writers. A product's
thresholds fall back site×product → product → site; `pending` counts decreases only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.fleet import connected, oldest_unsent, pending
from cloud_hub.storage.schema import (
    commands,
    devices,
    levels,
    movements,
    origins,
    policies,
    products,
    site_products,
    sites,
)
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


class MovementFilter(NamedTuple):
    """Which movements a list wants."""

    sites: list[str] | None
    product_id: str | None
    reason: str | None
    since_ms: int | None
    until_ms: int | None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """Up to where a site's ledger is known here."""

    site_id: str
    origin_id: str | None
    position: int
    last_heard_ms: int | None
    behind: int | None
    oldest_unsent_ms: int | None
    is_connected: bool
    is_hub_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One movement as recorded here."""

    movement_id: str
    site_id: str
    origin_id: str
    position: int
    product_id: str
    quantity: int
    from_location: str
    to_location: str
    reason: str
    occurred_at_ms: int
    corrected_at_ms: int
    recorded_at_ms: int
    recorded_at_us: int
    actor: str | None
    document: str | None
    lot: str | None
    expiry: str | None
    note: str | None
    command_id: str | None

    @property
    def sort_key(self) -> tuple[int, str, str, int]:
        return (self.recorded_at_us, self.site_id, self.origin_id, self.position)


_LEVEL_FIELDS = (
    "sku", "name", "unit", "on_hand", "hold", "pending", "reorder_point", "critical_level", "locations",
)  # fmt: skip
_MOVED_FIELDS = (
    "quantity", "from_location", "to_location", "reason", "actor", "document", "lot", "note", "command_id",
)  # fmt: skip
_UUIDS = ARRAY(sa.Uuid)
_SITES = sa.bindparam("sites", type_=_UUIDS)
_PRODUCT = sa.bindparam("product_id", type_=sa.Uuid)
_SKIP = sa.bindparam("skip", type_=sa.BigInteger)
_MOST = sa.bindparam("most", type_=sa.BigInteger)


def _of_sites(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.or_(_SITES.is_(None), column == sa.any_(_SITES))


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
    .where(levels.c.location.in_(_OWN), _of_sites(levels.c.site_id))
    .where(sa.or_(_PRODUCT.is_(None), levels.c.product_id == _PRODUCT))
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
_LEVELS = sa.select(_rows).where(_AFTER).order_by(_rows.c.site_id, _rows.c.product_id).offset(_SKIP).limit(_MOST)
_LIST = Query(_LEVELS)
_LIST_LOW = Query(_LEVELS.where(_rows.c.on_hand - _rows.c.hold - _rows.c.pending <= _rows.c.reorder_point))

_AS_OF = Query(
    sa.select(
        sites.c.id,
        sites.c.kind,
        origins.c.origin_id,
        origins.c.mark,
        origins.c.last_seen,
        pending(origins.c),
        oldest_unsent(origins.c),
        connected(origins.c),
    )
    .select_from(
        sites.outerjoin(
            origins, sa.and_(origins.c.site_id == sites.c.id, origins.c.origin_id == sites.c.writer_origin)
        ).outerjoin(devices, devices.c.id == origins.c.device_id)
    )
    .where(sites.c.archived_at.is_(None), _of_sites(sites.c.id))
    .order_by(sites.c.id)
)
_MOMENT = sa.DateTime(timezone=True)
_SINCE = sa.bindparam("since", type_=_MOMENT)
_UNTIL = sa.bindparam("until", type_=_MOMENT)
_REASON = sa.bindparam("reason", type_=sa.Text)
_BEFORE = sa.bindparam("before", type_=_MOMENT)
_MOVEMENTS = Query(
    sa.select(movements)
    .where(
        _of_sites(movements.c.site_id),
        sa.or_(_PRODUCT.is_(None), movements.c.product_id == _PRODUCT),
        sa.or_(_REASON.is_(None), movements.c.reason == _REASON),
        sa.or_(_SINCE.is_(None), movements.c.recorded_at >= _SINCE),
        sa.or_(_UNTIL.is_(None), movements.c.recorded_at < _UNTIL),
        sa.or_(
            _BEFORE.is_(None),
            sa.tuple_(movements.c.recorded_at, movements.c.site_id, movements.c.origin_id, movements.c.sequence)
            < sa.tuple_(
                _BEFORE,
                sa.bindparam("before_site", type_=sa.Uuid),
                sa.bindparam("before_origin", type_=sa.Uuid),
                sa.bindparam("before_sequence", type_=sa.BigInteger),
            ),
        ),
    )
    .order_by(
        movements.c.recorded_at.desc(),
        movements.c.site_id.desc(),
        movements.c.origin_id.desc(),
        movements.c.sequence.desc(),
    )
    .offset(_SKIP)
    .limit(_MOST)
)


async def list_levels(
    connection: Connection, wanted: LevelFilter, after: tuple[str, str] | None, skip: int, limit: int
) -> list[Level]:
    """Levels by (site, product)."""
    query = _LIST_LOW if wanted.only_low else _LIST
    rows = await query.fetch(
        connection, sites=wanted.sites, product_id=wanted.product_id, words=_words(wanted.q), skip=skip, most=limit,
        after_site=after[0] if after else None, after_product=after[1] if after else None,
    )  # fmt: skip
    return [_level(row) for row in rows]


async def as_of(connection: Connection, site_ids: list[str] | None) -> list[AsOf]:
    """How far each site's ledger is known."""
    return [_as_of(row) for row in await _AS_OF.fetch(connection, sites=site_ids)]


async def list_movements(
    connection: Connection, wanted: MovementFilter, after: tuple[int, str, str, int] | None, skip: int, limit: int
) -> list[Moved]:
    """Movements, newest first."""
    before = after or (None, None, None, None)
    rows = await _MOVEMENTS.fetch(
        connection, sites=wanted.sites, product_id=wanted.product_id, reason=wanted.reason,
        since=_moment(wanted.since_ms, 1000), until=_moment(wanted.until_ms, 1000), skip=skip, most=limit,
        before=_moment(before[0], 1), before_site=before[1], before_origin=before[2], before_sequence=before[3],
    )  # fmt: skip
    return [_moved(row) for row in rows]


def _words(q: str | None) -> str | None:
    if q is None:
        return None
    kept = "".join(char if char.isalnum() else " " for char in q.lower()).split()[:10]
    return " & ".join(f"'{word}':*" for word in kept)


def _moment(value: int | None, microseconds: int) -> datetime | None:
    if value is None:
        return None
    whole, rest = divmod(value * microseconds, 1_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest)


def _us(moment: datetime) -> int:
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000 + moment.microsecond


def _level(row: Row) -> Level:
    return Level(
        site_id=str(row["site_id"]),
        product_id=str(row["product_id"]),
        **{name: row[name] for name in _LEVEL_FIELDS},
    )


def _as_of(row: Row) -> AsOf:
    return AsOf(
        site_id=str(row["id"]),
        origin_id=None if row["origin_id"] is None else str(row["origin_id"]),
        position=row["mark"] or 0,
        last_heard_ms=row["last_seen"],
        behind=row["pending"],
        oldest_unsent_ms=row["oldest_unsent"],
        is_connected=row["is_connected"],
        is_hub_run=row["kind"] == "hub",
    )


def _moved(row: Row) -> Moved:
    us = _us(row["recorded_at"])
    return Moved(
        movement_id=str(row["movement_id"]),
        site_id=str(row["site_id"]),
        origin_id=str(row["origin_id"]),
        position=row["sequence"],
        product_id=str(row["product_id"]),
        occurred_at_ms=_us(row["occurred_at"]) // 1000,
        corrected_at_ms=_us(row["corrected_at"]) // 1000,
        recorded_at_ms=us // 1000,
        recorded_at_us=us,
        expiry=None if row["expiry"] is None else row["expiry"].isoformat(),
        **{name: row[name] for name in _MOVED_FIELDS},
    )
