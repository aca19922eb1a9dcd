"""SQL of the alerts that the hub itself raises, and of what its rules look at.

At most one is open per site, rule and subject; a second process that finds the same raises
nothing. Alerts about stock are the business of whoever writes the site's ledger.
"""

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.domain.watching import Finding, Lot
from cloud_hub.storage import holding
from cloud_hub.storage.alert_list import Alert, made
from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.schema import alerts, levels, movements, sites, transfers

_OPEN = Query(sa.select(alerts).where(alerts.c.is_hubs, alerts.c.state != "resolved"))
_RAISE = Query(
    insert(alerts)
    .values(
        {
            "alert_id": sa.func.gen_random_uuid(), "state": sa.literal_column("'opened'"),
            "opened_at_position": sa.literal_column("0"), "is_hubs": sa.true(),
            **given(alerts, "site_id", "rule", "subject", "severity", "detail", "product_id", "opened_at",
                    "updated_at"),
        }
    )
    .on_conflict_do_nothing()
    .returning(alerts)
)  # fmt: skip
_CLEAR = Query(
    alerts.update()
    .where(
        alerts.c.site_id == bound(alerts.c.site_id), alerts.c.alert_id == bound(alerts.c.alert_id),
        alerts.c.state != "resolved",
    )
    .values({"state": sa.literal_column("'resolved'"), **given(alerts, "resolved_at", "updated_at")})
    .returning(alerts)
)  # fmt: skip
_ON_THE_WAY = Query(
    sa.select(transfers.c.to_site, transfers.c.transfer_id, transfers.c.created_at).where(
        transfers.c.is_open, transfers.c.is_dispatched, transfers.c.created_at < bound(transfers.c.created_at, "before")
    )
)
_came = sa.case((holding.is_own(movements.c.to_location), movements.c.quantity), else_=sa.literal_column("0"))
_went = sa.case((holding.is_own(movements.c.from_location), movements.c.quantity), else_=sa.literal_column("0"))
_ending = (
    sa.select(movements.c.site_id, movements.c.product_id)
    .where(movements.c.expiry.is_not(None), movements.c.expiry <= bound(movements.c.expiry, "until"))
    .distinct()
    .subquery("ending")
)
_HELD = (
    sa.select(holding.on_hand(levels))
    .where(
        levels.c.site_id == movements.c.site_id, levels.c.product_id == movements.c.product_id,
        holding.is_own(levels.c.location),
    )
    .correlate(movements)
    .scalar_subquery()
)  # fmt: skip
_LOTS = Query(
    sa.select(
        movements.c.site_id, movements.c.product_id, sa.func.coalesce(movements.c.lot, "").label("lot"),
        movements.c.expiry, sa.func.sum(_came - _went).cast(sa.BigInteger).label("came"), _HELD.label("on_hand"),
    )
    .select_from(
        movements.join(
            _ending, sa.and_(_ending.c.site_id == movements.c.site_id, _ending.c.product_id == movements.c.product_id)
        ).join(sites, sa.and_(sites.c.id == movements.c.site_id, sites.c.kind == sa.literal_column("'hub'")))
    )
    .where(movements.c.expiry.is_not(None))
    .group_by(movements.c.site_id, movements.c.product_id, movements.c.lot, movements.c.expiry)
    .order_by(movements.c.site_id, movements.c.product_id)
)  # fmt: skip
_HUB_SITES = Query(sa.select(sites.c.id).where(sites.c.kind == "hub", sites.c.archived_at.is_(None)))
_STOCK_OPEN = Query(
    sa.select(alerts.c.product_id)
    .where(
        alerts.c.site_id == bound(alerts.c.site_id), ~alerts.c.is_hubs, alerts.c.state != "resolved",
        alerts.c.product_id.is_not(None),
    )
    .distinct()
)  # fmt: skip


class Shelf(NamedTuple):
    """The lots of a product at a site, and what is there of it."""

    site_id: str
    product_id: str
    lots: list[Lot]
    on_hand: int


async def list_open(connection: Connection) -> list[Alert]:
    """The hub's own that still hold."""
    return [made(row) for row in await _OPEN.fetch(connection)]


async def open_one(connection: Connection, finding: Finding, now_ms: int) -> Alert | None:
    """The new alert; None when it is open already."""
    row = await _RAISE.fetchrow(
        connection, site_id=finding.site_id, rule=str(finding.rule), subject=finding.subject,
        severity=finding.severity, detail=finding.detail, product_id=finding.product_id, opened_at=now_ms,
        updated_at=now_ms,
    )  # fmt: skip
    return None if row is None else made(row)


async def resolve(connection: Connection, alert: Alert, now_ms: int) -> Alert | None:
    """The alert as it is now; None when somebody else resolved it."""
    row = await _CLEAR.fetchrow(
        connection, site_id=alert.site_id, alert_id=alert.id, resolved_at=now_ms, updated_at=now_ms
    )
    return None if row is None else made(row)


async def list_on_the_way(connection: Connection, before_ms: int) -> list[Row]:
    """Transfers that were dispatched before and are still open."""
    return await _ON_THE_WAY.fetch(connection, before=before_ms)


async def list_shelves(connection: Connection, until: Any) -> list[Shelf]:
    """Products of which some lot ends until that day at a site that the hub runs, with all their lots."""
    shelves: dict[tuple[str, str], Shelf] = {}
    for row in await _LOTS.fetch(connection, until=until):
        site_id, product_id = str(row["site_id"]), str(row["product_id"])
        shelf = shelves.setdefault((site_id, product_id), Shelf(site_id, product_id, [], row["on_hand"]))
        if row["came"] > 0:
            shelf.lots.append(Lot(row["lot"], row["expiry"], row["came"]))
    return list(shelves.values())


async def list_hub_sites(connection: Connection) -> list[str]:
    """Sites whose ledger the hub writes."""
    return [str(row["id"]) for row in await _HUB_SITES.fetch(connection)]


async def list_stock_open(connection: Connection, site_id: str) -> list[str]:
    """Products of a site with an open alert about their stock."""
    return [str(row["product_id"]) for row in await _STOCK_OPEN.fetch(connection, site_id=site_id)]
