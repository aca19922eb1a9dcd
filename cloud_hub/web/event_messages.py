"""What each type of event says, and the message that a webhook sends of it: the models of the published document.

Events are stored as JSON and told as they are; these models are what integrators may rely on. A
test holds everything that is told against them. Fields only grow.
"""

from collections.abc import Mapping
from typing import Any

from cloud_hub.domain.event_types import PING, TYPES
from cloud_hub.web.changes import EventView
from cloud_hub.web.fields import QuantityText, Time, View


class RecordPoint(View):
    """A record in a ledger."""

    origin_id: str
    position: int


class StockChanged(View):
    product_id: str
    on_hand: QuantityText
    hold: QuantityText
    as_of: RecordPoint
    """Everything up to this record of the site's ledger is in it."""


class CountPosted(View):
    stocktake_id: str
    product_id: str
    location: str
    counted: QuantityText
    """What somebody counted."""
    variance: QuantityText
    """Counted, less what the ledger said."""


class TransferStep(View):
    transfer_id: str
    from_site: str
    to_site: str


class OrderChanged(View):
    order_id: str
    number: str
    state: str
    vendor_id: str


class ReceiptCreated(View):
    receipt_id: str
    order_id: str | None
    order_number: str | None
    document: str
    actor: str


class AlertStep(View):
    alert_id: str
    alert_type: str
    """low_stock, critical and out_of_stock are one alert that gets worse: `alert.opened` again, the same `alert_id`."""
    rule: str
    severity: str
    product_id: str | None
    """null: it is not about a product."""
    detail: str
    available: QuantityText | None


class ProductChanged(View):
    product_id: str
    sku: str
    name: str
    lifecycle: str


class ProductArchived(View):
    product_id: str


class SiteChanged(View):
    site_id: str
    code: str
    name: str


class Ping(View):
    webhook_id: str
    asked_by: str
    """Who wanted to see whether it works."""


DATA: Mapping[str, type[View]] = {
    "stock.changed": StockChanged,
    "count.posted": CountPosted,
    **{name: TransferStep for name in TYPES if name.startswith("transfer.")},
    "order.changed": OrderChanged,
    "receipt.created": ReceiptCreated,
    **{name: AlertStep for name in TYPES if name.startswith("alert.")},
    "product.changed": ProductChanged,
    "product.archived": ProductArchived,
    "site.changed": SiteChanged,
    PING: Ping,
}
"""By type: what stands in an event's `data`."""


class WebhookMessage(EventView):
    timestamp: Time
    """`occurred_at` again, under the name that Standard Webhooks gives it."""


_HEADERS = {
    "webhook-id": "The event's id, the same at every attempt and replay: forget what you have seen.",
    "webhook-timestamp": "Seconds since 1970, of this attempt: refuse what is older than five minutes.",
    "webhook-signature": "`v1,` and the base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`, the body "
    "as it came, byte for byte. The key is what the base64 after `whsec_` in the webhook's secret stands for. For a "
    "day after a new secret was made there are two, with a space between: one that fits is enough.",
}
_ANSWER = "You have it. Anything else, also a redirect, or no answer within 10 seconds: it comes again, for a day."


def messages(references: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    """The `webhooks` of the OpenAPI document: one request to your address per type of event."""
    return {name: {"post": _message(name, references)} for name in TYPES}


def _message(name: str, references: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    data = references[DATA[name], "serialization"]
    own = {"properties": {"type": {"const": name}, "data": data}}
    schema = {"allOf": [references[WebhookMessage, "serialization"], own]}
    return {
        "summary": TYPES[name].meaning,
        "tags": ["webhooks"],
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for header, text in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"2XX": {"description": _ANSWER}},
    }
