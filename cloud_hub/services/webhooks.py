"""Webhooks: made, edited, tried and replayed by people; filled from the events; sent from the outbox.

A webhook hears what its maker may hear: of their sites, by their permissions when it was
made. One that fails for a day is disabled where it is: enabled again it goes on from the
event at which it stopped, as long as that is kept.
"""

from dataclasses import replace
from typing import Any, NamedTuple
from uuid import uuid4

import orjson

from cloud_hub.domain import webhooks as rules
from cloud_hub.domain.event_types import PING, visible
from cloud_hub.domain.permissions import Principal
from cloud_hub.domain.times import rfc3339
from cloud_hub.errors import Conflict, Forbidden, NotFound
from cloud_hub.services import activity
from cloud_hub.services.ports import Post, Undelivered
from cloud_hub.services.registering import new_id
from cloud_hub.storage import deliveries, events, sites, webhooks
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.deliveries import Delivery
from cloud_hub.storage.events import Event
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.webhooks import Webhook

__all__ = ["Delivery", "Draft", "Made", "Webhook", "Webhooks"]
WEBHOOKS_MAX = 100
EVENTS_MAX = 500
CHANNEL = "webhook"
NEVER_MS = 2**53


class Draft(NamedTuple):
    """What a person says of a webhook. `types` empty: all that they may hear of; `sites` None: every site."""

    url: str
    description: str
    types: frozenset[str]
    sites: frozenset[str] | None


class Made(NamedTuple):
    """A webhook, and its secret for the one time that it is shown."""

    webhook: Webhook
    secret: str


