"""Alert settings of people, sites and the chain."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cloud_hub.domain import alert_settings as rules
from cloud_hub.domain import schedule
from cloud_hub.storage import alert_settings, changes, policies, sites
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads

_SITE = rules.of_site("")


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
        """Change some fields of the last scope; None goes back to what the wider scope says. NotFound, Invalid."""
        if fields.get("timezone") is not None:
            schedule.require_zone(fields["timezone"])
        async with self._database.transaction() as connection:
            await policies.lock(connection)
            old = await _get(connection, scopes)
            own = {name: value for name, value in {**old.own, **fields}.items() if value is not None}
            await alert_settings.save(connection, scopes[-1], own, actor, now_ms)
            if any(old.own.get(name) != own.get(name) for name in rules.BOXES_OBEY):
                await _tell_boxes(connection, scopes[-1], now_ms)
            new = await _get(connection, scopes)
            rules.require_both_quiet_hours(new.in_force)
            return new


async def _tell_boxes(connection: Connection, scope: str, now_ms: int) -> None:
    """Those of the site, or all; a person's settings are no box's business."""
    if scope.startswith(_SITE):
        await changes.append_all(connection, await policies.next_told(connection, [scope.removeprefix(_SITE)]), now_ms)
    elif scope == rules.CHAIN:
        await changes.append_all(connection, await policies.next_told(connection), now_ms)


async def _get(connection: Connection, scopes: list[str]) -> Settings:
    await sites.require_all(connection, [each.removeprefix(_SITE) for each in scopes if each.startswith(_SITE)])
    found = await alert_settings.find_all(connection, scopes)
    return Settings(found[scopes[-1]], rules.merged(*(found[scope] for scope in scopes)))
