"""Stock at head office: reading every site's, changing it where the hub may.

The hub writes only the ledgers of the sites it runs itself. A change to a store's stock
is a command to its box, pending until the box answers; what such commands may still take
away is not available meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import NotFound
from cloud_hub.services.fleet import is_live
from cloud_hub.storage import as_of, movement_list, restocking, sites, stock_list, transfers
from cloud_hub.storage.as_of import AsOf
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.gathered import Gathered
from cloud_hub.storage.movement_list import Moved, MovementFilter
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sites import Site
from cloud_hub.storage.stock_list import Level, LevelFilter
from sync_protocol.low_stock import Severity, severity

ELSEWHERE_MAX = 50
"""Sites that a store is told of: nobody at a shelf reads more."""


class Seen(NamedTuple):
    """A level, how low it is, and what is to come."""

    level: Level
    severity: Severity
    on_order: int
    """Of vendors, sent and not received."""
    in_transit: int
    """On its way from other sites."""


class Elsewhere(NamedTuple):
    """What another site has, and up to where it is known."""

    level: Level
    as_of: AsOf
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Levels, and up to where each site is known."""

    rows: list[Seen]
    as_of: list[tuple[AsOf, bool]]
    """With whether the site's box is live; the hub's own sites always are."""


class Stock:
    """The use cases of stock."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads
        # A few sites for many writes: the longer they gather, the fewer look-ups.
        self._sites = Gathered(reads, sites.find_all, lanes=1)

    async def levels(
        self, wanted: LevelFilter, after: tuple[UUID, UUID] | None, skip: int, limit: int, now_ms: int
    ) -> Levels:
        """Levels by site and product, read in one snapshot with their as-of."""
        return await self._reads.run(_levels, wanted, after, skip, limit, now_ms)

    async def elsewhere(self, product_id: str, here: str, now_ms: int) -> list[Elsewhere]:
        """The sites beside this one that have some of a product, most of it first."""
        return await self._reads.run(_elsewhere, product_id, here, now_ms)

    async def movements(
        self, wanted: MovementFilter, after: tuple[datetime, UUID, UUID, int] | None, skip: int, limit: int
    ) -> list[Moved]:
        """Movements, newest first."""
        return await self._reads.run(movement_list.list_movements, wanted, after, skip, limit)

    async def site_for(self, who: Principal, site_id: str | None) -> Site:
        """Where a write goes: the site named, else the caller's only one, else the default site."""
        if site_id is None and who.sites is not None and len(who.sites) == 1:
            (site_id,) = who.sites
        if site_id is None:
            site = await self._reads.run(sites.find_default)
        else:
            who.require_site(site_id)
            site = await self._sites.find(site_id)
        if site is None:
            raise NotFound("site", "no such site")
        who.require_site(site.id)
        return site


async def _levels(
    connection: Connection, wanted: LevelFilter, after: tuple[UUID, UUID] | None, skip: int, limit: int, now_ms: int
) -> Levels:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await stock_list.list_levels(connection, wanted, after, skip, limit)
        known = await known_as_of(connection, wanted.sites, now_ms)
        places = list({row.site_id for row in rows}), list({row.product_id for row in rows})
        on_order = await restocking.list_on_order(connection, *places)
        coming = await transfers.list_coming(connection, *places)
    return Levels(
        rows=[
            Seen(
                row,
                severity(row.available, row.reorder_point, row.critical_level),
                on_order.get((row.site_id, row.product_id), 0),
                coming.get((row.site_id, row.product_id), 0),
            )
            for row in rows
        ],
        as_of=known,
    )


async def _elsewhere(connection: Connection, product_id: str, here: str, now_ms: int) -> list[Elsewhere]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await stock_list.list_elsewhere(connection, product_id, here, ELSEWHERE_MAX)
        known = await known_as_of(connection, [row.site_id for row in rows], now_ms)
    found = {each.site_id: (each, live) for each, live in known}
    return [Elsewhere(row, *found[row.site_id]) for row in rows if row.site_id in found]


async def known_as_of(connection: Connection, site_ids: list[str] | None, now_ms: int) -> list[tuple[AsOf, bool]]:
    """Up to where each site is known, and whether it is heard now; the hub's own sites always are."""
    return [
        (each, each.is_hub_run or is_live(each.last_heard_ms, each.is_connected, now_ms))
        for each in await as_of.as_of(connection, site_ids)
    ]
