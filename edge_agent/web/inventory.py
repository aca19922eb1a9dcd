"""Levels, adjustments, movements and history of this store."""

import sqlite3
from collections import Counter
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from edge_agent.domain.movement import OWN, Draft, opposite_of
from edge_agent.domain.people import ORDERS_EXPECTED, Caller
from edge_agent.domain.stock import position_of
from edge_agent.errors import EdgeError, NotFound
from edge_agent.services import adjusting, approving, expecting, receiving
from edge_agent.services.adjusting import Adjustment, Row
from edge_agent.services.counting import product_of
from edge_agent.services.elsewhere import Seen
from edge_agent.services.once import Answer, Kept, fingerprint, once
from edge_agent.services.posting import Move, goods_of
from edge_agent.storage import alerts, catalogue, history, identity, ledger, levels
from edge_agent.storage.catalogue import Product
from edge_agent.web import render
from edge_agent.web.body import (
    Body,
    Cursor,
    Day,
    Key,
    Limit,
    LotName,
    Name,
    Positive,
    Quantity,
    Query,
    Text,
    either,
    key_of,
)
from edge_agent.web.context import answer, caller_of, kept, now_ms, store_of
from edge_agent.web.operations import Table
from edge_agent.web.scans import Handheld
from edge_agent.web.views.goods import BatchView, ElsewhereView, LevelPage, MovementPage, Posted, Unchanged
from edge_agent.web.views.values import Items
from edge_agent.web.views.work import AlertView
from sync_protocol.low_stock import LOW_STOCK
from sync_protocol.vocabulary import Reason

TABLE = Table("stock")

Place = Literal["shelf", "backroom", "hold"]
BATCH_MAX = 500


class AdjustBody(Body):
    product_id: Key
    set_to: Quantity | None = None
    delta: Annotated[Quantity | None, either("set_to"), Field(validate_default=True)] = None
    location: Place = "shelf"
    reason: Reason
    note: Text | None = None
    document: Text | None = None
    lot: LotName | None = None
    expiry: Day | None = None


Location = Annotated[Name, Field(max_length=80)]


class MovementRow(Body):
    """One movement; places follow from the reason when they are not given."""

    product_id: Key
    quantity: Positive
    reason: Reason
    source: Annotated[Location | None, Field(alias="from")] = None
    target: Annotated[Location | None, Field(alias="to")] = None
    document: Text | None = None
    lot: LotName | None = None
    expiry: Day | None = None
    note: Text | None = None
    key: Key | None = None
    handheld: Handheld | None = None


class BatchBody(Body):
    movements: Annotated[list[MovementRow], Field(min_length=1, max_length=BATCH_MAX)]
    error_policy: Literal["reject_all", "reject_failed"] = "reject_all"


class LevelQuery(Query):
    product_id: Key | None = None
    q: Text = ""
    limit: Limit = 100
    cursor: Cursor | None = None


class HistoryQuery(Query):
    after: Cursor | None = None
    limit: Limit = 100


class MovementQuery(HistoryQuery):
    product_id: Key | None = None


@TABLE.add("GET", "/inventory", answer=LevelPage)
async def get_levels(request: web.Request, query: LevelQuery) -> web.Response:
    """Stock per product, as of a position of this ledger."""
    caller = caller_of(request)
    return answer(await store_of(request).database.read(_levels, query, is_told=caller.may(ORDERS_EXPECTED)))


@TABLE.add("POST", "/inventory/adjust", answer=Posted | Unchanged, status=201, keyed=True, approvable=True)
async def post_adjust(request: web.Request, body: AdjustBody) -> web.Response:
    """A signed change, or a set to a figure, with its reason; by or with a manager where the policy says so."""
    found = await store_of(request).database.write(_adjust, body, caller_of(request), key_of(request))
    return kept(found)


@TABLE.add("GET", "/inventory/movements", answer=MovementPage)
async def get_movements(request: web.Request, query: MovementQuery) -> web.Response:
    """Movements above a position, oldest first."""
    return answer(await store_of(request).database.read(_movements, query.product_id, query.after or 0, query.limit))


