"""Gives events their order: what ledgers, reference data and the hub itself have to tell.

Behind the writers, a second or less, so that no sale waits for it. One process at a time
holds the head; what a transaction takes from its sources and what it tells are one commit,
so nothing is lost or told twice, whoever dies when.
"""

from collections.abc import Callable, Sequence
from typing import Any

from cloud_hub.domain.alert_types import type_of
from cloud_hub.domain.event_types import TYPES
from cloud_hub.storage import event_sources, events, hub_state
from cloud_hub.storage.alert_list import Alert
from cloud_hub.storage.cursors import Behind, Stretch, stretches
from cloud_hub.storage.database import AGAIN, Connection, Database
from cloud_hub.storage.event_sources import FOLLOWED
from cloud_hub.storage.events import News
from sync_protocol import facts
from sync_protocol.errors import Malformed
from sync_protocol.quantity import format_quantity
from sync_protocol.records import Fact

LEDGERS_MAX = 100
RECORDS_MAX = 20_000
"""Of all ledgers in a round; what moved often in them is told once."""
CHANGES_MAX = 1_000
_STATES = {name: kind.is_state for name, kind in TYPES.items()}
_CHANGED = {"product": ("product.changed", "product_id"), "product_gone": ("product.archived", "product_id"),
            "site": ("site.changed", "site_id")}  # fmt: skip


async def relay(database: Database, now_ms: int) -> int:
    """Tell what is new; how many events. 0 also while another process does it."""
    try:
        # One snapshot: a level and the mark that it is as of belong together.
        async with database.transaction(isolation="repeatable_read") as connection:
            head = await events.lock(connection, events.HEAD)
            return 0 if head is None else await _tell(connection, head, now_ms)
    except AGAIN:
        return 0


async def _tell(connection: Connection, head: int, now_ms: int) -> int:
    await events.note_epoch(connection, await hub_state.epoch(connection), head)
    last = head
    found = await FOLLOWED.list_behind(connection, LEDGERS_MAX)
    if found:
        read = stretches(found, RECORDS_MAX)
        told = [*await _stock(connection, found, read), *await _facts(connection, read)]
        last = await events.append(connection, last, told, _STATES, now_ms)
        await FOLLOWED.save(connection, read)
    last = await events.append(connection, last, await _changes(connection), _STATES, now_ms)
    last = await events.append(connection, last, await events.take_said(connection, CHANGES_MAX), _STATES, now_ms)
    if last > head:
        await events.move(connection, events.HEAD, last)
    return last - head


async def _stock(connection: Connection, found: Sequence[Behind], read: Sequence[Stretch]) -> list[News]:
    as_of = {behind.origin_id: {"origin_id": str(behind.origin_id), "position": behind.mark} for behind in found}
    return [
        News(
            type="stock.changed", site_id=row["site_id"], subject=str(row["product_id"]),
            occurred_at_ms=row["occurred_at"],
            data={"product_id": str(row["product_id"]), "on_hand": format_quantity(row["on_hand"]),
                  "hold": format_quantity(row["hold"]), "as_of": as_of[row["origin_id"]]},
        )
        for row in await event_sources.list_held(connection, read)
    ]  # fmt: skip


async def _facts(connection: Connection, read: Sequence[Stretch]) -> list[News]:
    told = []
    for row in await event_sources.list_facts(connection, read):
        try:
            body = facts.parse_fact(Fact(row["kind"], row["body"]))
        except Malformed:
            continue  # It was flagged when it came.
        make = None if body is None else _OF_FACT.get(type(body))
        if body is not None and make is not None and (made := make(body)) is not None:
            kind, subject, data = made
            told.append(News(type=kind, site_id=row["site_id"], subject=subject, data=data,
                             occurred_at_ms=body.occurred_at))  # fmt: skip
    return told


Made = tuple[str, str, dict[str, Any]] | None


def _alert(body: facts.Alert) -> Made:
    return f"alert.{body.state}", body.alert_id, alert_data(body)


def alert_data(alert: facts.Alert | Alert) -> dict[str, Any]:
    """What an event says of an alert, whoever raised it."""
    return {
        "alert_id": str(alert.id if isinstance(alert, Alert) else alert.alert_id),
        "alert_type": type_of(alert.rule, alert.severity), "rule": alert.rule, "severity": alert.severity,
        "product_id": alert.product_id, "detail": alert.detail,
        "available": None if alert.available is None else format_quantity(alert.available),
    }  # fmt: skip


def _transfer(body: facts.Transfer) -> Made:
    data = {"transfer_id": body.transfer_id, "from_site": body.from_site, "to_site": body.to_site}
    return f"transfer.{body.step}", body.transfer_id, data


def _count(body: facts.CountLine) -> Made:
    if body.status != "posted":
        return None
    data = {
        "stocktake_id": body.stocktake_id, "product_id": body.product_id, "location": body.location,
        "counted": format_quantity(body.counted), "variance": format_quantity(body.counted - body.expected),
    }  # fmt: skip
    return "count.posted", body.line_id, data


_OF_FACT: dict[type, Callable[[Any], Made]] = {
    facts.Alert: _alert, facts.Transfer: _transfer, facts.CountLine: _count,
}  # fmt: skip


async def _changes(connection: Connection) -> list[News]:
    after = await events.read(connection, events.CHANGES)
    rows = await event_sources.list_changes(connection, after, CHANGES_MAX)
    if rows:
        await events.move(connection, events.CHANGES, rows[-1]["position"])
    newest: dict[tuple[str, object, str], News] = {}
    for row in rows:
        if row["kind"] in _CHANGED:
            kind, name = _CHANGED[row["kind"]]
            body = row["body"]
            data = {key: body.get(key) for key in (name, "sku", "code", "name", "lifecycle") if key in body}
            # Again in the same round: only the newest counts.
            newest.pop((kind, row["site_id"], body[name]), None)
            newest[kind, row["site_id"], body[name]] = News(
                type=kind, site_id=row["site_id"], subject=body[name], data=data, occurred_at_ms=row["created_at"]
            )
    return list(newest.values())
