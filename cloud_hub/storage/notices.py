"""SQL of notices: whom to tell of which alert and when, each person once per alert and type."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.domain.permissions import GRANTS, Permission
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.schema import alerts, notices, origins, products, sites, users

LATE_MS = 15 * 60_000
_N = notices.c
_TOLD_ROLES: list[sa.ColumnElement[str]] = [
    sa.literal_column(f"'{role}'") for role, granted in GRANTS.items() if Permission.ALERTS_WRITE in granted
]
_PEOPLE = Query(
    sa.select(users.c.id, users.c.site_ids, users.c.is_everywhere).where(
        users.c.state == "active", users.c.email.is_not(None), users.c.role.in_(_TOLD_ROLES)
    )
)
_ADD = Query(
    insert(notices)
    .values(given(notices, "user_id", "alert_id", "type", "site_id", "due_at", "created_at"))
    .on_conflict_do_nothing()
)
_DROP = Query(
    notices.update()
    .where(_N.alert_id == bound(_N.alert_id), _N.state == "waiting")
    .values({"state": sa.literal_column("'dropped'"), "settled_at": bound(_N.settled_at)})
)
_NOW = sa.bindparam("now", type_=sa.BigInteger)
_is_behind = sa.exists().where(
    origins.c.site_id == _N.site_id, origins.c.state == "open", origins.c.head_told > origins.c.mark
)
_DUE = Query(
    sa.select(
        _N.user_id, _N.alert_id, _N.type, users.c.email, alerts.c.severity, alerts.c.available, alerts.c.detail,
        sa.func.coalesce(sites.c.name, sa.literal_column("'the chain'")).label("site"),
        products.c.name.label("product"),
    )
    .select_from(
        notices.join(users, users.c.id == _N.user_id)
        .join(alerts, sa.and_(alerts.c.site_id == _N.site_id, alerts.c.alert_id == _N.alert_id))
        .outerjoin(sites, sites.c.id == _N.site_id)
        .outerjoin(products, products.c.id == alerts.c.product_id)
    )
    .where(
        _N.state == "waiting", _N.due_at <= _NOW, users.c.email.is_not(None), users.c.state == "active",
        sa.or_(~_is_behind, _N.due_at < _NOW - LATE_MS),
    )
    .order_by(_N.user_id, alerts.c.opened_at, _N.alert_id)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
    .with_for_update(of=notices, skip_locked=True)
)  # fmt: skip
_TOLD = Query(
    notices.update()
    .where(
        _N.user_id == bound(_N.user_id), _N.alert_id == sa.any_(bound_array(_N.alert_id, "alerts")),
        _N.state == "waiting", _N.due_at <= _NOW,
    )
    .values({"state": sa.literal_column("'told'"), "settled_at": _NOW})
)  # fmt: skip
_PRUNE = Query(notices.delete().where(_N.state != "waiting", _N.created_at < bound(_N.created_at, "before")))


async def list_people(connection: Connection) -> list[Row]:
    """Active people with an address whose role looks after alerts, and their sites."""
    return await _PEOPLE.fetch(connection)


async def add(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Somebody is to be told; again: nothing."""
    await _ADD.each(connection, rows)


async def drop(connection: Connection, alert_id: str, now_ms: int) -> None:
    """Nobody needs to be told any more: it is over, or somebody looks after it."""
    await _DROP.execute(connection, alert_id=alert_id, settled_at=now_ms)


async def list_due(connection: Connection, most: int, now_ms: int) -> list[Row]:
    """Whom to tell now, locked. Alerts of a store whose records are still coming in wait for the rest of its story."""
    return await _DUE.fetch(connection, most=most, now=now_ms)


async def told(connection: Connection, user_id: str, alert_ids: Sequence[str], now_ms: int) -> None:
    """A mail about these is in the outbox."""
    await _TOLD.execute(connection, user_id=user_id, alerts=list(alert_ids), now=now_ms)


async def prune(connection: Connection, before_ms: int) -> int:
    """What was settled long ago."""
    return await _PRUNE.execute(connection, before=before_ms)
