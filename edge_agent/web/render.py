"""Values as JSON: quantities and money as decimal strings, times as RFC 3339."""

from datetime import UTC, datetime
from typing import Any

import orjson

from edge_agent.domain.lots import Holding
from edge_agent.domain.stock import Position
from edge_agent.errors import EdgeError
from edge_agent.services.posting import Posted
from edge_agent.services.scanning import Outcome
from edge_agent.services.shelf_life import Life
from edge_agent.storage.alerts import Alert, Task
from edge_agent.storage.catalogue import Product
from edge_agent.storage.history import Line
from sync_protocol.quantity import format_money, format_quantity

Json = dict[str, Any]


def product(found: Product) -> Json:
    """A product without its stock."""
    return {
        "id": found.product_id, "sku": found.sku, "name": found.name, "category": found.category,
        "unit": found.unit, "price": money(found.price, found.currency),
        "unit_cost": money(found.cost, found.currency), "currency": found.currency,
        "lifecycle": found.lifecycle, "reorder_point": quantity(found.reorder_point),
        "critical_level": quantity(found.critical_level), "negative_policy": found.negative_policy,
        "metadata": orjson.loads(found.metadata), "version": list(found.version),
    }  # fmt: skip


def stock(position: Position) -> Json:
    """On-hand and what follows from it."""
    return {
        "on_hand": format_quantity(position.on_hand), "available": format_quantity(position.available),
        "reserved": format_quantity(position.reserved), "hold": format_quantity(position.hold),
    }  # fmt: skip


def posted(found: Posted, number: int = 0) -> Json:
    """One movement of what was posted, with the stock it led to."""
    [position] = found.stock.values() if len(found.stock) == 1 else [None]
    made: Json = {
        "movement_id": found.movement_ids[number], "position": found.positions[number],
        "warnings": found.warnings,
    }  # fmt: skip
    if position is not None:
        made |= {"level": format_quantity(position.on_hand), "stock": stock(position)}
    return made


def outcome(found: Outcome) -> Json:
    """What a scan did."""
    return {
        "movement_id": found.movement_id,
        "position": found.position,
        "product": None if found.product is None else product(found.product),
        "quantity": format_quantity(found.quantity),
        "level": None if found.stock is None else format_quantity(found.stock.on_hand),
        "stock": None if found.stock is None else stock(found.stock),
        "warnings": list(found.warnings),
        "count_status": found.count_status,
        **life(found.life),
        "problem": None if found.problem is None else problem(found.problem),
    }


def problem(error: EdgeError) -> Json:
    """Why nothing was done, and what to do."""
    return {"code": error.code, "detail": error.detail, "remedy": error.remedy}


def life(found: Life) -> Json:
    """What is known of the lot in somebody's hand, and what should go before it."""
    first = found.use_first
    return {
        "lot": found.lot.lot or None, "expiry": found.lot.expiry or None, "is_expired": found.is_expired,
        "use_first": None if first is None else holding(first),
    }  # fmt: skip


def holding(found: Holding) -> Json:
    """Some of a lot at a place; nulls where nobody knows the lot."""
    return {
        "lot": found.lot.lot or None, "expiry": found.lot.expiry or None, "location": found.location,
        "quantity": format_quantity(found.quantity),
    }  # fmt: skip


def movement(line: Line) -> Json:
    """One line of history."""
    return {
        "movement_id": line.movement_id, "position": line.sequence, "product_id": line.product_id,
        "quantity": format_quantity(line.quantity), "from": line.from_location, "to": line.to_location,
        "reason": line.reason, "occurred_at": time(line.occurred_at), "document": line.document,
        "lot": line.lot, "expiry": line.expiry, "actor": line.actor, "key": line.key,
        "command_id": line.command_id,
    }  # fmt: skip


def alert(found: Alert) -> Json:
    return {
        "id": found.alert_id, "type": found.rule, "product_id": found.product_id, "status": found.state,
        "severity": found.severity, "available": quantity(found.available),
        "opened_at": time(found.opened_at), "changed_at": time(found.changed_at),
        "position": found.opened_at_position, "actor": found.actor, "detail": found.detail,
    }  # fmt: skip


def task(found: Task) -> Json:
    return {
        "id": found.task_id, "rule": found.rule, "product_id": found.product_id, "status": found.state,
        "detail": found.detail, "cause": found.cause, "opened_at": time(found.opened_at),
        "done_at": time(found.done_at),
    }  # fmt: skip


def quantity(thousandths: int | None) -> str | None:
    return None if thousandths is None else format_quantity(thousandths)


def money(minor: int | None, currency: str) -> str | None:
    return None if minor is None else format_money(minor, currency)


def time(at_ms: int | None) -> str | None:
    """RFC 3339; a clock beyond what dates can say is shown as it is."""
    if at_ms is None:
        return None
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return str(at_ms)
