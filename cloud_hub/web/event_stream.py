"""What happens, as it happens: the change feed as server-sent events.

Each piece of a stream is read from the event table only when the reader has taken the one
before, so a reader that is slow costs nothing but its place, and one that takes nothing is
cut off. Who asks is looked up again before each piece: nothing is told to whom it was
taken away from, and the stream ends with the token.
"""

import asyncio
import socket
import time
from collections.abc import Iterator

from aiohttp import web
from pydantic_core import to_json

from cloud_hub.domain.permissions import Permission, Principal
from cloud_hub.errors import Gone, HubError, NotFound, TooMany, Unavailable
from cloud_hub.services.change_feed import Cursor, Page
from cloud_hub.storage.database import LOST
from cloud_hub.storage.reads import BUSY
from cloud_hub.web.callers import person
from cloud_hub.web.changes import Types, view_of
from cloud_hub.web.fields import Input, Uuid
from cloud_hub.web.operations import EVENT_STREAM, Call, Table
from cloud_hub.web.paging import Cursor as CursorText
from cloud_hub.web.paging import make_cursor, parse_cursor

table = Table("changes")

HEARTBEAT_S = 15.0
WRITE_S = 30.0
"""So long a piece may wait for its reader."""
PIECE_MAX = 100
UNREAD_BYTES_MAX = 65_536
"""What the system may hold of a stream that its reader has not taken."""


class EventsQuery(Input):
    types: Types | None = None
    """Names of event types, with commas between them; left out: all that you may hear of."""
    site_id: Uuid | None = None
    cursor: CursorText | None = None
    """Where to begin: an `id` of this stream, or the `next_cursor` of `GET /changes`. Left out: now."""


@table.add("GET", "/events", permission=Permission.PRODUCTS_READ, query=EventsQuery,
           errors=(Gone, NotFound, TooMany, Unavailable), produces=EVENT_STREAM)  # fmt: skip
async def stream_events(call: Call[EventsQuery, None]) -> web.StreamResponse:
    """What happens, as it happens, as server-sent events; `Last-Event-ID` goes on where a reader stopped"""
    request = call.request
    with call.hub.readers.joined(call.principal, lambda: _is_there(request)):
        page = await _read(call, call.principal, await _beginning(call), 0)
        response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        response.content_type = EVENT_STREAM
        await response.prepare(request)
        _bound(request)
        try:
            while await _is_taken(request, response, _told(page)):
                page = await _next(call, page.cursor)
        except (HubError, *LOST, *BUSY) as error:
            code = error.code if isinstance(error, HubError) else "database"
            await _is_taken(request, response, [f": ended: {code}\n\n".encode()])
    return response


async def _beginning(call: Call[EventsQuery, None]) -> Cursor:
    """Raises NotFound for what is no cursor."""
    given = call.request.headers.get("Last-Event-ID") or call.query.cursor
    return await call.hub.change_feed.now() if given is None else Cursor(*parse_cursor(given, (int, int)))


async def _next(call: Call[EventsQuery, None], cursor: Cursor) -> Page:
    """What comes next, or nothing for a while. Raises Unauthenticated, Forbidden, Gone."""
    while True:
        who = await _who(call)
        page = await _read(call, who, cursor, HEARTBEAT_S)
        if await _who(call) == who:
            return page


async def _who(call: Call[EventsQuery, None]) -> Principal:
    """Who asks, as of now. Raises Unauthenticated, Forbidden."""
    who = await person(call.request, time.time_ns() // 1_000_000)
    who.require(Permission.PRODUCTS_READ)
    return who


async def _read(call: Call[EventsQuery, None], who: Principal, cursor: Cursor, wait_s: float) -> Page:
    query = call.query
    types = None if query.types is None else frozenset(query.types.split(","))
    return await call.hub.change_feed.read(who, cursor, types, who.sites_of(query.site_id), PIECE_MAX, wait_s)


def _told(page: Page) -> Iterator[bytes]:
    """The page in the form of the EventSource standard; an empty one is a heartbeat that moves the id on."""
    epoch, position = page.cursor
    for event in page.items:
        cursor = make_cursor((epoch, event.position))
        yield f"id: {cursor}\nevent: {event.type}\ndata: ".encode() + to_json(view_of(event)) + b"\n\n"
    if not page.items:
        yield f": alive\nid: {make_cursor((epoch, position))}\n\n".encode()


async def _is_taken(request: web.Request, response: web.StreamResponse, pieces: Iterator[bytes] | list[bytes]) -> bool:
    """Send them; False when the reader is gone, or takes nothing and is let go."""
    try:
        async with asyncio.timeout(WRITE_S):
            for piece in pieces:
                await response.write(piece)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        return False
    except ConnectionError:
        return False
    return True


def _is_there(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _bound(request: web.Request) -> None:
    """Neither this process nor the kernel holds much of what is not read."""
    if request.transport is not None and (connection := request.transport.get_extra_info("socket")) is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES_MAX)
