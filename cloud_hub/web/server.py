"""The HTTP server: deadlines, limits on what is in flight, trace ids, metrics, clean stop.

aiohttp has no deadline for request headers, so `BorderHandler` has one; past the cap of
requests in flight the answer is 503 with Retry-After, within milliseconds, instead of a
queue that nobody survives. Every error that leaves here is problem+json.
"""

import asyncio
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable
from random import getrandbits

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from aiohttp.web_protocol import RequestHandler

from cloud_hub.logs import TRACE_ID
from cloud_hub.web.context import HUB, TRACE
from cloud_hub.web.door import Door, doors
from cloud_hub.web.limits import limit_headers
from cloud_hub.web.problems import problem, unreadable

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HEADER_DEADLINE_S = 10.0
KEEPALIVE_S = 75.0
_UNCOUNTED = ("/health", "/metrics")
log = structlog.get_logger()


class BorderHandler(RequestHandler):
    """Aborts a connection whose request head does not arrive in time (half-sent heads, silent sockets).

    A head that cannot be read is answered as every other error is.
    """

    __slots__ = ("_deadline",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._arm(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        waiting = not self._messages and self._current_request is None
        if not waiting:
            self._disarm()
        elif self._deadline is None and self.transport is not None:
            self._arm(self.transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp refuses before it is a request of ours: a bad request line, a head that is too long."""
        if status >= 500 or request.writer.output_size:
            return super().handle_error(request, status, exc, message)
        return unreadable(exc, message, secrets.token_hex(16))

    def connection_lost(self, exc: BaseException | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def _arm(self, transport: asyncio.BaseTransport) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(HEADER_DEADLINE_S, transport.abort)  # type: ignore[attr-defined]

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class BorderServer(web.Server):
    """A server of such connections."""

    def __call__(self) -> RequestHandler:
        return BorderHandler(self, loop=self._loop, **self._kwargs)


def gate(in_flight_max: int) -> Middleware:
    """The outermost middleware: trace id, cap, metrics, and no error that is not problem+json."""
    in_flight = 0

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal in_flight
        trace_id = request[TRACE] = f"{getrandbits(128):032x}"  # Guards nothing, so it need not be hard to guess.
        TRACE_ID.set(trace_id)
        started = time.perf_counter()
        counted = not request.path.startswith(_UNCOUNTED)
        if counted and in_flight >= in_flight_max:
            response: web.StreamResponse = problem(
                503, "busy", "expected fewer requests at once", trace_id, headers={"Retry-After": "1"}
            )
        else:
            in_flight += counted
            try:
                response = await _guarded(request, handler)
            finally:
                in_flight -= counted
        _count(request, response, time.perf_counter() - started)
        return response

    return middleware


async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    trace_id = request[TRACE]
    try:
        return await handler(request)
    except web.HTTPException as error:
        code = error.reason.lower().replace(" ", "_")
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return problem(
            error.status, code, f"{request.method} {request.path[:200]}: {error.reason}", trace_id, headers=allow
        )
    except Exception:
        # The border of the program: whatever it was, the caller gets its trace id and the log the rest.
        log.exception("request failed", trace_id=trace_id, method=request.method, path=request.path)
        return problem(500, "internal", "something went wrong here; quote the trace id", trace_id)


def _count(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
    resource = request.match_info.route.resource
    path = resource.canonical if resource is not None else "unknown"
    request.app[HUB].metrics.request(request.method, path, response.status, seconds)


async def complete(request: web.Request, response: web.StreamResponse) -> None:
    """What the head of every answer says, of one that is streamed too."""
    headers = response.headers
    if TRACE in request:
        headers.setdefault("X-Trace-Id", request[TRACE])
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.update(limit_headers(request))


class HttpServer:
    """One listening socket with our limits; `stop` lets running requests end."""

    def __init__(self, app: web.Application, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._runner = _Runner(app, access_log=None, keepalive_timeout=KEEPALIVE_S, handle_signals=False)
        self._doors: list[Door] = []

    async def start(self, host: str, port: int) -> int:
        """Listen; the port really taken. Raises OSError."""
        await self._runner.setup()
        assert self._runner.server is not None
        self._doors = await doors(host, port, self._runner.server, self._tls)
        return self._doors[0].port

    async def stop(self, grace_s: float = 10.0) -> None:
        """Close the socket, wait for running requests, then for nobody."""
        for door in self._doors:
            door.close()
        server = self._runner.server
        if server is not None:
            server.pre_shutdown()
            await server.shutdown(grace_s)
        await self._runner.cleanup()


class _Runner(web.AppRunner):
    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        return BorderServer(plain.request_handler, request_factory=plain.request_factory, **plain._kwargs)