class Webhooks:
    """The use cases of webhooks."""

    def __init__(self, database: Database, reads: Reads, *, key: bytes, private_nets: tuple[str, ...]) -> None:
        self._database = database
        self._reads = reads
        self._key = key
        self._private_nets = private_nets

    async def every(self, who: Principal) -> list[Webhook]:
        """Those that reach no further than who asks."""
        return [each for each in await self._reads.run(webhooks.list_all) if _is_within(each, who)]

    async def get(self, webhook_id: str, who: Principal) -> Webhook:
        """Raises NotFound."""
        return _found(await self._reads.run(webhooks.find, webhook_id), who)

    async def create(self, draft: Draft, who: Principal, now_ms: int) -> Made:
        """From now on it is told. Raises Invalid, Forbidden, NotFound, Conflict when there are too many."""
        rules.require_url(draft.url, self._private_nets)
        who.require_reach(draft.sites)
        async with self._database.transaction() as connection:
            await sites.require_all(connection, draft.sites or ())
            if await webhooks.count(connection) >= WEBHOOKS_MAX:
                raise Conflict("too_many_webhooks", f"expected at most {WEBHOOKS_MAX} webhooks")
            made = Webhook(
                id=new_id(), url=draft.url, description=draft.description, types=_types(draft.types, who),
                site_ids=draft.sites, state="active", detail="", secret_serial=1, rotated_at_ms=None,
                cursor=await events.read(connection, events.HEAD), failing_since_ms=None, made_by=who.name,
                created_at_ms=now_ms, updated_at_ms=now_ms,
            )  # fmt: skip
            await webhooks.insert(connection, made)
            activity.done("webhook made", who.id, made.id, url=made.url)
        return self._made(made)

    async def edit(self, webhook_id: str, fields: dict[str, Any], who: Principal, now_ms: int) -> Webhook:
        """Change url, description, types, sites or state. Raises as `create`."""
        if "url" in fields:
            rules.require_url(fields["url"], self._private_nets)
        if "site_ids" in fields:
            who.require_reach(fields["site_ids"])
        if "types" in fields:
            fields["types"] = _types(fields["types"], who)
        async with self._database.transaction() as connection:
            old = _found(await webhooks.find(connection, webhook_id, lock=True), who)
            await sites.require_all(connection, fields.get("site_ids") or ())
            edited = replace(old, **fields, updated_at_ms=now_ms)
            if edited.state == "active" and old.state != "active":
                edited = replace(edited, failing_since_ms=None, detail="")
                await deliveries.wake(connection, CHANNEL, webhook_id, now_ms)
            elif edited.state != "active":
                await deliveries.hold(connection, CHANNEL, webhook_id, NEVER_MS)
            await webhooks.save(connection, edited)
            activity.done("webhook edited", who.id, webhook_id, fields=sorted(fields))
        return edited

    async def rotate(self, webhook_id: str, who: Principal, now_ms: int) -> Made:
        """Another secret; for a day both sign. Raises NotFound."""
        async with self._database.transaction() as connection:
            old = _found(await webhooks.find(connection, webhook_id, lock=True), who)
            made = replace(old, secret_serial=old.secret_serial + 1, rotated_at_ms=now_ms, updated_at_ms=now_ms)
            await webhooks.save(connection, made)
            activity.done("webhook secret made", who.id, webhook_id)
        return self._made(made)

    async def delete(self, webhook_id: str, who: Principal) -> None:
        """It hears no more. Raises NotFound."""
        async with self._database.transaction() as connection:
            _found(await webhooks.find(connection, webhook_id, lock=True), who)
            await deliveries.forget(connection, webhook_id)
            await webhooks.delete(connection, webhook_id)
            activity.done("webhook deleted", who.id, webhook_id)

    async def ping(self, webhook_id: str, who: Principal, now_ms: int) -> Delivery:
        """Put a test message into its outbox. Raises NotFound, Conflict when it is not active."""
        async with self._database.transaction() as connection:
            webhook = _active(_found(await webhooks.find(connection, webhook_id), who))
            ping = Event(
                position=0, id=str(uuid4()), type=PING, site_id=None, subject="", occurred_at_ms=now_ms,
                recorded_at_ms=now_ms, data={"webhook_id": webhook.id, "asked_by": who.name},
            )  # fmt: skip
            await deliveries.add(connection, [_row(webhook, ping, now_ms)])
            (made,) = await deliveries.list_newest(connection, webhook.id, None, None, 0, 1)
        return made

    async def deliveries(
        self, webhook_id: str, who: Principal, state: str | None, before: tuple[int, str] | None, skip: int, limit: int
    ) -> list[Delivery]:
        """What was sent to it and what became of it, newest first. Raises NotFound."""
        await self.get(webhook_id, who)
        return await self._reads.run(deliveries.list_newest, webhook_id, state, before, skip, limit)

    async def replay(self, webhook_id: str, delivery_id: str, who: Principal, now_ms: int) -> Delivery:
        """Send one again, under the same id. Raises NotFound, Conflict when the webhook is not active."""
        async with self._database.transaction() as connection:
            _active(_found(await webhooks.find(connection, webhook_id), who))
            delivery = await deliveries.again(connection, webhook_id, delivery_id, now_ms)
            if delivery is None:
                raise NotFound("delivery", "no such delivery of this webhook")
        return delivery

    def _made(self, webhook: Webhook) -> Made:
        return Made(webhook, rules.secret_text(rules.secret(self._key, webhook.id, webhook.secret_serial)))


