"""The rules of the stores: the chain's, and what a site rules differently; boxes are told in the same transaction."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cloud_hub.domain import store_rules as rules
from cloud_hub.storage import changes, policies, sites
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads


class Rules(NamedTuple):
    """What one scope says itself, and what is in force there."""

    own: dict[str, Any]
    in_force: dict[str, Any]


class StoreRules:
    """The use cases of the rules; site None is the chain."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def get(self, site_id: str | None) -> Rules:
        """Raises NotFound for a site that does not exist."""
        return await self._reads.run(_get, site_id)

    async def edit(self, site_id: str | None, fields: Mapping[str, Any], now_ms: int) -> Rules:
        """Change some rules; None goes back to what is wider.

        Raises Invalid, NotFound, Conflict (too much to tell a box).
        """
        rules.require(fields)
        async with self._database.transaction() as connection:
            await policies.lock(connection)
            await _require(connection, site_id)
            settings = await policies.find_settings(connection, site_id)
            await policies.save_settings(connection, site_id, rules.write(settings, fields))
            told = await policies.next_told(connection, None if site_id is None else [site_id])
            await changes.append_all(connection, told, now_ms)
            return await _get(connection, site_id)


async def _get(connection: Connection, site_id: str | None) -> Rules:
    await _require(connection, site_id)
    chain = rules.read(await policies.find_settings(connection, None))
    if site_id is None:
        return Rules(chain, {**rules.DEFAULTS, **chain})
    own = rules.read(await policies.find_settings(connection, site_id))
    return Rules(own, {**rules.DEFAULTS, **chain, **own})


async def _require(connection: Connection, site_id: str | None) -> None:
    if site_id is not None:
        await sites.require_all(connection, [site_id])
