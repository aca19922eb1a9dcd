"""Telling people of alerts by mail: who wants to hear of what, gathered, and put into the outbox once.

Each person is told once per alert and type. An alert is held for a minute, over quiet hours
or until the next digest; one that is over by then is told to nobody.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from uuid import uuid4

from cloud_hub.domain import alert_settings as rules
from cloud_hub.domain.event_types import ALERTS
from cloud_hub.domain.wording import Line, mail
from cloud_hub.services.ports import SendMail
from cloud_hub.storage import alert_settings, deliveries, events, notices
from cloud_hub.storage.database import Connection
from cloud_hub.storage.deliveries import Delivery
from cloud_hub.storage.events import Event
from cloud_hub.storage.schema import EVERYWHERE
from sync_protocol.quantity import format_quantity

MAIL = "mail"
EVENTS_MAX = 500
NOTICES_MAX = 1_000


class People:
    """Fills the outbox with mails."""

    def __init__(self, link: str | None) -> None:
        self._link = link

    async def fill(self, connection: Connection, head: int, now_ms: int) -> int:
        """What alerts did up to the head, and whom it is time to tell; how much there was to do."""
        found = await events.take(connection, events.PEOPLE, head, ALERTS, EVENTS_MAX)
        for event in found:
            if event.type == "alert.opened":
                await _note(connection, event, now_ms)
            else:
                await notices.drop(connection, event.subject, now_ms)
        return len(found) + await self._mail(connection, now_ms)

    async def _mail(self, connection: Connection, now_ms: int) -> int:
        due = await notices.list_due(connection, NOTICES_MAX, now_ms)
        for (user_id, email), rows in groupby(due, key=lambda row: (str(row["user_id"]), row["email"])):
            those = list(rows)
            subject, text = mail([_line(row) for row in those], self._link)
            row = {
                "channel": MAIL, "receiver": user_id, "subject": str(uuid4()), "type": "alerts", "position": 0,
                "payload": {"to": email, "subject": subject, "text": text}, "due_at": now_ms, "created_at": now_ms,
            }  # fmt: skip
            await deliveries.add(connection, [row])
            await notices.told(connection, user_id, [str(each["alert_id"]) for each in those], now_ms)
        return len(due)


class MailChannel:
    """Sends the outbox's mails; a mail that may have been sent is not sent again."""

    may_repeat = False

    def __init__(self, send_mail: SendMail) -> None:
        self._send_mail = send_mail

    async def send(self, delivery: Delivery, now_ms: int) -> None:
        """Raises Undelivered."""
        del now_ms
        payload = delivery.payload
        await self._send_mail(payload["to"], payload["subject"], payload["text"], delivery.id)

    async def failed(self, delivery: Delivery, now_ms: int, next_ms: int) -> None:
        """The outbox says it all."""


async def _note(connection: Connection, event: Event, now_ms: int) -> None:
    """Everybody who looks after the site and wants to hear of it."""
    site_id = event.site_id or str(EVERYWHERE)
    people = [
        str(row["id"])
        for row in await notices.list_people(connection)
        if row["is_everywhere"] or site_id in map(str, row["site_ids"])
    ]
    scopes = [rules.CHAIN, rules.of_site(site_id), *map(rules.of_user, people)]
    said = await alert_settings.find_all(connection, scopes)
    rows = []
    for person in people:
        settings = rules.merged(*(said[scope] for scope in (*scopes[:2], rules.of_user(person))))
        if rules.is_wanted(settings, event.data["alert_type"], event.data["severity"]):
            rows.append({
                "user_id": person, "alert_id": event.subject, "type": event.data["alert_type"], "site_id": site_id,
                "due_at": rules.tell_at_ms(settings, now_ms), "created_at": now_ms,
            })  # fmt: skip
    await notices.add(connection, rows)


def _line(row: Mapping[str, Any]) -> Line:
    available = None if row["available"] is None else format_quantity(row["available"])
    return Line(row["type"], row["severity"], row["site"], row["product"], available, row["detail"])
