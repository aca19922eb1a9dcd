"""Stocktakes: open, count while selling (several people, in zones), take a line back, close.

A blind one never shows what is expected.
"""

import sqlite3
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, model_validator

from edge_agent.domain.people import COUNTS_EXPECTED, Caller
from edge_agent.services import count_planning, counting, reading, scanning, stocktaking
from edge_agent.services.counting import LineCommand, product_of
from edge_agent.services.once import Answer, Kept, fingerprint, once
from edge_agent.services.ruling import rules_of
from edge_agent.services.stocktaking import Opening
from edge_agent.storage import counts, timeline, zones
from edge_agent.storage.catalogue import Product
from edge_agent.storage.counts import Line, Stocktake
from edge_agent.storage.zones import Zone, ZoneLine
from edge_agent.web import render
from edge_agent.web.body import Body, Key, Name, NotNegative, Text, either, key_of
from edge_agent.web.context import actor_of, answer, caller_of, kept, now_ms, store_of, ticks_ms
from edge_agent.web.operations import Table
from edge_agent.web.scans import Code, Handheld
from edge_agent.web.views.values import Items
from edge_agent.web.views.work import LineMade, LineNoted, StocktakeClosed, StocktakeSheet, StocktakeView, ZoneView

TABLE = Table("counts")

ZoneName = Annotated[Name, Field(max_length=60)]


class StocktakeBody(Body):
    name: Text = ""
    blind: bool | None = None
    """Left out: as head office has set it (blind)."""
    kind: Literal["full", "cycle"] = "full"
    zones: Annotated[tuple[ZoneName, ...], Field(max_length=200)] = ()
    product_ids: Annotated[tuple[Key, ...], Field(max_length=500)] = ()
    """Of a cycle count; left out: what the plan says is due."""

    @model_validator(mode="after")
    def _of_a_cycle(self) -> "StocktakeBody":
        if self.product_ids and self.kind != "cycle":
            raise ValueError("product_ids: expected kind cycle")
        return self


class LineBody(Body):
    product_id: Key | None = None
    code: Annotated[Code | None, either("product_id"), Field(validate_default=True)] = None
    location: Literal["shelf", "backroom", "hold"] = "shelf"
    zone: ZoneName | None = None
    counted: NotNegative
    more: bool = False
    """So many besides those that were counted in the zone before."""
    handheld: Handheld | None = None

    @model_validator(mode="after")
    def _fits(self) -> "LineBody":
        if self.more and self.zone is None:
            raise ValueError("more: expected a zone")
        return self


class ZoneBody(Body):
    zone: ZoneName
    take_over: bool = False
    """From somebody who is counting it."""


class DoneBody(Body):
    zone: ZoneName


class CloseBody(Body):
    uncounted: Literal["leave", "zero"] = "leave"
    """zero: what is on record where something was counted, and was not counted itself, is not there."""
    with_open_zones: bool = False


Exchange = tuple[str, int, int]


@TABLE.add("POST", "/stocktakes", answer=StocktakeSheet, status=201, keyed=True)
async def post_stocktake(request: web.Request, body: StocktakeBody) -> web.Response:
    """Begin to count."""
    return kept(await store_of(request).database.write(_open, body, caller_of(request), key_of(request)))


@TABLE.add("GET", "/stocktakes", answer=Items[StocktakeView])
async def get_stocktakes(request: web.Request) -> web.Response:
    """All that are open, and those of late, the newest first."""
    found = await store_of(request).database.read(counts.list_stocktakes)
    return answer({"items": [_render(one) for one in found]})


@TABLE.add("GET", "/stocktakes/{id}", answer=StocktakeSheet)
async def get_stocktake(request: web.Request) -> web.Response:
    """A stocktake with its zones and lines, and what it is of."""
    return answer(await store_of(request).database.read(_one, request.match_info["id"], caller_of(request)))


