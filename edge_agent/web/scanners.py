"""The box's scanners: how they are, what their beeps mean, and for who sets one up what it sends, byte by byte."""

import asyncio
import time
from contextlib import suppress

from aiohttp import web

from edge_agent.domain.people import STOCK_APPROVE
from edge_agent.services import badges
from edge_agent.services.scanners import Scanner, Seen, find
from edge_agent.services.scanning import Mode
from edge_agent.storage import screens
from edge_agent.web import event_stream
from edge_agent.web.body import Body
from edge_agent.web.callers import SCREEN, give_cookie
from edge_agent.web.context import answer, now_ms, store_of
from edge_agent.web.operations import EVENT_STREAM, Table
from edge_agent.web.render import Json
from edge_agent.web.views.box import ScannerView
from edge_agent.web.views.values import Items
from scanner_drivers.monitor import named

TABLE = Table("scanners")

LOOK_EVERY_S = 1.0
PAIRED_S = 400 * 24 * 3_600
"""As long as a browser keeps a cookie."""
KEEP_ALIVE_EVERY = 15


class ModeBody(Body):
    mode: Mode


@TABLE.add("GET", "/scanners", answer=Items[ScannerView])
async def get_scanners(request: web.Request) -> web.Response:
    """Every scanner of the configuration."""
    now_ns = time.monotonic_ns()
    return answer({"items": [_scanner(one, now_ns) for one in store_of(request).scanners.scanners]})


@TABLE.add("GET", "/scanners/test-code", produces=("image/png",))
async def get_test_code(request: web.Request) -> web.Response:
    """A GS1 DataMatrix with lot and expiry, of no goods: what a scanner that is set up well hands over whole."""
    drawn = await store_of(request).labels.test_code()
    return web.Response(body=drawn.document, content_type="image/png", headers={"Cache-Control": "no-store"})


@TABLE.add("PUT", "/scanners/{name}/mode", answer=ScannerView)
async def put_mode(request: web.Request, body: ModeBody) -> web.Response:
    """What its beeps mean from the next one on, also after a restart of the box."""
    name = request.match_info["name"]
    room = store_of(request).scanners
    await room.set_mode(name, str(body.mode))
    return answer(_scanner(find(room.scanners, name), time.monotonic_ns()))


@TABLE.add("PUT", "/scanners/{name}/screen", status=204, access=STOCK_APPROVE)
async def put_screen(request: web.Request) -> web.Response:
    """The scanner belongs to the screen that asks, which alone is told whose badge it reads."""
    name = find(store_of(request).scanners.scanners, request.match_info["name"]).name
    token = await store_of(request).database.write(badges.pair, name, now_ms())
    response = web.Response(status=204)
    give_cookie(response, request, SCREEN, token, PAIRED_S)
    return response


@TABLE.add("DELETE", "/scanners/{name}/screen", status=204, access=STOCK_APPROVE)
async def delete_screen(request: web.Request) -> web.Response:
    """The scanner belongs to no screen."""
    await store_of(request).database.write(screens.drop, request.match_info["name"])
    return web.Response(status=204)


@TABLE.add("GET", "/scanners/{name}/raw", access=STOCK_APPROVE, produces=(EVENT_STREAM,))
async def get_raw(request: web.Request) -> web.StreamResponse:
    """An endless stream: `state`, then `opened`, `bytes` and `frame` as they happen. Scans act meanwhile as ever."""
    scanner = find(store_of(request).scanners.scanners, request.match_info["name"])
    response = event_stream.opened()
    with scanner.watch() as seen:
        await response.prepare(request)
        with suppress(ConnectionResetError):  # the page was closed
            await _tell(request, response, scanner, seen)
    return response


async def _tell(
    request: web.Request, response: web.StreamResponse, scanner: Scanner, seen: asyncio.Queue[Seen]
) -> None:
    state, quiet = "", 0
    while request.transport is not None and not store_of(request).events.is_closed:
        if scanner.health.state != state:
            state = scanner.health.state
            await response.write(event_stream.event("state", _scanner(scanner, time.monotonic_ns())))
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                event = await seen.get()
        except TimeoutError:
            quiet += 1
            if quiet % KEEP_ALIVE_EVERY == 0:
                await response.write(event_stream.ALIVE)
        else:
            await response.write(event_stream.event(*event))


def _scanner(scanner: Scanner, now_ns: int) -> Json:
    health, recent = scanner.health, scanner.recent
    return {
        "name": scanner.name, "url": scanner.url, "mode": scanner.mode, "state": health.state,
        "state_age_ms": _age_ms(health.since_ns, now_ns), "where": health.where, "last_error": health.last_error,
        "opens": health.opens, "losses": health.losses, "scans": health.frames, "bytes": health.bytes_received,
        "last_scan_age_ms": _age_ms(health.last_scan_ns, now_ns), "alerts": health.alerts(now_ns),
        "last_bytes": None if recent.received_ns is None else {
            "hex": recent.data.hex(" "), "ascii": named(recent.data), "age_ms": _age_ms(recent.received_ns, now_ns),
        },
    }  # fmt: skip


def _age_ms(at_ns: int | None, now_ns: int) -> int | None:
    return None if at_ns is None else max(0, now_ns - at_ns) // 1_000_000
