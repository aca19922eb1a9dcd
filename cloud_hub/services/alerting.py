"""Alerts as head office sees them, and saying that somebody looks after one.

A store's alerts are opened, acknowledged and resolved by its box: head office asks by
command. Those of hub-run sites, of sync and of devices are the hub's own.
"""

from typing import Any

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services import commands
from cloud_hub.storage import alert_list, sites
from cloud_hub.storage.alert_list import Alert
from cloud_hub.storage.commands import Command
from cloud_hub.storage.database import Database
from cloud_hub.storage.reads import Reads

__all__ = ["Alert", "Alerting"]


class Alerting:
    """The use cases of alerts."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def list(
        self,
        site_ids: list[str] | None,
        filters: dict[str, str | None],
        before: tuple[int, str] | None,
        skip: int,
        limit: int,
    ) -> list[Alert]:
        """Alerts, newest first."""
        return await self._reads.run(alert_list.list_newest, site_ids, filters, before, skip, limit)

    async def acknowledge(self, alert_id: str, key: str, who: Principal, now_ms: int) -> tuple[Alert, Command | None]:
        """The alert, and the command to its box when a box decides. Raises NotFound, Conflict."""
        async with self._database.transaction() as connection:
            alert = await alert_list.find(connection, alert_id)
            if alert is None or (alert.site_id is not None and not who.sees(alert.site_id)):
                raise NotFound("alert", "no such alert")
            if alert.state == "resolved":
                raise Conflict("resolved", "expected an alert that still holds")
            site = None if alert.site_id is None else await sites.find(connection, alert.site_id)
            if site is None or site.kind == "hub" or _is_ours(alert):
                return await alert_list.acknowledge(connection, alert, who.name, now_ms), None
            body: dict[str, Any] = {"alert_id": alert.id}
            given = await commands.create_command(
                connection, site.id, "acknowledge_alert", body, key, actor=who.name, now_ms=now_ms
            )
            return alert, given.command


def _is_ours(alert: Alert) -> bool:
    """Rules that the hub raises about a box and not the box about its shelf."""
    return alert.rule.startswith(("sync", "device"))