class WebhookChannel:
    """Sends events to webhooks, and disables those that fail for too long."""

    may_repeat = True

    def __init__(self, database: Database, post: Post, *, key: bytes) -> None:
        self._database = database
        self._post = post
        self._key = key

    async def send(self, delivery: Delivery, now_ms: int) -> int:
        """Signed with the secret, and for a day after another one was made with the old one too."""
        async with self._database.connection() as connection:
            webhook = await webhooks.find(connection, delivery.receiver)
        if webhook is None or webhook.state != "active":
            raise Undelivered("the webhook is not active")
        body, timestamp_s = orjson.dumps(delivery.payload), now_ms // 1000
        headers = {
            "content-type": "application/json", "user-agent": "Backstock-Webhooks/1", "webhook-id": delivery.subject,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": rules.signatures(
                self._secrets(webhook, now_ms), delivery.subject, timestamp_s, body
            ),
        }  # fmt: skip
        status = await self._post(webhook.url, headers, body)
        if webhook.failing_since_ms is not None:
            await self._note(webhook.id, failing_since_ms=None, detail="")
        return status

    async def failed(self, delivery: Delivery, now_ms: int, next_ms: int) -> None:
        """Since when it fails; disabled when the next attempt is beyond its day, as the delivery is given up then."""
        async with self._database.connection() as connection:
            webhook = await webhooks.find(connection, delivery.receiver)
        if webhook is None or webhook.state != "active":
            return
        since_ms = webhook.failing_since_ms or now_ms
        if next_ms - since_ms < rules.GIVE_UP_MS:
            await self._note(webhook.id, failing_since_ms=since_ms)
            return
        await self._note(webhook.id, failing_since_ms=since_ms, state="disabled",
                         detail="it took nothing for 24 hours; set state to active to go on")  # fmt: skip

    async def _note(self, webhook_id: str, **fields: Any) -> None:
        async with self._database.transaction() as connection:
            webhook = await webhooks.find(connection, webhook_id, lock=True)
            if webhook is not None:
                await webhooks.save(connection, replace(webhook, **fields))
                if fields.get("state") == "disabled":
                    await deliveries.hold(connection, CHANNEL, webhook_id, NEVER_MS)

    def _secrets(self, webhook: Webhook, now_ms: int) -> list[bytes]:
        is_turning = webhook.rotated_at_ms is not None and now_ms - webhook.rotated_at_ms < rules.ROTATION_MS
        newest = webhook.secret_serial
        return [
            rules.secret(self._key, webhook.id, each) for each in ([newest, newest - 1] if is_turning else [newest])
        ]


async def fill(connection: Connection, head: int, now_ms: int) -> int:
    """Put events up to the head into the outboxes of the webhooks that want them; how many."""
    count = 0
    for webhook in await webhooks.list_behind(connection, head):
        sites_heard = None if webhook.site_ids is None else sorted(webhook.site_ids)
        found = await events.list_after(connection, webhook.cursor, head, webhook.types, sites_heard, EVENTS_MAX)
        await deliveries.add(connection, [_row(webhook, event, now_ms) for event in found])
        await webhooks.move(connection, webhook.id, found[-1].position if len(found) == EVENTS_MAX else head)
        count += len(found)
    return count


def payload_of(event: Event) -> dict[str, Any]:
    """What is sent: the event as the feed shows it."""
    return {
        "id": event.id, "type": event.type, "timestamp": rfc3339(event.occurred_at_ms), "site_id": event.site_id,
        "occurred_at": rfc3339(event.occurred_at_ms), "recorded_at": rfc3339(event.recorded_at_ms),
        "data": event.data,
    }  # fmt: skip


def _row(webhook: Webhook, event: Event, now_ms: int) -> dict[str, Any]:
    return {
        "channel": CHANNEL, "receiver": webhook.id, "subject": event.id, "type": event.type,
        "position": event.position, "payload": payload_of(event), "due_at": now_ms, "created_at": now_ms,
    }  # fmt: skip


def _types(wanted: frozenset[str], who: Principal) -> tuple[str, ...]:
    """The wanted types, none that their reader may not hear of. Raises Forbidden."""
    heard = tuple(visible(who.permissions, wanted))
    if unheard := sorted(wanted.difference(heard)):
        raise Forbidden("event_type", f"expected types that you may hear of, got {unheard[0]}")
    return heard


def _is_within(webhook: Webhook, who: Principal) -> bool:
    return who.sites is None or (webhook.site_ids is not None and webhook.site_ids <= who.sites)


def _found(webhook: Webhook | None, who: Principal) -> Webhook:
    if webhook is None or not _is_within(webhook, who):
        raise NotFound("webhook", "no such webhook")
    return webhook


def _active(webhook: Webhook) -> Webhook:
    if webhook.state != "active":
        raise Conflict("webhook_inactive", f"expected an active webhook, this one is {webhook.state}")
    return webhook
