"""Server-sent events as they are written: the head of a stream, an event, a sign of life."""

from typing import Any

import orjson
from aiohttp import web

from edge_agent.web.operations import EVENT_STREAM

ALIVE = b": alive\n\n"


def opened() -> web.StreamResponse:
    """A stream that no cache keeps and no proxy holds back."""
    headers = {"Content-Type": EVENT_STREAM, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return web.StreamResponse(headers=headers)


def event(kind: str, body: Any, event_id: str = "") -> bytes:
    """One event in the form of the EventSource standard."""
    name = b"id: " + event_id.encode() + b"\n" if event_id else b""
    return name + b"event: " + kind.encode() + b"\ndata: " + orjson.dumps(body) + b"\n\n"
