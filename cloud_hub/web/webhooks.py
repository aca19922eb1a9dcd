"""Webhooks: events sent to integrators' addresses, signed; the same events as `GET /changes` gives."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import MISSING, AfterValidator, Field, StringConstraints, WithJsonSchema

from cloud_hub.domain.event_types import FEED_TYPES
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Forbidden, Invalid, NotFound
from cloud_hub.services.webhooks import Delivery, Draft, Webhook
from cloud_hub.web.fields import PRINTABLE, Input, Time, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.users import SiteIds
from cloud_hub.web.views import listed

table = Table("webhooks")

_HOST = r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
_REST = r"([/?]([!$&-;=?-Z_a-z~]|%[0-9A-Fa-f]{2})*)?"
_URL = rf"^https?://{_HOST}{_REST}$"
Url = Annotated[
    str,
    StringConstraints(max_length=2_000, pattern=_URL),
    WithJsonSchema({"type": "string", "format": "uri", "maxLength": 2_000, "pattern": _URL}),
]
"""RFC 3986 without a user and without a fragment."""


def _type(value: str) -> str:
    if value not in FEED_TYPES:
        raise ValueError(f"expected one of {', '.join(FEED_TYPES)}")
    return value


EventType = Annotated[str, AfterValidator(_type), WithJsonSchema({"type": "string", "enum": list(FEED_TYPES)})]
EventTypes = Annotated[list[EventType], Field(max_length=len(FEED_TYPES))]
Description = Annotated[str, StringConstraints(max_length=200, pattern=PRINTABLE)]


class NewWebhook(Input):
    url: Url
    """An https address on the internet; others only in networks that the operator has allowed."""
    description: Description = ""
    types: Annotated[EventTypes, Field(default_factory=list)]
    """Event types (`GET /changes/types`); empty: all that you may hear of now."""
    site_ids: SiteIds | None = None
    """null: every site."""


class WebhookPatch(Input):
    url: Url | MISSING = MISSING
    description: Description | MISSING = MISSING
    types: EventTypes | MISSING = MISSING
    site_ids: SiteIds | MISSING | None = MISSING
    state: Literal["active", "paused"] | MISSING = MISSING
    """active: go on where it stopped; paused: send nothing for now."""


class WebhookView(View):
    id: str
    url: str
    description: str
    types: list[str]
    site_ids: list[str] | None
    state: str
    """active, paused, or disabled because it took nothing for 24 hours."""
    detail: str
    failing_since: Time | None
    made_by: str
    created_at: Time
    updated_at: Time


class NewWebhookView(WebhookView):
    secret: str
    """Shown this once; signs `webhook-id.webhook-timestamp.body` by HMAC-SHA256 (standardwebhooks.com)."""


class Webhooks(View):
    items: list[WebhookView]


class DeliveryView(View):
    id: str
    event_id: str
    """The `webhook-id` that it is sent with, the same at every attempt and replay."""
    type: str
    state: str
    """pending, sent, or failed: given up after 24 hours."""
    attempts: int
    next_attempt_at: Time | None
    status: int | None
    """Of the last answer; null: there was none."""
    error: str
    created_at: Time
    settled_at: Time | None


class Deliveries(View):
    items: list[DeliveryView]
    next_cursor: str | None


class DeliveriesQuery(PageQuery):
    state: Literal["pending", "sent", "failed"] | None = None


_ALL, _ONE = "/webhooks", "/webhooks/{webhook_id}"
_SENT = f"{_ONE}/deliveries"


@table.add("GET", _ALL, permission=Permission.WEBHOOKS_READ, answer=Webhooks)
async def list_webhooks(call: Call[None, None]) -> Webhooks:
    """Webhooks that reach no further than you"""
    return Webhooks(items=[view_of(each) for each in await call.hub.webhooks.every(call.principal)])


@table.add("POST", _ALL, permission=Permission.WEBHOOKS_WRITE, body=NewWebhook, answer=NewWebhookView, status=201,
           errors=(Conflict, Forbidden, Invalid, NotFound))  # fmt: skip
async def create_webhook(call: Call[None, NewWebhook]) -> Answer:
    """Have events sent to an address from now on"""
    body = call.body
    sites = None if body.site_ids is None else frozenset(body.site_ids)
    draft = Draft(body.url, body.description, frozenset(body.types), sites)
    made = await call.hub.webhooks.create(draft, call.principal, call.now_ms)
    view = NewWebhookView(**_members(made.webhook), secret=made.secret)
    return Answer(view=view, headers={"Location": f"{PREFIX}/webhooks/{made.webhook.id}"})


@table.add("GET", _ONE, permission=Permission.WEBHOOKS_READ, answer=WebhookView, errors=(NotFound,))
async def get_webhook(call: Call[None, None]) -> WebhookView:
    """One webhook and whether it works"""
    return view_of(await call.hub.webhooks.get(call.path["webhook_id"], call.principal))


@table.add("PATCH", _ONE, permission=Permission.WEBHOOKS_WRITE, body=WebhookPatch, answer=WebhookView,
           errors=(Forbidden, Invalid, NotFound))  # fmt: skip
async def edit_webhook(call: Call[None, WebhookPatch]) -> WebhookView:
    """Change what is sent where, pause it, or set it going again after it was disabled"""
    fields = call.body.model_dump()
    for name in ("types", "site_ids"):
        if fields.get(name) is not None:
            fields[name] = frozenset(fields[name])
    return view_of(await call.hub.webhooks.edit(call.path["webhook_id"], fields, call.principal, call.now_ms))


@table.add("DELETE", _ONE, permission=Permission.WEBHOOKS_WRITE, status=204, errors=(NotFound,))
async def delete_webhook(call: Call[None, None]) -> Answer:
    """Send nothing there any more, and forget what was"""
    await call.hub.webhooks.delete(call.path["webhook_id"], call.principal)
    return Answer(view=None)


@table.add("POST", f"{_ONE}/secret", permission=Permission.WEBHOOKS_WRITE, answer=NewWebhookView,
           errors=(NotFound,))  # fmt: skip
async def rotate_webhook_secret(call: Call[None, None]) -> NewWebhookView:
    """Make another secret; for 24 hours every message carries the signatures of both"""
    made = await call.hub.webhooks.rotate(call.path["webhook_id"], call.principal, call.now_ms)
    return NewWebhookView(**_members(made.webhook), secret=made.secret)


@table.add("POST", f"{_ONE}/ping", permission=Permission.WEBHOOKS_WRITE, answer=DeliveryView, status=202,
           errors=(Conflict, NotFound))  # fmt: skip
async def ping_webhook(call: Call[None, None]) -> DeliveryView:
    """Send a test message; look at the delivery for what became of it"""
    return delivery_of(await call.hub.webhooks.ping(call.path["webhook_id"], call.principal, call.now_ms))


@table.add("GET", _SENT, permission=Permission.WEBHOOKS_READ, query=DeliveriesQuery, answer=Deliveries,
           errors=(NotFound,))  # fmt: skip
async def list_deliveries(call: Call[DeliveriesQuery, None]) -> Answer:
    """What was sent there and what became of it, newest first; kept for 35 days"""
    query = call.query
    found = await call.hub.webhooks.deliveries(
        call.path["webhook_id"], call.principal, query.state, query.after(int, UUID), query.skip, query.limit
    )
    return listed(call, Deliveries, found, delivery_of, lambda each: (each.created_at_ms, each.id))


@table.add("POST", f"{_SENT}/{{delivery_id}}/replay", permission=Permission.WEBHOOKS_WRITE, answer=DeliveryView,
           status=202, errors=(Conflict, NotFound))  # fmt: skip
async def replay_delivery(call: Call[None, None]) -> DeliveryView:
    """Send one again, whatever became of it, under the same id"""
    path = call.path
    delivery = await call.hub.webhooks.replay(path["webhook_id"], path["delivery_id"], call.principal, call.now_ms)
    return delivery_of(delivery)


def view_of(webhook: Webhook) -> WebhookView:
    return WebhookView(**_members(webhook))


def delivery_of(delivery: Delivery) -> DeliveryView:
    is_waiting = delivery.state == "pending"
    return DeliveryView(
        id=delivery.id, event_id=delivery.subject, type=delivery.type, state=delivery.state,
        attempts=delivery.attempts, next_attempt_at=rfc3339(delivery.due_at_ms) if is_waiting else None,
        status=delivery.status, error=delivery.error, created_at=rfc3339(delivery.created_at_ms),
        settled_at=rfc3339(delivery.settled_at_ms),
    )  # fmt: skip


def _members(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id, "url": webhook.url, "description": webhook.description, "types": list(webhook.types),
        "site_ids": None if webhook.site_ids is None else sorted(webhook.site_ids), "state": webhook.state,
        "detail": webhook.detail, "failing_since": rfc3339(webhook.failing_since_ms), "made_by": webhook.made_by,
        "created_at": rfc3339(webhook.created_at_ms), "updated_at": rfc3339(webhook.updated_at_ms),
    }  # fmt: skip
