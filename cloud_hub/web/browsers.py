"""What browsers need: tokens in cookies that no script can read, proof that a write comes from our own pages, CORS.

A browser sends cookies whoever wrote the page. So a write that is allowed by a cookie has
to say, by headers that pages cannot forge (Origin, else Sec-Fetch-Site), that it comes
from this hub or from an origin in `cors_origins`. Bearer tokens need none of this.
"""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from cloud_hub.errors import Forbidden
from cloud_hub.services.signing_in import Issued
from cloud_hub.web.context import HUB

ACCESS = "__Host-backstock-access"
REFRESH = "__Host-backstock-refresh"
SAFE = ("GET", "HEAD", "OPTIONS")
_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID"
    ),
    "Access-Control-Max-Age": "600",
}
_EXPOSED = (
    "ETag, Idempotency-Key, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Trace-Id"
)


def logged_in(issued: Issued) -> web.Response:
    """204 with both tokens in cookies: for this host only, never to scripts, never from other sites."""
    response = web.Response(status=204, headers={"Cache-Control": "no-store"})
    _set(response, ACCESS, issued.access_token, issued.expires_s)
    _set(response, REFRESH, issued.refresh_token, issued.refresh_expires_s)
    return response


def logged_out() -> web.Response:
    """204 that takes the cookies back."""
    response = web.Response(status=204, headers={"Cache-Control": "no-store"})
    _set(response, ACCESS, "", 0)
    _set(response, REFRESH, "", 0)
    return response


def require_own_page(request: web.Request) -> None:
    """Raises Forbidden for a write that a page of somebody else may have made."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        is_ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    else:
        is_ours = origin in request.app[HUB].cors_origins or origin == own_origin(request)
    if not is_ours:
        raise Forbidden("cross_site", "expected a request with cookies to come from a page of this hub")


def own_origin(request: web.Request) -> str:
    """The origin that pages of this hub have, as the caller reached it."""
    is_https = request.secure or request.app[HUB].is_behind_proxy
    return f"{'https' if is_https else 'http'}://{request.host}"


@web.middleware
async def preflight(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answers a browser that asks first whether a page of a configured origin may call."""
    is_asked = request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    return web.Response(status=204, headers=_ALLOWED) if is_asked and _may_read(request) else await handler(request)


async def cors(request: web.Request, response: web.StreamResponse) -> None:
    """Let pages of the configured origins (and of no others) read the answer, also with cookies."""
    if _may_read(request):
        response.headers["Access-Control-Allow-Origin"] = request.headers[hdrs.ORIGIN]
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        response.headers.add("Vary", "Origin")


def _may_read(request: web.Request) -> bool:
    return request.headers.get(hdrs.ORIGIN, "") in request.app[HUB].cors_origins


def _set(response: web.Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="Strict")
