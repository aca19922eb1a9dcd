"""SQL of hub-run ledgers: who runs them, what a key has done, how products stand with their alerts."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from cloud_hub.domain.posting import BLOCK, Goods
from cloud_hub.storage import holding, thresholds
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array
from cloud_hub.storage.products import minor
from cloud_hub.storage.schema import alerts, levels, movement_keys, products, site_products, sites
from sync_protocol.vocabulary import AlertState


class Standing(NamedTuple):
    """How a product stands at a site: what a posting of it is judged by, and what its alerts are."""

    id: UUID
    goods: Goods
    levels: dict[str, int]
    """By location, virtual ones included."""
    is_stocked: bool
    """Of the site's assortment, so that none of it is too little."""
    reserved: int
    pending: int
    reorder_point: int
    critical_level: int
    told: list[dict[str, Any]]
    """Its alerts that are not resolved, or were opened lately."""


_KEYS = Query(
    sa.select(movement_keys).where(
        movement_keys.c.site_id == bound(movement_keys.c.site_id),
        movement_keys.c.key == sa.any_(bound_array(movement_keys.c.key, "keys")),
    )
)
_LEVELS = (
    sa.select(sa.func.jsonb_object_agg(levels.c.location, levels.c.quantity, type_=JSONB))
    .where(levels.c.site_id == sites.c.id, levels.c.product_id == products.c.id)
    .correlate(sites, products)
    .scalar_subquery()
    .label("levels")
)
_POLICY = sa.func.coalesce(
    site_products.c.negative_policy, products.c.negative_policy, sites.c.negative_policy, BLOCK
).label("policy")
_RESOLVED: sa.ColumnElement[str] = sa.literal_column(f"'{AlertState.RESOLVED}'")
_STATES: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{state}'") for state in AlertState]
"""All there are: with them the index finds a product's alerts."""
_ALERT = ("alert_id", "rule", "severity", "state", "opened_at", "opened_at_position", "detail")
_pairs: Iterable[tuple[sa.ColumnElement[Any], ...]] = (
    (sa.literal_column(f"'{name}'"), alerts.c[name]) for name in _ALERT
)
_TOLD = (
    sa.select(sa.func.jsonb_agg(sa.func.jsonb_build_object(*chain.from_iterable(_pairs)), type_=JSONB))
    .where(
        alerts.c.site_id == sites.c.id,
        alerts.c.product_id == products.c.id,
        alerts.c.state.in_(_STATES),
        alerts.c.rule == sa.any_(bound_array(alerts.c.rule, "rules")),
        sa.or_(alerts.c.state != _RESOLVED, alerts.c.opened_at > bound(alerts.c.opened_at, "since")),
    )
    .correlate(sites, products)
    .scalar_subquery()
    .label("told")
)
_STANDINGS = Query(
    sa.select(
        products.c.id, products.c.unit, products.c.price, products.c.cost, products.c.currency, products.c.lifecycle,
        _POLICY, _LEVELS, sa.func.coalesce(site_products.c.is_stocked, sa.false()).label("is_stocked"),
        holding.reserved(sites.c.id, products.c.id), holding.pending(sites.c.id, products.c.id),
        thresholds.threshold("reorder_point"), thresholds.threshold("critical_level"), _TOLD,
    )
    .select_from(thresholds.joined(products.join(sites, sites.c.id == bound(sites.c.id, "site_id"))))
    .where(products.c.id == sa.any_(bound_array(products.c.id, "ids")))
)  # fmt: skip
_SITE = Query(sa.select(sites.c.kind).where(sites.c.id == bound(sites.c.id)).with_for_update())


async def lock_site(connection: Connection, site_id: object) -> str | None:
    """The kind of a site, its row locked (only the first posting of a site needs this)."""
    kind: str | None = await _SITE.fetchval(connection, id=site_id)
    return kind


async def find_keys(connection: Connection, site_id: object, keys: list[str]) -> dict[str, Row]:
    """What these keys were used for at the site."""
    return {row["key"]: row for row in await _KEYS.fetch(connection, site_id=site_id, keys=keys)}


async def find_standings(
    connection: Connection, site_id: object, product_ids: Sequence[str], rules: Sequence[str], since_ms: int
) -> dict[str, Standing]:
    """How those of these products that exist stand at the site, with their alerts of these rules."""
    rows = await _STANDINGS.fetch(connection, site_id=site_id, ids=product_ids, rules=rules, since=since_ms)
    return {
        str(row["id"]): Standing(
            row["id"], _goods(row), row["levels"] or {}, row["is_stocked"], row["reserved"], row["pending"],
            row["reorder_point"], row["critical_level"], row["told"] or [],
        )
        for row in rows
    }  # fmt: skip


def _goods(row: Row) -> Goods:
    currency = row["currency"]
    price, cost = minor(row["price"], currency), minor(row["cost"], currency)
    return Goods(row["policy"], row["unit"], price, cost, currency, row["lifecycle"] == "archived")
