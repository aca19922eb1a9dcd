"""What the handlers need: the store's parts behind one key, the caller's name, the clocks, JSON out."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from edge_agent.domain.people import Caller
from edge_agent.services.beeping import ScanDesk
from edge_agent.services.elsewhere import Elsewhere
from edge_agent.services.events import Events
from edge_agent.services.health import Check
from edge_agent.services.label_desk import LabelDesk
from edge_agent.services.link_status import LinkStatus
from edge_agent.services.logging_in import LoggingIn
from edge_agent.services.once import Answer, Kept
from edge_agent.services.scanners import ScannerRoom
from edge_agent.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The parts of the box that the API works on."""

    database: Database
    events: Events
    desk: ScanDesk
    labels: LabelDesk
    elsewhere: Elsewhere
    status: LinkStatus
    scanners: ScannerRoom
    checks: Callable[[], Awaitable[Sequence[Check]]]
    api_keys: Mapping[str, str]
    """Key -> name of its holder."""
    boot: int
    logging_in: LoggingIn


STORE = web.AppKey("store", Store)
CALLER = web.RequestKey("caller", Caller)


def store_of(request: web.Request) -> Store:
    return request.app[STORE]


def caller_of(request: web.Request) -> Caller:
    """Who asks: always from the session or the key, never from the body."""
    return request[CALLER]


def actor_of(request: web.Request) -> str:
    """The name of who asks, as records have it."""
    return request[CALLER].name


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