@TABLE.add("GET", "/inventory/products/{id}/elsewhere", answer=ElsewhereView)
async def get_elsewhere(request: web.Request) -> web.Response:
    """What other sites have of a product, most of it first: asked of head office now, or what it said last."""
    store, product_id = store_of(request), request.match_info["id"]
    await store.database.read(product_of, product_id)
    seen = await store.elsewhere.of(product_id, now_ms())
    return answer(await store.database.read(_elsewhere, product_id, seen))


@TABLE.add("GET", "/inventory/products/{id}/history", answer=MovementPage)
async def get_history(request: web.Request, query: HistoryQuery) -> web.Response:
    """The movements of one product."""
    product_id = request.match_info["id"]
    return answer(await store_of(request).database.read(_history, product_id, query.after or 0, query.limit))


@TABLE.add("POST", "/inventory/movements", answer=BatchView, status=201, keyed=True, approvable=True)
async def post_movements(request: web.Request, body: BatchBody) -> web.Response:
    """Up to 500 movements in one transaction, a result per row."""
    found = await store_of(request).database.write(_batch, body, caller_of(request), key_of(request))
    return kept(found)


@TABLE.add("GET", "/inventory/restock-alerts", answer=Items[AlertView])
async def get_restock_alerts(request: web.Request) -> web.Response:
    """Products at or below their reorder point."""
    found = await store_of(request).database.read(alerts.list_alerts, is_open=True)
    return answer({"items": [render.alert(alert) for alert in found if alert.rule == LOW_STOCK]})


def _levels(connection: sqlite3.Connection, query: LevelQuery, *, is_told: bool) -> Answer:
    if query.product_id is not None:
        found = catalogue.find_product(connection, query.product_id)
        rows = [(0, found)] if found is not None else []
    else:
        rows = catalogue.list_products(connection, q=query.q, after=query.cursor or 0, limit=query.limit)
    coming = None if receiving.is_blind(connection) or not is_told else expecting.on_order(connection)
    items = [_level(connection, product) | _coming(coming, product) for _, product in rows]
    more = str(rows[-1][0]) if query.product_id is None and len(rows) == query.limit else None
    return {"items": items, "next_cursor": more, "as_of": as_of(connection)}


def _elsewhere(connection: sqlite3.Connection, product_id: str, seen: Seen) -> Answer:
    names = {site.site_id: site.name for site in catalogue.list_sites(connection)}
    told = {"items": [], "told_at": None} if seen.told is None else seen.told.model_dump()
    for level in told["items"]:
        level["site_name"] = names.get(level["site_id"], "")
    return {"product_id": product_id, **told, "is_current": seen.is_current}


def _level(connection: sqlite3.Connection, product: Product) -> Answer:
    held, reserved = levels.held(connection, product.product_id)
    position = position_of(held, reserved)
    places = {place: render.quantity(quantity) for place, quantity in held.items() if place in OWN}
    return {
        "product_id": product.product_id, "sku": product.sku, "name": product.name, "unit": product.unit,
        **render.stock(position), "locations": places,
    }  # fmt: skip


def _coming(coming: Counter[str] | None, product: Product) -> Answer:
    """Null for those who receive blind."""
    return {"on_order": None if coming is None else render.quantity(coming[product.product_id])}


def as_of(connection: sqlite3.Connection) -> Answer:
    """Which state of this ledger an answer shows."""
    who = identity.get(connection)
    return {"site_id": who.site_id, "origin_id": who.origin_id, "position": ledger.head(connection)[0]}


