"""Every error answer: RFC 9457 `application/problem+json`, made in this one place.

A `HubError` family has one status; validation errors of pydantic become 422 with JSON
pointers. `code` is stable, `error` repeats it for older clients, `trace_id` finds the log
line. An exception nobody expected becomes a 500 that tells nothing but its trace id.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cloud_hub.errors import (
    Conflict,
    Forbidden,
    Gone,
    HubError,
    Invalid,
    NotFound,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
STATUS: dict[type[HubError], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Gone: 410,
    Conflict: 409,
    Stale: 412,
    TooMany: 429,
    Unavailable: 503,
}
TITLES = {
    400: "Malformed request",
    401: "Not logged in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Request took too long",
    409: "Conflict with the present state",
    410: "No longer there",
    411: "Length required",
    412: "Not the newest version",
    413: "Too large",
    415: "Unsupported media type",
    417: "Expectation failed",
    422: "Not valid",
    429: "Too many requests",
    431: "Request head too large",
    500: "Internal error",
    503: "Not available right now",
}


class FieldError(BaseModel):
    """One field that is not valid."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    code: str
    error: str
    detail: str
    trace_id: str
    errors: list[FieldError] | None = None


def problem(
    status: int,
    code: str,
    detail: str,
    trace_id: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> web.Response:
    """An error answer."""
    body = {
        "type": f"urn:backstock:problem:{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "error": code,
        "detail": detail,
        "trace_id": trace_id,
        **members,
    }
    if errors:
        body["errors"] = errors
    return web.Response(status=status, body=orjson.dumps(body), content_type=MEDIA_TYPE, headers=headers)


def unreadable(error: BaseException | None, message: str | None, trace_id: str) -> web.Response:
    """The answer to what is not HTTP, or has a longer line than we read; the connection ends with it."""
    lines = (message or str(error)).strip().splitlines() or [""]
    if isinstance(error, LineTooLong):
        answer = problem(
            431, "head_too_large", f"expected a shorter request line or header: {lines[0][:200]}", trace_id
        )
    else:
        answer = problem(400, "bad_request", f"expected an HTTP request: {lines[0][:200]}", trace_id)
    answer.force_close()
    return answer


def of_hub_error(error: HubError, trace_id: str) -> web.Response:
    """The answer for a refusal of ours."""
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    headers: dict[str, str] = {}
    if isinstance(error, TooMany | Unavailable):
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    errors = None
    if error.pointer is not None:
        errors = [{"pointer": error.pointer, "code": error.code, "detail": error.detail}]
    return problem(status, error.code, error.detail, trace_id, errors=errors, headers=headers)


def of_validation(error: ValidationError, model: type[BaseModel], where: str, trace_id: str) -> web.Response:
    """422 with every field that is wrong; 400 when the body is not JSON at all."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    errors = [
        {"pointer": where + "".join(f"/{_escape(part)}" for part in each["loc"]), "code": each["type"],
         "detail": _said(each, model)[:500]}
        for each in found[:50]
    ]  # fmt: skip
    if found[0]["type"] == "json_invalid":
        return problem(400, "not_json", errors[0]["detail"], trace_id)
    return problem(422, "invalid", f"{len(found)} field(s) are not valid", trace_id, errors=errors)


def _said(error: ErrorDetails, model: type[BaseModel]) -> str:
    """In words; who misspelled a field is told which there are."""
    if error["type"] != "extra_forbidden":
        return error["msg"].removeprefix("Value error, ")
    names = [field.alias or name for name, field in model.model_fields.items()] if len(error["loc"]) == 1 else []
    return f"there is no such field; expected some of {', '.join(names)}" if names else "there is no such field"


def _escape(part: object) -> str:
    return str(part)[:100].replace("~", "~0").replace("/", "~1")
