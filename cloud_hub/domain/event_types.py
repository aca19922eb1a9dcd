"""What head office tells of: the kinds of events, and who may hear of them.

`GET /changes` and webhooks give the same events. A type's permission is what its reader
needs; a type that is a state has one event per site and subject, the newest.
"""

from typing import NamedTuple

from cloud_hub.domain.permissions import Permission


class EventType(NamedTuple):
    """One kind of event."""

    permission: Permission
    meaning: str
    is_state: bool = False


_P = Permission
TYPES: dict[str, EventType] = {
    "stock.changed": EventType(_P.STOCK_READ, "A product's stock at a site is now this; as_of says up to which record.",
                               is_state=True),
    "count.posted": EventType(_P.COUNTS_EXPECTED, "A product was counted; variance is what the ledger was wrong by."),
    "transfer.dispatched": EventType(_P.STOCK_READ, "Goods left a site for another."),
    "transfer.received": EventType(_P.STOCK_READ, "Goods of a transfer arrived, all or some."),
    "transfer.refused": EventType(_P.STOCK_READ, "The destination refused a transfer."),
    "transfer.closed_short": EventType(_P.STOCK_READ, "A transfer ended with goods missing."),
    "transfer.taken_back": EventType(_P.STOCK_READ, "The source took a refused transfer back."),
    "order.changed": EventType(_P.ORDERS_READ, "A purchase order is new, was edited or went a step.", is_state=True),
    "receipt.created": EventType(_P.STOCK_READ, "A delivery was taken in, at a store or at a site that the hub runs."),
    "alert.opened": EventType(_P.ALERTS_READ, "An alert was raised, or got worse: see its type and severity."),
    "alert.acknowledged": EventType(_P.ALERTS_READ, "Somebody looks after an alert."),
    "alert.resolved": EventType(_P.ALERTS_READ, "An alert no longer holds."),
    "product.changed": EventType(_P.PRODUCTS_READ, "A product is new or was edited.", is_state=True),
    "product.archived": EventType(_P.PRODUCTS_READ, "A product was archived."),
    "site.changed": EventType(_P.SITES_READ, "A site is new or was edited.", is_state=True),
    "ping": EventType(_P.PROFILE, "A test, sent to one webhook only when somebody asks for it."),
}  # fmt: skip
PING = "ping"
FEED_TYPES = tuple(name for name in TYPES if name != PING)
"""What the feed and webhooks can be asked for."""
ALERTS = tuple(name for name in TYPES if name.startswith("alert."))
"""What people are told by mail, and whoever listens at the broker."""


def visible(permissions: frozenset[Permission], wanted: frozenset[str] | None) -> list[str]:
    """Of the wanted types (None: all), those that these permissions let one hear of."""
    return [name for name in FEED_TYPES if TYPES[name].permission in permissions and (not wanted or name in wanted)]
