"""Stocktakes: open, count while selling, close. A blind one never shows what is expected."""

import sqlite3
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, model_validator

from edge_agent.services import counting, reading, scanning
from edge_agent.services.counting import LineCommand, product_of
from edge_agent.services.once import Answer, Kept, fingerprint, once
from edge_agent.storage import counts, timeline
from edge_agent.storage.catalogue import Product
from edge_agent.storage.counts import Line, Stocktake
from edge_agent.web import render
from edge_agent.web.body import Body, Key, NotNegative, Text, key_of, read_body
from edge_agent.web.context import actor_of, answer, kept, now_ms, store_of, ticks_ms
from edge_agent.web.scans import Handheld


class StocktakeBody(Body):
    name: Text = ""
    blind: bool = False


class LineBody(Body):
    product_id: Key | None = None
    code: Annotated[str, Field(min_length=1, max_length=reading.CODE_BYTES_MAX)] | None = None
    location: Literal["shelf", "backroom", "hold"] = "shelf"
    counted: NotNegative
    handheld: Handheld | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "LineBody":
        if (self.product_id is None) == (self.code is None):
            raise ValueError("expected either product_id or code")
        return self


class Nothing(Body):
    """An empty object."""


async def post_stocktake(request: web.Request) -> web.Response:
    """Begin to count."""
    body = await read_body(request, StocktakeBody)
    return kept(await store_of(request).database.write(_open, body, actor_of(request), key_of(request)))


async def get_stocktakes(request: web.Request) -> web.Response:
    found = await store_of(request).database.read(counts.list_stocktakes)
    return answer({"items": [_render(one) for one in found]})


async def get_stocktake(request: web.Request) -> web.Response:
    """A stocktake with its lines."""
    return answer(await store_of(request).database.read(_one, request.match_info["id"]))


async def post_line(request: web.Request) -> web.Response:
    """There are so many here; the variance is posted in the same transaction."""
    body = await read_body(request, LineBody)
    store = store_of(request)
    exchange = None if body.handheld is None else (body.handheld.device, store.boot, ticks_ms())
    return kept(
        await store.database.write(_line, request.match_info["id"], body, actor_of(request), key_of(request), exchange)
    )


async def post_close(request: web.Request) -> web.Response:
    """No more lines."""
    await read_body(request, Nothing)
    found = await store_of(request).database.write(counting.close_stocktake, request.match_info["id"], now_ms())
    return answer(_render(found))


def _open(connection: sqlite3.Connection, body: StocktakeBody, actor: str, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        made = counting.open_stocktake(connection, body.name, actor, now_ms(), is_blind=body.blind)
        return _render(made), 0

    return once(connection, key, fingerprint(body.model_dump(mode="json")), act)


def _one(connection: sqlite3.Connection, stocktake_id: str) -> Answer:
    found = counting.get_stocktake(connection, stocktake_id)
    lines = counts.lines_of(connection, stocktake_id)
    return _render(found) | {"lines": [_render_line(line, is_blind=bool(found.is_blind)) for line in lines]}


def _line(
    connection: sqlite3.Connection, stocktake_id: str, body: LineBody, actor: str, key: str | None,
    exchange: tuple[str, int, int] | None,
) -> Kept:  # fmt: skip
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        is_blind = bool(counting.get_stocktake(connection, stocktake_id).is_blind)
        command = LineCommand(
            stocktake_id=stocktake_id, product=_product(connection, body), location=body.location,
            counted=body.counted, actor=actor, key=key,
            handheld=None if body.handheld is None else body.handheld.as_told(),
        )  # fmt: skip
        made = counting.record_line(connection, command, now_ms())
        shown = {
            "line_id": made.line_id, "status": made.status, "counted": render.quantity(made.counted),
            "position": made.position,
        }  # fmt: skip
        if not is_blind:
            shown |= {
                "expected": render.quantity(made.expected), "variance": render.quantity(made.variance),
                "movement_id": made.movement_id,
            }  # fmt: skip
        return shown, made.position

    if exchange is not None:
        timeline.note_exchange(connection, *exchange, now_ms())
    return once(connection, key, fingerprint(stocktake_id, body.model_dump(mode="json")), act)


def _product(connection: sqlite3.Connection, body: LineBody) -> Product:
    if body.product_id is not None:
        return product_of(connection, body.product_id)
    raw = reading.raw_of((body.code or "").encode("utf-8", "replace"), "api", now_ms())
    return scanning.find_scanned(connection, reading.read(connection, raw, now_ms())).product


def _render(found: Stocktake) -> Answer:
    return {
        "stocktake_id": found.stocktake_id, "name": found.name, "state": found.state,
        "blind": bool(found.is_blind), "opened_at": render.time(found.opened_at),
        "closed_at": render.time(found.closed_at), "actor": found.actor,
    }  # fmt: skip


def _render_line(line: Line, *, is_blind: bool) -> Answer:
    shown: Answer = {
        "line_id": line.line_id, "product_id": line.product_id, "location": line.location,
        "counted": render.quantity(line.counted), "status": line.status, "position": line.position,
        "actor": line.actor,
    }  # fmt: skip
    if not is_blind:
        shown |= {"expected": render.quantity(line.expected), "variance": render.quantity(line.variance)}
    return shown
