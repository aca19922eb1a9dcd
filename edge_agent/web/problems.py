"""Every error as application/problem+json (RFC 9457) with a stable `code`; one table of statuses."""

from collections.abc import Awaitable, Callable
from typing import NotRequired

import orjson
import structlog
import uuid_utils
from aiohttp import web
from typing_extensions import TypedDict

from edge_agent.errors import (
    Conflict,
    EdgeError,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    TooMany,
    Unauthenticated,
    Unavailable,
    UnknownCode,
)
from edge_agent.web.body import FieldProblem, MalformedBody

log = structlog.get_logger(__name__)

_BY_CODE = {"storage_full": 507, "too_large": 413, "bad_request": 400, "head_too_large": 431, "media_type": 415}
_BY_FAMILY: tuple[tuple[type[EdgeError], int], ...] = (
    (MalformedBody, 400), (FieldProblem, 422), (Invalid, 422), (NotFound, 404), (Conflict, 409),
    (Unauthenticated, 401), (Forbidden, 403), (TooMany, 429),
    (Refused, 409), (Unavailable, 503),
)  # fmt: skip

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Malformed request", 401: "Nobody we know asks", 403: "Not allowed", 404: "Not found",
    409: "Conflict with the present state", 413: "Too large", 415: "Unsupported media type", 422: "Not valid",
    429: "Too often", 431: "Request head too large", 503: "Not available right now", 507: "The disk is full",
}  # fmt: skip

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FieldError(TypedDict):
    pointer: str
    code: str
    detail: str
    expected: NotRequired[str]


class ProblemBody(TypedDict):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    code: str
    error: str
    detail: str
    remedy: NotRequired[str]
    approval_for: NotRequired[str]
    number: NotRequired[str]
    """Of a code that nobody knows: what of it can be linked to a product."""
    errors: NotRequired[list[FieldError]]


def status_of(error: EdgeError) -> int:
    """The HTTP status of an error."""
    by_code = _BY_CODE.get(error.code)
    return by_code or next((status for family, status in _BY_FAMILY if isinstance(error, family)), 500)


def problem(error: EdgeError) -> web.Response:
    """The answer that tells it."""
    status = status_of(error)
    body: ProblemBody = {
        "type": f"urn:backstock:problem:{error.code}", "title": error.code.replace("_", " "), "status": status,
        "code": error.code, "detail": error.detail, "error": error.code,
    }  # fmt: skip
    if error.remedy:
        body["remedy"] = error.remedy
    if error.approval_for:
        body["approval_for"] = error.approval_for
    if isinstance(error, UnknownCode):
        body["number"] = error.number
    if isinstance(error, FieldProblem):
        body["errors"] = [
            FieldError(pointer=each["pointer"], code=each["code"], detail=each["detail"]) for each in error.errors
        ]
    if isinstance(error, Invalid) and error.pointer:
        found: FieldError = {"pointer": error.pointer, "code": error.code, "detail": error.detail}
        if error.expected:
            found["expected"] = error.expected
        body["errors"] = [found]
    headers = {"Retry-After": "1"} if status in (503, 507) else {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after_s)
    return web.Response(status=status, body=orjson.dumps(body), content_type=MEDIA_TYPE, headers=headers)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into a problem document."""
    try:
        return await handler(request)
    except EdgeError as error:
        return problem(error)
    except web.HTTPRequestEntityTooLarge:
        return problem(EdgeError("too_large", f"expected a body of at most {request.app._client_max_size} bytes"))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _of_http(error)
    except Exception:
        trace_id = str(uuid_utils.uuid7())
        log.exception("request failed", method=request.method, path=request.path, trace_id=trace_id)
        return problem(EdgeError("internal", f"a bug; its trace id is {trace_id}"))


def _of_http(error: web.HTTPException) -> web.Response:
    code = {404: "no_route", 405: "method_not_allowed"}.get(error.status, "http")
    body = {"type": f"urn:backstock:problem:{code}", "title": error.reason, "status": error.status,
            "code": code, "detail": error.reason, "error": code}  # fmt: skip
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return web.Response(status=error.status, body=orjson.dumps(body), content_type=MEDIA_TYPE, headers=headers)
