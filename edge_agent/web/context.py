"""What the handlers need: the store's parts behind one key, the caller's name, the clocks, JSON out."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

import orjson
from aiohttp import web

from edge_agent.errors import EdgeError
from edge_agent.services.beeping import ScanDesk
from edge_agent.services.events import Events
from edge_agent.services.health import Check
from edge_agent.services.link_status import LinkStatus
from edge_agent.services.once import Answer, Kept
from edge_agent.storage.database import Database
from edge_agent.web.problems import Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The parts of the box that the API works on."""

    database: Database
    events: Events
    desk: ScanDesk
    status: LinkStatus
    checks: Callable[[], Awaitable[Sequence[Check]]]
    api_keys: Mapping[str, str]
    """Key -> name of its holder."""
    boot: int


STORE = web.AppKey("store", Store)
ACTOR = web.RequestKey("actor", str)
_OPEN = ("/health", "/health/live", "/health/ready")


def store_of(request: web.Request) -> Store:
    return request.app[STORE]


def actor_of(request: web.Request) -> str:
    """Who asks: always from the key, never from the body."""
    return request[ACTOR]


@web.middleware
async def authentication(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Bearer keys for everything but health."""
    if request.path not in _OPEN:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        actor = _holder(store_of(request).api_keys, given.strip()) if scheme.lower() == "bearer" else None
        if actor is None:
            raise EdgeError("unauthorized", "expected `Authorization: Bearer KEY` with a key of this box")
        request[ACTOR] = actor
    return await handler(request)


def now_ms() -> int:
    """The box's clock."""
    return time.time_ns() // 1_000_000


def ticks_ms() -> int:
    """The box's monotonic clock."""
    return time.monotonic_ns() // 1_000_000


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)


def kept(found: Kept, status: int = 201) -> web.Response:
    """The answer of a stock write: a replay says so."""
    body: Answer = found.answer
    return answer(body, status, {"Idempotency-Replayed": "true"} if found.is_replayed else None)


def _holder(keys: Mapping[str, str], given: str) -> str | None:
    found = None
    for key, name in keys.items():
        if compare_digest(key.encode(), given.encode()):
            found = name
    return found