@TABLE.add("POST", "/stocktakes/{id}/zones", answer=ZoneView)
async def post_zone(request: web.Request, body: ZoneBody) -> web.Response:
    """The caller counts this zone; a new name is another zone."""
    found = await store_of(request).database.write(
        stocktaking.take_zone, request.match_info["id"], body.zone, actor_of(request), now_ms(),
        take_over=body.take_over,
    )  # fmt: skip
    return answer(_render_zone(found))


@TABLE.add("POST", "/stocktakes/{id}/zones/done", answer=ZoneView)
async def post_zone_done(request: web.Request, body: DoneBody) -> web.Response:
    """All of it is counted."""
    found = await store_of(request).database.write(
        stocktaking.finish_zone, request.match_info["id"], body.zone, actor_of(request), now_ms()
    )
    return answer(_render_zone(found))


@TABLE.add("POST", "/stocktakes/{id}/lines", answer=LineMade | LineNoted, status=201, keyed=True)
async def post_line(request: web.Request, body: LineBody) -> web.Response:
    """There are so many here. Without zones the variance is posted in the same transaction."""
    store = store_of(request)
    exchange = None if body.handheld is None else (body.handheld.device, store.boot, ticks_ms())
    return kept(
        await store.database.write(_line, request.match_info["id"], body, caller_of(request), key_of(request), exchange)
    )


@TABLE.add("POST", "/stocktakes/{id}/lines/{line}/withdraw", answer=StocktakeSheet)
async def post_withdraw(request: web.Request) -> web.Response:
    """The line was a mistake: what it did to the stock is undone."""
    stocktake_id = request.match_info["id"]
    database = store_of(request).database
    await database.write(stocktaking.withdraw, stocktake_id, request.match_info["line"], actor_of(request), now_ms())
    return answer(await database.read(_one, stocktake_id, caller_of(request)))


@TABLE.add("POST", "/stocktakes/{id}/close", answer=StocktakeClosed)
async def post_close(request: web.Request, body: CloseBody) -> web.Response:
    """No more lines. What was counted in zones is posted, some products in a transaction: sales go on meanwhile."""
    stocktake_id = request.match_info["id"]
    database = store_of(request).database
    while True:
        found = await database.write(
            stocktaking.post_some, stocktake_id, actor_of(request), now_ms(),
            with_open_zones=body.with_open_zones, are_uncounted_gone=body.uncounted == "zero",
        )  # fmt: skip
        if not found.left:
            return answer(_render(found.stocktake) | await database.read(_summary, stocktake_id))


