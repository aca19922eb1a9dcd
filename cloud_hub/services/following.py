"""What follows from accepted records, in the transaction that accepts them.

Facts become what head office reads (alerts, tasks, counts, transfers), goods move their
orders on, commands get their outcome, proposals are merged, and what is odd becomes an
exception. Returns what to say to stores; the caller appends it last, since the changes
counter is everybody's lock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from cloud_hub.domain.intake import KeyUse, KnownItem, Plan
from cloud_hub.services import arriving, proposals, staff_news, transit
from cloud_hub.storage import audit, branches, commands, exceptions, hub_state, levels, reports, reservations
from cloud_hub.storage.audit import Entry
from cloud_hub.storage.changes import Change
from cloud_hub.storage.database import Connection
from cloud_hub.storage.exceptions import Odd
from cloud_hub.storage.origins import Origin
from sync_protocol import facts
from sync_protocol.vocabulary import AlertState, CommandStatus


@dataclass(slots=True)
class Share:
    """One origin's share of a transaction: what is written, and what the writing found."""

    origin: Origin
    made: Plan
    items: dict[int, KnownItem]
    """The definitions that the plan was made with."""
    negative: list[levels.Level] = field(default_factory=list)
    reused: list[KeyUse] = field(default_factory=list)


async def follow(connection: Connection, shares: Sequence[Share], now_ms: int) -> list[Change]:
    """Write what follows; the changes to append."""
    said: list[Change] = []
    for share in shares:
        origin, made = share.origin, share.made
        typed = [(each.sequence, each.body) for each in made.facts if each.body is not None]
        if typed:
            await show(connection, origin, typed, now_ms)
            said += await proposals.merge(connection, origin, _of(typed, facts.Proposal), now_ms)
            await _adoptions(connection, origin, _of(typed, facts.Adoption))
            await _witness(connection, origin, _of(typed, facts.Approval))
            said += await staff_news.take_pins(connection, origin, _of(typed, facts.Pin), now_ms)
        said += await transit.fold(connection, origin, made.movements, _of(typed, facts.Transfer), now_ms)
        said += await arriving.fold(connection, origin, made.movements, now_ms)
        if made.commands or typed:
            await _settle(connection, origin, made, _of(typed, facts.Outcome), now_ms)
    await _placeholders(connection, shares, now_ms)
    await _raise(connection, shares, now_ms)
    return said


def _of(typed: list[tuple[int, Any]], kind: type[Any]) -> list[tuple[int, Any]]:
    return [(sequence, body) for sequence, body in typed if type(body) is kind]


