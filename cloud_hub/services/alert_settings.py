"""Alert settings of people, sites and the chain."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cloud_hub.domain import alert_settings as rules
from cloud_hub.storage import alert_settings, sites
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads


class Settings(NamedTuple):
    """What one scope says itself, and what is in force there."""

    own: dict[str, Any]
    in_force: dict[str, Any]


class AlertSettings:
    """The use cases of settings; a list of scopes goes from the widest to the one that is meant."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def get(self, scopes: list[str]) -> Settings:
        """Of the last scope. Raises NotFound for a site that does not exist."""
        return await self._reads.run(_get, scopes)

    async def edit(self, scopes: list[str], fields: Mapping[str, Any], actor: str, now_ms: int) -> Settings:
        """Change some fields of the last scope; None goes back to what the wider scope says. Raises NotFound."""
        async with self._database.transaction() as connection:
            old = await _get(connection, scopes)
            own = {name: value for name, value in {**old.own, **fields}.items() if value is not None}
            await alert_settings.save(connection, scopes[-1], own, actor, now_ms)
            return await _get(connection, scopes)


async def _get(connection: Connection, scopes: list[str]) -> Settings:
    await sites.require_all(connection, [each.removeprefix("site:") for each in scopes if each.startswith("site:")])
    found = await alert_settings.find_all(connection, scopes)
    return Settings(found[scopes[-1]], rules.merged(*(found[scope] for scope in scopes)))