def _open(connection: sqlite3.Connection, body: StocktakeBody, caller: Caller, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        is_blind = rules_of(connection).blind_counts if body.blind is None else body.blind
        product_ids = body.product_ids
        if body.kind == "cycle" and not product_ids:
            product_ids = tuple(due.product_id for due in count_planning.list_due(connection, now_ms()))
        wanted = Opening(
            name=body.name,
            is_blind=is_blind,
            kind=body.kind,
            zones=body.zones,
            product_ids=product_ids,
            actor=caller.name,
        )
        made = stocktaking.open_stocktake(connection, wanted, now_ms())
        return _one(connection, made.stocktake_id, caller), 0

    return once(connection, key, fingerprint(body.model_dump(mode="json")), act)


def _one(connection: sqlite3.Connection, stocktake_id: str, caller: Caller) -> Answer:
    found = counting.get_stocktake(connection, stocktake_id)
    # While it is counted nobody is told; afterwards whoever may see what the books said.
    is_blind = (bool(found.is_blind) and found.state != "closed") or not caller.may(COUNTS_EXPECTED)
    lines = [_render_line(line, is_blind=is_blind) for line in counts.lines_of(connection, stocktake_id)]
    in_zones = [_render_part(line) for line in zones.lines_of(connection, stocktake_id) if line.state != "posted"]
    done = {line["product_id"] for line in lines + in_zones if line["status"] not in ("withdrawn", "replaced")}
    to_count = [
        {"product_id": product_id, "sku": sku, "name": name, "is_counted": product_id in done}
        for product_id, sku, name in zones.products_of(connection, stocktake_id)
    ]
    of_zones = [_render_zone(zone) for zone in zones.zones_of(connection, stocktake_id)]
    return _render(found) | {"zones": of_zones, "to_count": to_count, "lines": lines + in_zones}


def _summary(connection: sqlite3.Connection, stocktake_id: str) -> Answer:
    lines = counts.lines_of(connection, stocktake_id)
    return {"posted": sum(line.status == "posted" for line in lines),
            "to_count_again": [line.product_id for line in lines if line.status == "ambiguous"]}  # fmt: skip


def _line(
    connection: sqlite3.Connection, stocktake_id: str, body: LineBody, caller: Caller, key: str | None,
    exchange: Exchange | None,
) -> Kept:  # fmt: skip
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        command = LineCommand(
            stocktake_id=stocktake_id, product=_product(connection, body), location=body.location,
            counted=body.counted, actor=caller.name, key=key,
            handheld=None if body.handheld is None else body.handheld.as_told(),
        )  # fmt: skip
        if body.zone is not None or zones.zones_of(connection, stocktake_id):
            return _in_zone(connection, command, body)
        return _at_once(connection, command, is_told=caller.may(COUNTS_EXPECTED))

    if exchange is not None:
        device, boot, ticks = exchange
        timeline.note_exchange(connection, device, boot, ticks, now_ms())
    return once(connection, key, fingerprint(stocktake_id, body.model_dump(mode="json")), act)


def _at_once(connection: sqlite3.Connection, command: LineCommand, *, is_told: bool) -> tuple[Answer, int]:
    is_blind = bool(counting.get_stocktake(connection, command.stocktake_id).is_blind) or not is_told
    made = counting.record_line(connection, command, now_ms())
    shown: Answer = {
        "line_id": made.line_id, "counted": render.quantity(made.counted), "status": made.status,
        "position": made.position, "movement_id": None if is_blind else made.movement_id,
        "warnings": list(made.warnings),
    }  # fmt: skip
    if not is_blind:
        shown |= {"expected": render.quantity(made.expected), "variance": render.quantity(made.variance)}
    return shown, made.position


def _in_zone(connection: sqlite3.Connection, command: LineCommand, body: LineBody) -> tuple[Answer, int]:
    zone = stocktaking.require_zone(connection, command.stocktake_id, body.zone)
    made = stocktaking.count_in_zone(connection, command, zone, now_ms(), is_more=body.more)
    return _render_part(made.line) | {"position": made.position, "warnings": list(made.warnings)}, made.position


def _product(connection: sqlite3.Connection, body: LineBody) -> Product:
    if body.product_id is not None:
        return product_of(connection, body.product_id)
    raw = reading.raw_of((body.code or "").encode("utf-8", "replace"), "api", now_ms())
    return scanning.find_scanned(connection, reading.read(connection, raw, now_ms())).product


def _render(found: Stocktake) -> Answer:
    return {
        "stocktake_id": found.stocktake_id, "name": found.name, "kind": found.kind, "state": found.state,
        "blind": bool(found.is_blind), "opened_at": render.time(found.opened_at),
        "closed_at": render.time(found.closed_at), "actor": found.actor,
    }  # fmt: skip


def _render_zone(zone: Zone) -> Answer:
    return {"zone": zone.zone, "state": zone.state, "actor": zone.actor, "changed_at": render.time(zone.changed_at)}


def _render_line(line: Line, *, is_blind: bool) -> Answer:
    shown: Answer = {
        "line_id": line.line_id, "product_id": line.product_id, "location": line.location, "zone": None,
        "counted": render.quantity(line.counted), "status": line.status, "position": line.position,
        "actor": line.actor,
    }  # fmt: skip
    if not is_blind:
        shown |= {"expected": render.quantity(line.expected), "variance": render.quantity(line.variance)}
    return shown


def _render_part(line: ZoneLine) -> Answer:
    return {
        "line_id": line.line_id, "product_id": line.product_id, "location": line.location, "zone": line.zone,
        "counted": render.quantity(line.counted), "status": line.state, "position": line.until, "actor": line.actor,
    }  # fmt: skip