def _adjust(connection: sqlite3.Connection, body: AdjustBody, caller: Caller, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        product = product_of(connection, body.product_id)
        now = now_ms()
        approving.require(connection, caller, approving.ADJUST, now, key=key)
        posted = adjusting.record_adjustment(
            connection,
            Adjustment(
                product=product, delta=body.delta, set_to=body.set_to, location=body.location, reason=body.reason,
                note=body.note, document=body.document, lot=body.lot, expiry=body.expiry,
                actor=caller.name, key=key,
            ),
            now, caller=caller,
        )  # fmt: skip
        if posted is None:
            return _level(connection, product) | {"movement_id": None, "warnings": ["no_change"]}, 0
        return render.posted(posted) | {"product_id": product.product_id}, posted.head

    return once(connection, key, fingerprint(body.model_dump(mode="json")), act)


def _movements(connection: sqlite3.Connection, product_id: str | None, after: int, limit: int) -> Answer:
    lines = history.movements(connection, product_id=product_id, after=after, limit=limit)
    return {
        "items": [render.movement(line) for line in lines],
        "next_after": lines[-1].sequence if len(lines) == limit else None,
        "as_of": as_of(connection),
    }


def _history(connection: sqlite3.Connection, product_id: str, after: int, limit: int) -> Answer:
    product_of(connection, product_id)
    return _movements(connection, product_id, after, limit)


def _batch(connection: sqlite3.Connection, body: BatchBody, caller: Caller, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        if any(row.reason == Reason.RETURN for row in body.movements):
            approving.require(connection, caller, approving.RETURN, now_ms(), key=key)
        results = _run_batch(connection, body, caller, key)
        recorded = sum(result["status"] == "recorded" for result in results)
        return {"results": results, "recorded": recorded}, ledger.head(connection)[0]

    return once(connection, key, fingerprint(body.model_dump(mode="json")), act)


def _run_batch(
    connection: sqlite3.Connection, body: BatchBody, caller: Caller, key: str | None
) -> list[dict[str, Any]]:
    """Rows whose own key is known are answered from it; the others are booked."""
    if body.error_policy == "reject_all" and not any(row.key or row.handheld for row in body.movements):
        rows = [_row(connection, row, number, caller.name, key) for number, row in enumerate(body.movements)]
        [posted] = adjusting.record_all(connection, rows, now_ms(), caller)
        return [
            {"status": "recorded", "movement_id": movement_id, "position": position}
            for movement_id, position in zip(posted.movement_ids, posted.positions, strict=False)
        ]
    return [_one_of_batch(connection, body, number, caller, key) for number in range(len(body.movements))]


def _one_of_batch(
    connection: sqlite3.Connection, body: BatchBody, number: int, caller: Caller, key: str | None
) -> dict[str, Any]:
    row = body.movements[number]

    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        wanted = _row(connection, row, number, caller.name, key)
        [posted] = adjusting.record_all(connection, [wanted], now_ms(), caller)
        return {"status": "recorded", **render.posted(posted)}, posted.head

    try:
        found = once(connection, row.key, fingerprint(row.model_dump(mode="json")), act)
    except EdgeError as error:
        if body.error_policy == "reject_all":
            error.detail = f"row {number}: {error.detail}"
            raise
        return {"status": "rejected", "code": error.code, "detail": error.detail, "pointer": f"/movements/{number}"}
    return found.answer | ({"replayed": True} if found.is_replayed else {})


def _row(connection: sqlite3.Connection, row: MovementRow, number: int, actor: str, key: str | None) -> Row:
    product = catalogue.find_product(connection, row.product_id)
    if product is None:
        raise NotFound("product", f"row {number}: there is no product {row.product_id[:60]!r}")
    source, target = _places(row)
    batch_key = key if key is None or number == 0 else f"{key}/{number}"[-128:]
    draft = Draft(
        goods_of(product), row.quantity, source, target, row.reason, now_ms(), None, actor, row.document, row.lot,
        row.expiry, row.key or batch_key, note=row.note,
    )  # fmt: skip
    return Row(Move(draft, product), None if row.handheld is None else row.handheld.as_told())


def _places(row: MovementRow) -> tuple[str, str]:
    """Both ends of a movement: those that are given, else those that the reason means."""
    comes_from, goes_to = opposite_of(row.reason)
    is_inward = row.reason in (Reason.RETURN, Reason.RECEIPT, Reason.OPENING)
    source = row.source or (comes_from if is_inward else "shelf")
    target = row.target or ("shelf" if is_inward else goes_to)
    return source, target
