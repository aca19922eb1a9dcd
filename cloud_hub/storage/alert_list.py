"""SQL of alerts as people read them, newest first (the ledger's writers write them)."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.listing import equals, newest_first, of_sites, page
from cloud_hub.storage.schema import EVERYWHERE, alerts


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert of a store or of the hub."""

    id: str
    site_id: str | None
    rule: str
    product_id: str | None
    severity: str
    state: str
    available: int | None
    detail: str
    opened_at_ms: int
    updated_at_ms: int


_LIST = Query(
    newest_first(
        sa.select(alerts).where(of_sites(alerts.c.site_id), equals(alerts.c.state, alerts.c.severity, alerts.c.rule)),
        alerts.c.opened_at,
        alerts.c.alert_id,
    )
)
_FIND = Query(sa.select(alerts).where(alerts.c.alert_id == sa.bindparam("id", type_=sa.Uuid)))
_ACKNOWLEDGE = Query(
    alerts.update()
    .where(
        alerts.c.site_id == sa.bindparam("site_id", type_=sa.Uuid),
        alerts.c.alert_id == sa.bindparam("id", type_=sa.Uuid),
    )
    .values(
        state=sa.case((alerts.c.state == "opened", "acknowledged"), else_=alerts.c.state),
        acknowledged_at=sa.func.coalesce(alerts.c.acknowledged_at, sa.bindparam("now", type_=sa.BigInteger)),
        acknowledged_by=sa.func.coalesce(alerts.c.acknowledged_by, sa.bindparam("actor", type_=sa.Text)),
        updated_at=sa.bindparam("now", type_=sa.BigInteger),
    )
    .returning(alerts)
)


async def list_newest(
    connection: Connection,
    site_ids: list[str] | None,
    filters: dict[str, str | None],
    before: tuple[int, str] | None,
    skip: int,
    limit: int,
) -> list[Alert]:
    """Alerts of these sites; filters by state, severity and rule."""
    rows = await _LIST.fetch(connection, sites=site_ids, **filters, **page(before, skip, limit))
    return [_made(row) for row in rows]


async def find(connection: Connection, alert_id: str) -> Alert | None:
    row = await _FIND.fetchrow(connection, id=alert_id)
    return None if row is None else _made(row)


async def acknowledge(connection: Connection, alert: Alert, actor: str, now_ms: int) -> Alert:
    """For alerts that the hub itself decides."""
    row: Any = await _ACKNOWLEDGE.fetchrow(
        connection, site_id=alert.site_id or EVERYWHERE, id=alert.id, actor=actor, now=now_ms
    )
    return _made(row)


def _made(row: Row) -> Alert:
    return Alert(
        id=str(row["alert_id"]),
        site_id=None if row["site_id"] == EVERYWHERE else str(row["site_id"]),
        rule=row["rule"],
        product_id=None if row["product_id"] is None else str(row["product_id"]),
        severity=row["severity"],
        state=row["state"],
        available=row["available"],
        detail=row["detail"],
        opened_at_ms=row["opened_at"],
        updated_at_ms=row["updated_at"],
    )