async def show(connection: Connection, origin: Origin, typed: list[tuple[int, Any]], now_ms: int) -> None:
    """What head office reads of facts; a later one of the same thing wins, so they come in their order."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for _, body in typed:
        shown = _SHOWN.get(type(body))
        if shown is not None:
            kind, row = shown
            rows.setdefault(kind, []).append({"site_id": origin.site_id, **row(body, now_ms)})
    for kind, each in rows.items():
        await reports.save(connection, kind, each)


def _alert(body: facts.Alert, now_ms: int) -> dict[str, Any]:
    is_acknowledged = body.state == AlertState.ACKNOWLEDGED
    return {
        "alert_id": body.alert_id, "rule": body.rule, "product_id": body.product_id, "state": str(body.state),
        "severity": body.severity, "opened_at_position": body.opened_at_position, "available": body.available,
        "detail": body.detail, "opened_at": body.occurred_at, "updated_at": now_ms,
        "acknowledged_at": body.occurred_at if is_acknowledged else None,
        "acknowledged_by": body.actor if is_acknowledged else None,
        "resolved_at": body.occurred_at if body.state == AlertState.RESOLVED else None,
    }  # fmt: skip


def _task(body: facts.Task, now_ms: int) -> dict[str, Any]:
    return {
        "task_id": body.task_id, "rule": body.rule, "product_id": body.product_id, "state": body.state,
        "detail": body.detail, "opened_at": body.occurred_at, "updated_at": now_ms,
    }  # fmt: skip


def _stocktake(body: facts.Stocktake, now_ms: int) -> dict[str, Any]:
    return {
        "stocktake_id": body.stocktake_id, "name": body.name, "state": body.state, "opened_at": body.occurred_at,
        "updated_at": now_ms,
    }  # fmt: skip


def _count(body: facts.CountLine, _now_ms: int) -> dict[str, Any]:
    is_posted = body.status == "posted"
    return {
        "line_id": body.line_id, "stocktake_id": body.stocktake_id, "product_id": body.product_id,
        "location": body.location, "counted": body.counted, "expected": body.expected,
        "variance": body.counted - body.expected if is_posted else 0, "after_position": body.after,
        "until_position": body.until, "status": body.status, "occurred_at": body.occurred_at,
    }  # fmt: skip


def _revision(body: facts.CountRevision, _now_ms: int) -> dict[str, Any]:
    return {"line_id": body.line_id, "variance": body.variance}


_SHOWN: dict[type[Any], tuple[str, Callable[[Any, int], dict[str, Any]]]] = {
    facts.Alert: ("alert", _alert),
    facts.Task: ("task", _task),
    facts.Stocktake: ("stocktake", _stocktake),
    facts.CountLine: ("count", _count),
    facts.CountRevision: ("revision", _revision),
}


async def _adoptions(connection: Connection, origin: Origin, told: list[tuple[int, facts.Adoption]]) -> None:
    rows = [
        {
            "site_id": origin.site_id,
            "chain_hash": bytes.fromhex(body.adopted),
            "state": body.status,
            "detail": body.detail,
        }
        for _, body in told
    ]
    await branches.save_outcomes(connection, rows)


async def _witness(connection: Connection, origin: Origin, told: list[tuple[int, facts.Approval]]) -> None:
    """What a manager allowed at a store is in the audit, where all is that somebody did by their own right."""
    entries = [
        Entry(
            body.occurred_at, body.approved_by, f"approved {body.operation}", f"/sites/{origin.site_id}",
            {"asked_by": body.actor, "position": sequence, "key": body.key},
        )
        for sequence, body in told
    ]  # fmt: skip
    if entries:
        await audit.add(connection, entries)


async def _settle(
    connection: Connection, origin: Origin, made: Plan, told: list[tuple[int, facts.Outcome]], now_ms: int
) -> None:
    """Outcomes of commands: a movement that carries the id, or a fact that says why there is none."""
    settled: list[dict[str, Any]] = []
    if made.commands:
        ids = {row[2]: row[4] for row in made.movements}
        settled += [
            _outcome(origin, done.command_id, done.sequence, CommandStatus.DONE, now_ms, movement_id=ids[done.sequence])
            for done in made.commands
            if _is_uuid(done.command_id)
        ]
    settled += [
        _outcome(origin, body.command_id, sequence, body.status, now_ms, code=body.code, detail=body.detail)
        for sequence, body in told
    ]
    await commands.settle(connection, settled)
    if settled:
        await reservations.settle(connection, origin.site_id, [each["id"] for each in settled], now_ms)
        await branches.settle(connection, origin.site_id, [each["id"] for each in settled], now_ms)


def _outcome(
    origin: Origin, command_id: str, sequence: int, status: str, now_ms: int, *,
    movement_id: UUID | None = None, code: str = "", detail: str = "",
) -> dict[str, Any]:  # fmt: skip
    return {
        "site_id": origin.site_id, "id": command_id, "state": str(status), "code": code, "detail": detail,
        "outcome_origin": origin.origin_id, "outcome_sequence": sequence, "movement_id": movement_id,
        "settled_at": now_ms,
    }  # fmt: skip


async def _placeholders(connection: Connection, shares: Sequence[Share], now_ms: int) -> None:
    """A product that a store moved and head office does not know is stored, and raised."""
    named = {known.product_id: (share.origin, known.item) for share in shares for known in share.made.items.values()}
    unknown = named.keys() - await reports.find_known_products(connection, list(named)) if named else ()
    if not unknown:
        return
    epoch = await hub_state.epoch(connection)
    rows, odd = [], []
    for product_id in sorted(unknown):
        origin, item = named[product_id]
        name = f"Unknown {item.code or ''}".strip()
        rows.append({
            "id": product_id, "sku": f"unknown-{product_id}", "name": name, "unit": item.unit,
            "currency": item.currency or "EUR", "proposed_by_site": origin.site_id, "version_epoch": epoch,
            "version": 1, "created_at": now_ms, "updated_at": now_ms,
        })  # fmt: skip
        detail = f"the store moved a product that head office does not know: {name}"
        odd.append(Odd(origin.site_id, origin.origin_id, "unknown_product", str(product_id), detail))
    await reports.insert_placeholders(connection, rows)
    await exceptions.raise_all(connection, odd, now_ms=now_ms)


async def _raise(connection: Connection, shares: Sequence[Share], now_ms: int) -> None:
    """What a person should look at; nobody is told of a shortage that the store was asked about already."""
    short = [share for share in shares if share.negative]
    asked: set[tuple[UUID, str]] = set()
    if short:
        products = {product_id for share in short for product_id, _, _ in share.negative}
        asked = await reports.find_open_tasks(connection, [share.origin.site_id for share in short], list(products))
    odd = [each for share in shares for each in _odd(share, asked)]
    await exceptions.raise_all(connection, odd, now_ms=now_ms)


def _odd(share: Share, asked: set[tuple[UUID, str]]) -> list[Odd]:
    made, about = share.made, str(share.origin.origin_id)
    note = partial(Odd, share.origin.site_id, share.origin.origin_id)
    odd = [note(each.kind, f"{about}:{each.sequence}", each.detail, each.sequence) for each in made.oddities[:200]]
    odd += [
        note("quarantined", about, f"{len(made.quarantined)} records cannot be read", sequence)
        for sequence, *_ in made.quarantined[:1]
    ]
    odd += [
        note("negative_stock", f"{product_id}:{location}", f"{location} went to {quantity} thousandths", made.mark)
        for product_id, location, quantity in share.negative
        if (share.origin.site_id, product_id) not in asked
    ]
    odd += [note("key_reused", use.key, f"used again at position {use.sequence}", use.sequence) for use in share.reused]
    return odd


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
