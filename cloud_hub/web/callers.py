"""Who asks: a person by bearer token or cookie, an integration by its key, a box by its own token.

Whoever cannot be told apart is limited by address before anything costly happens; who is
known is limited by who they are. Nothing that a caller writes about itself is believed.
"""

from ipaddress import IPv6Address

from aiohttp import web

from cloud_hub.domain.api_keys import PREFIX as KEY_PREFIX
from cloud_hub.domain.permissions import NOBODY, Principal
from cloud_hub.errors import Unauthenticated
from cloud_hub.web import browsers
from cloud_hub.web.context import ASKER, HUB, LIMITED
from cloud_hub.web.operations import Operation


async def caller(operation: Operation, request: web.Request, now_ms: int) -> Principal:
    """Who asks, sure that they may. Raises Unauthenticated, Forbidden, TooMany."""
    if operation.permission is None:
        _count(request, f"public:{address_of(request)}", now_ms)
        return NOBODY
    try:
        principal = await (_box if operation.device else person)(request, now_ms)
    except Unauthenticated:
        _count(request, f"address:{address_of(request)}", now_ms)
        raise
    request[ASKER] = principal
    principal.require(operation.permission)
    _count(request, f"principal:{principal.id}", now_ms)
    return principal


def _count(request: web.Request, key: str, now_ms: int) -> None:
    request[LIMITED] = key
    request.app[HUB].limits.require(key, now_ms)


def address_of(request: web.Request) -> str:
    """Who is at the other end, for limits. One IPv6 customer has 2**64 addresses and counts as one."""
    forwarded = request.headers.get("X-Forwarded-For", "") if request.app[HUB].is_behind_proxy else ""
    text = forwarded.rpartition(",")[2].strip()[:64] or request.remote or "unknown"
    if ":" in text:
        try:
            address = IPv6Address(text.partition("%")[0])
        except ValueError:
            address = None
        if address is not None and address.ipv4_mapped is None:
            return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return text.encode("ascii", "replace").decode()


async def _box(request: web.Request, now_ms: int) -> Principal:
    return await request.app[HUB].device_tokens.principal(_token(request, "Device"), now_ms)


async def person(request: web.Request, now_ms: int) -> Principal:
    """A person or an integration, as of the last 30 seconds. Raises Unauthenticated, Forbidden."""
    hub = request.app[HUB]
    if "Authorization" not in request.headers and (token := request.cookies.get(browsers.ACCESS)):
        principal = await hub.signing_in.principal(token, now_ms)
        if request.method not in browsers.SAFE:
            browsers.require_own_page(request)
        return principal
    token = _token(request, "Bearer")
    if token.startswith(KEY_PREFIX):
        return await hub.api_keys.principal(token, now_ms)
    return await hub.signing_in.principal(token, now_ms)


def _token(request: web.Request, wanted: str) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != wanted or not token:
        raise Unauthenticated("no_token", f"expected an Authorization header with a {wanted} token")
    return token
