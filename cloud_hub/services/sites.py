"""Sites: stores with a box, and places whose ledger the hub itself writes."""

from collections.abc import Mapping
from typing import Any

import asyncpg
from uuid_utils import uuid7

from cloud_hub.domain import schedule
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.storage import changes, hub_state, policies, sites
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sites import Site
from sync_protocol import changes as wire

__all__ = ["Site", "Sites"]


class Sites:
    """The use cases of sites."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def list(self) -> list[Site]:
        """Sites by code."""
        return await self._reads.run(sites.list_by_code)

    async def get(self, site_id: str) -> Site:
        """Raises NotFound."""
        site = await self._reads.run(sites.find, site_id)
        if site is None:
            raise NotFound("site", "no such site")
        return site

    async def find(self, text: str) -> Site:
        """A site by code or id, as a person types it. Raises NotFound."""
        site = next((each for each in await self.list() if text in (each.code, each.id)), None)
        if site is None:
            raise NotFound("site", f"no site has the code {text[:60]}; GET /api/v1/sites lists them")
        return site

    async def create(self, code: str, name: str, kind: str, now_ms: int, *, timezone: str = "UTC") -> Site:
        """Add a site; the first one is the default. Raises Conflict for a code that is taken, Invalid."""
        fields = {"code": code, "name": name, "kind": kind, "timezone": timezone}
        async with self._database.transaction() as connection:
            await _require_zone(connection, timezone)
            epoch = await hub_state.epoch(connection)
            try:
                site = await sites.insert(connection, str(uuid7()), fields, epoch, now_ms)
            except asyncpg.UniqueViolationError as error:
                raise _taken() from error
            await _publish(connection, site, now_ms)
        return site

    async def edit(self, site_id: str, fields: Mapping[str, Any], if_match: str | None, now_ms: int) -> Site:
        """Change name, code, time zone or thresholds. Raises NotFound, Stale, Conflict, Invalid."""
        async with self._database.transaction() as connection:
            await _require_zone(connection, fields.get("timezone", "UTC"))
            known = await sites.lock(connection, site_id)
            if known is None:
                raise NotFound("site", "no such site")
            known.require(if_match)
            epoch = await hub_state.epoch(connection)
            try:
                site = await sites.update(connection, known, fields, epoch)
            except asyncpg.UniqueViolationError as error:
                raise _taken() from error
            await _publish(connection, site, now_ms)
        return site


async def _publish(connection: Connection, site: Site, now_ms: int) -> None:
    """Every store learns of the site (transfers name it), and the site's own box what holds there."""
    told = wire.Site(site_id=site.id, code=site.code, name=site.name, version=site.version)
    policy = await policies.next_told(connection, [site.id])
    await changes.append_all(connection, [(None, wire.change(told)), *policy], now_ms)


async def _require_zone(connection: Connection, name: str) -> None:
    schedule.require_zone(name)
    if name != "UTC" and not await sites.knows_timezone(connection, name):
        raise schedule.no_zone()


def _taken() -> Conflict:
    return Conflict("code_taken", "expected a code that no other site has", pointer="/code")
