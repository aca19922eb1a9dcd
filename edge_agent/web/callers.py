"""Who asks: a person by the cookie of their session, or whoever holds a key of this box; and what they may do.

A browser sends the cookie whoever wrote the page. So a write that is allowed by it has to say, by headers
that pages cannot forge (Origin, else Sec-Fetch-Site), that it comes from this box's own pages.
"""

from collections.abc import Mapping
from hmac import compare_digest

from aiohttp import hdrs, web

from edge_agent.domain.people import Caller
from edge_agent.errors import Forbidden, Unauthenticated
from edge_agent.services import attributing, logging_in
from edge_agent.storage import sessions
from edge_agent.storage.people import can_log_in
from edge_agent.web.context import CALLER, now_ms, store_of
from edge_agent.web.operations import ANYBODY, ONESELF, access_of
from edge_agent.web.problems import Handler

COOKIE, SCREEN = "backstock_session", "backstock_screen"
"""Who works at a screen; which screen it is."""
APPROVAL, DONE_BY = "X-Approval", "X-Done-By"
SAFE = ("GET", "HEAD")


@web.middleware
async def authentication(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The API knows who asks; what an operation is for, and the files of the screen, may be for everybody."""
    access = access_of(request)
    if access != ANYBODY:
        caller = await _caller(request)
        if access != ONESELF:
            caller.require(access)
        request[CALLER] = await _done_by(request, caller)
    return await handler(request)


async def is_still_in(request: web.Request) -> bool:
    """Whether who opened a stream may go on listening: sessions end while it lasts."""
    session = request[CALLER].session
    return session is None or await _by_cookie(request) is not None


def require_own_page(request: web.Request) -> None:
    """Raises Forbidden for a write that a page of somebody else may have made."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        is_ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    else:
        is_ours = origin == f"{request.scheme}://{request.host}"
    if not is_ours:
        raise Forbidden("cross_site", "expected a request with a cookie to come from a page of this box")


def device_of(request: web.Request, given: str | None) -> str:
    """What a device calls itself, else where it is."""
    return given or f"browser at {address_of(request)}"


def address_of(request: web.Request) -> str:
    """Who is at the other end of the connection."""
    return request.remote or "unknown"


def give_cookie(response: web.Response, request: web.Request, name: str, token: str, seconds: int) -> None:
    """For this box only, never to scripts, never from other sites; none when `seconds` is 0."""
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(name, token, max_age=seconds, path="/", secure=request.secure, httponly=True, samesite="Strict")


async def session_before(request: web.Request) -> str:
    """The session of who was logged in here until now: one device has one."""
    caller = await _by_cookie(request)
    return "" if caller is None else caller.session_id


async def _caller(request: web.Request) -> Caller:
    scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    approval = request.headers.get(APPROVAL)
    if scheme:
        name = _holder(store_of(request).api_keys, given.strip()) if scheme.lower() == "bearer" else None
        if name is None:
            raise Unauthenticated("unauthorized", "expected `Authorization: Bearer KEY` with a key of this box")
        return Caller(name=name, approval=approval)
    caller = await _by_cookie(request)
    if caller is None:
        people = await store_of(request).database.read(can_log_in)
        remedy = "log in: POST /api/v1/auth/login" if people else "use a key of this box; head office adds people"
        raise Unauthenticated("no_session", "expected somebody who is logged in, or a key of this box", remedy=remedy)
    if request.method not in SAFE:
        require_own_page(request)
    return Caller(name=caller.name, person=caller.person, session=caller.session, approval=approval)


async def _done_by(request: web.Request, caller: Caller) -> Caller:
    token, store = request.headers.get(DONE_BY), store_of(request)
    if token is None:
        return caller
    return await store.database.read(attributing.done_by, caller, store.logging_in.people_key(), token, now_ms())


async def _by_cookie(request: web.Request) -> Caller | None:
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    database, now = store_of(request).database, now_ms()
    caller = await database.read(logging_in.caller_with, token, now)
    if caller is not None and caller.session is not None and now - caller.session.used_at > logging_in.USED_EVERY_MS:
        await database.write(sessions.used, caller.session.session_id, now)
    return caller


def _holder(keys: Mapping[str, str], given: str) -> str | None:
    found = None
    for key, name in keys.items():
        if compare_digest(key.encode(), given.encode()):
            found = name
    return found
