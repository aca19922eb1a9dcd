"""SQL of hub-run ledgers: who runs them, what a key has done, how stock stands, which alerts are told."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from cloud_hub.domain.posting import BLOCK
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, unnested
from cloud_hub.storage.schema import alerts, levels, movement_keys, products, site_products, sites


class Standing(NamedTuple):
    """What a posting of a product is judged by at a site."""

    policy: str
    levels: dict[str, int]
    """By location, virtual ones included."""


_KEYS = Query(
    sa.select(movement_keys).where(
        movement_keys.c.site_id == bound(movement_keys.c.site_id),
        movement_keys.c.key == sa.any_(bound_array(movement_keys.c.key, "keys")),
    )
)
_NAMES = ("site_id", "key", "origin_id", "sequence", "body_hash", "answer")
_rows = unnested(movement_keys, *_NAMES)
_insert = insert(movement_keys).from_select(list(_NAMES), sa.select(*_rows.c))
_SAVE = Query(
    _insert.on_conflict_do_update(
        index_elements=[movement_keys.c.site_id, movement_keys.c.key],
        set_={"body_hash": _insert.excluded.body_hash, "answer": _insert.excluded.answer},
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
_STANDINGS = Query(
    sa.select(products.c.id, _POLICY, _LEVELS)
    .select_from(
        products.join(sites, sites.c.id == bound(sites.c.id, "site_id")).outerjoin(
            site_products, sa.and_(site_products.c.site_id == sites.c.id, site_products.c.product_id == products.c.id)
        )
    )
    .where(products.c.id == sa.any_(bound_array(products.c.id, "ids")))
)
_SITE = Query(sa.select(sites.c.kind).where(sites.c.id == bound(sites.c.id)).with_for_update())
_ALERTS = Query(
    sa.select(
        alerts.c.alert_id, alerts.c.rule, alerts.c.product_id, alerts.c.severity, alerts.c.state, alerts.c.opened_at,
        alerts.c.opened_at_position, alerts.c.detail,
    ).where(
        alerts.c.site_id == bound(alerts.c.site_id),
        alerts.c.rule == sa.any_(bound_array(alerts.c.rule, "rules")),
        alerts.c.product_id == sa.any_(bound_array(alerts.c.product_id, "ids")),
        sa.or_(alerts.c.state != "resolved", alerts.c.opened_at > bound(alerts.c.opened_at, "since")),
    )
)  # fmt: skip


async def lock_site(connection: Connection, site_id: object) -> str | None:
    """The kind of a site, its row locked (only the first posting of a site needs this)."""
    kind: str | None = await _SITE.fetchval(connection, id=site_id)
    return kind


async def find_keys(connection: Connection, site_id: object, keys: list[str]) -> dict[str, Row]:
    """What these keys were used for at the site."""
    return {row["key"]: row for row in await _KEYS.fetch(connection, site_id=site_id, keys=keys)}


async def save_keys(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Remember what requests did, for ever."""
    if rows:
        await _SAVE.execute(connection, **{name: [row[name] for row in rows] for name in _NAMES})


async def find_standings(connection: Connection, site_id: object, product_ids: list[str]) -> dict[str, Standing]:
    """Where those of these products that exist stand at the site."""
    rows = await _STANDINGS.fetch(connection, site_id=site_id, ids=product_ids)
    return {str(row["id"]): Standing(row["policy"], row["levels"] or {}) for row in rows}


async def list_alerts(
    connection: Connection, site_id: object, product_ids: Sequence[str], rules: Sequence[str], since_ms: int
) -> list[Row]:
    """Alerts of these rules about these products that are not resolved, or were opened lately."""
    return await _ALERTS.fetch(connection, site_id=site_id, ids=product_ids, rules=list(rules), since=since_ms)
