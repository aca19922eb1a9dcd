"""SQL of how far each site's ledger is known here: what every figure of stock is told with."""

from dataclasses import dataclass

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.fleet import connected, oldest_unsent, pending
from cloud_hub.storage.listing import of_sites
from cloud_hub.storage.schema import devices, origins, sites


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
    .where(sites.c.archived_at.is_(None), of_sites(sites.c.id))
    .order_by(sites.c.id)
)


async def as_of(connection: Connection, site_ids: list[str] | None) -> list[AsOf]:
    """How far each site's ledger is known."""
    return [_as_of(row) for row in await _AS_OF.fetch(connection, sites=site_ids)]


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
