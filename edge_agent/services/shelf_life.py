"""How long goods are good: what a scan is told of its lot, what may not be sold, and alerts about lots that end.

A product has one alert of this kind: a warning while a lot of it ends within the days that head
office set, critical while one is on the shelf that has ended. Goods on hold trouble nobody.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from edge_agent.domain import lots as rules
from edge_agent.domain.lots import Holding
from edge_agent.domain.people import Caller
from edge_agent.domain.store_rules import days_later
from edge_agent.errors import Conflict
from edge_agent.services import alerting, approving
from edge_agent.services.alerting import Finding
from edge_agent.services.approving import EXPIRED_SALE
from edge_agent.services.ruling import rules_of, today
from edge_agent.storage import alerts, catalogue, ledger, lots
from edge_agent.storage.catalogue import Product
from sync_protocol.lots import UNKNOWN, Lot, completed
from sync_protocol.low_stock import Severity
from sync_protocol.quantity import format_quantity
from sync_protocol.vocabulary import Location

EXPIRY = "expiry"
FOR_SALE = (str(Location.SHELF), str(Location.BACKROOM))
SWEPT_MAX = 5_000
_NAMED_MAX = 3


class Life(NamedTuple):
    """What is known of the goods in somebody's hand."""

    lot: Lot
    is_expired: bool
    use_first: Holding | None = None
    """Goods of the same product that end earlier."""


UNSAID = Life(UNKNOWN, is_expired=False)


def life_of(
    connection: sqlite3.Connection, product_id: str, asked: Lot, now_ms: int, *, is_leaving: bool = True
) -> Life:
    """Of a scan; `is_leaving`: these goods leave the store, or somebody asks, so that the first to end is named."""
    held = lots.of_product(connection, product_id)
    if not held and asked == UNKNOWN:
        return UNSAID
    day = today(connection, now_ms)
    lot = completed(asked, {each.lot for each in held})
    hint = rules.use_first(held, lot, FOR_SALE, day) if is_leaving else None
    return Life(lot, rules.is_expired(lot.expiry, day), hint)


def require_good(
    connection: sqlite3.Connection, product: Product, life: Life, caller: Caller | None, now_ms: int
) -> None:
    """Raises Conflict (`expired_sale`) where goods beyond their last good day are not sold without an approval."""
    if not life.is_expired or rules_of(connection).expired_sale != "block":
        return
    block = Conflict(
        "expired_sale", f"{product.name}: its last good day was {life.lot.expiry}; take it off the shelf",
        remedy="a manager may approve the sale",
    )  # fmt: skip
    approving.lift(connection, caller, EXPIRED_SALE, now_ms, block)


def evaluate(connection: sqlite3.Connection, product: Product, position: int, now_ms: int) -> None:
    """Open, worsen or resolve the alert about this product's lots."""
    day = today(connection, now_ms)
    until = days_later(day, rules_of(connection).alert_threshold_days)
    held = [each for each in lots.of_product(connection, product.product_id) if each.location in FOR_SALE]
    alerting.step(connection, product, _finding(rules.ending(held, until), day), position, now_ms)


def to_judge(connection: sqlite3.Connection, now_ms: int) -> list[str]:
    """Products whose alert may have to change without a movement: a day has begun, or other days were set."""
    until = days_later(today(connection, now_ms), rules_of(connection).alert_threshold_days)
    found = {product_id for product_id, _ in lots.ending(connection, until, SWEPT_MAX)}
    is_open = alerts.list_alerts(connection, is_open=True, limit=10_000)
    return sorted(found | {alert.product_id for alert in is_open if alert.rule == EXPIRY and alert.product_id})


def judge(connection: sqlite3.Connection, product_ids: Iterable[str], now_ms: int) -> None:
    """Look at these products' lots."""
    for product_id in product_ids:
        product = catalogue.find_product(connection, product_id)
        if product is not None:
            evaluate(connection, product, ledger.last_position(connection), now_ms)


def _finding(ending: Sequence[Holding], day: str) -> Finding:
    severity = Severity.OK
    if ending:
        severity = Severity.OUT if rules.is_expired(ending[0].lot.expiry, day) else Severity.CRITICAL
    affected = sum(each.quantity for each in ending)
    return Finding(EXPIRY, severity, affected, is_clearly_above=True, detail=_words(ending, day))


def _words(ending: Iterable[Holding], day: str) -> str:
    """For a person: "2 of lot A17 in shelf expired on 2026-11-20"."""
    said = []
    for location, lot, quantity in ending:
        verb = "expired" if rules.is_expired(lot.expiry, day) else "expire"
        name = f" of lot {lot.lot}" if lot.lot else ""
        said.append(f"{format_quantity(quantity)}{name} in {location} {verb} on {lot.expiry}")
    more = [f"and {len(said) - _NAMED_MAX} more"] if len(said) > _NAMED_MAX else []
    return "; ".join(said[:_NAMED_MAX] + more)
