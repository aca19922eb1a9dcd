"""Alerts as head office sees them; saying that somebody looks after one, or that it is dealt with.

An alert about a ledger is its writer's: a store's box is asked by command, for a site that
the hub runs it is a fact on that ledger. The hub's own, of boxes and transfers, change here.
"""

from typing import Any, Literal

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services import commands
from cloud_hub.services.posting import Posting
from cloud_hub.services.watching import tell
from cloud_hub.storage import alert_list, hub_alerts, sites
from cloud_hub.storage.alert_list import Alert
from cloud_hub.storage.commands import Command
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads
from sync_protocol import facts
from sync_protocol.vocabulary import AlertState

__all__ = ["Alert", "Alerting"]
Verb = Literal["acknowledge_alert", "resolve_alert"]
_STATES = {"acknowledge_alert": AlertState.ACKNOWLEDGED, "resolve_alert": AlertState.RESOLVED}


class Alerting:
    """The use cases of alerts."""

    def __init__(self, database: Database, reads: Reads, posting: Posting) -> None:
        self._database = database
        self._reads = reads
        self._posting = posting

    async def list(
        self, site_ids: list[str] | None, filters: dict[str, Any], before: tuple[int, str] | None, skip: int, limit: int
    ) -> list[Alert]:
        """Alerts, newest first."""
        return await self._reads.run(alert_list.list_newest, site_ids, filters, before, skip, limit)

    async def get(self, alert_id: str, who: Principal) -> Alert:
        """Raises NotFound."""
        return _seen(await self._reads.run(alert_list.find, alert_id), who)

    async def change(
        self, verb: Verb, alert_id: str, key: str, who: Principal, now_ms: int
    ) -> tuple[Alert, Command | None]:
        """The alert, and the command to its box when a box decides. Raises NotFound, Conflict when it is over."""
        async with self._database.transaction() as connection:
            alert = _seen(await alert_list.find(connection, alert_id), who)
            if alert.state == "resolved":
                raise Conflict("resolved", "expected an alert that still holds")
            site = None if alert.site_id is None else await sites.find(connection, alert.site_id)
            if site is not None and site.kind == "edge" and not alert.is_hubs:
                given = await commands.create_command(
                    connection, site.id, verb, {"alert_id": alert.id}, key, actor=who.name, now_ms=now_ms
                )
                return alert, given.command
            if alert.state == _STATES[verb]:
                return alert, None
            if site is not None and not alert.is_hubs:
                await self._posting.say_in(connection, site.id, _fact(alert, verb, who.name, now_ms), now_ms)
                return _seen(await alert_list.find(connection, alert_id), who), None
            return await _change_own(connection, alert, verb, who.name, now_ms), None


async def _change_own(connection: Connection, alert: Alert, verb: Verb, actor: str, now_ms: int) -> Alert:
    if verb == "resolve_alert":
        changed = await hub_alerts.resolve(connection, alert, now_ms) or alert
    else:
        changed = await alert_list.acknowledge(connection, alert, actor, now_ms)
    await tell(connection, changed, now_ms)
    return changed


def _fact(alert: Alert, verb: Verb, actor: str, now_ms: int) -> Any:
    body = facts.Alert.model_validate(
        {
            "occurred_at": now_ms, "actor": actor, "alert_id": alert.id, "rule": alert.rule,
            "product_id": alert.product_id, "state": _STATES[verb], "severity": alert.severity,
            "opened_at_position": alert.opened_at_position, "available": alert.available, "detail": alert.detail,
        }
    )  # fmt: skip
    return facts.fact(body)


def _seen(alert: Alert | None, who: Principal) -> Alert:
    if alert is None or (alert.site_id is not None and not who.sees(alert.site_id)):
        raise NotFound("alert", "no such alert")
    return alert
