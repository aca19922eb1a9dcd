"""From an HTTP request to a handler's call and back: the one way every operation goes.

Order: who asks, may they, path, query, headers, body; their turn; then the handler; then the answer.
Nothing is read from the body before the caller is known and allowed. The table of
operations decides everything; handlers never see an invalid value.
"""

import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from cloud_hub.domain.permissions import NOBODY
from cloud_hub.errors import Forbidden, HubError, Invalid, TooMany, Unauthenticated, Unavailable
from cloud_hub.services.auditing import Entry, Testimony
from cloud_hub.storage.database import LOST, WITNESS
from cloud_hub.storage.reads import BUSY
from cloud_hub.web.callers import address_of, caller
from cloud_hub.web.context import ASKER, HUB, TRACE
from cloud_hub.web.operations import PATH_PATTERNS, PREFIX, Answer, Call, Operation
from cloud_hub.web.problems import of_hub_error, of_validation, problem
from cloud_hub.web.tags import is_known, tag_of, version_of
from cloud_hub.web.turns import TURNS

DENIALS = (Unauthenticated, Forbidden, TooMany)
_TAG = re.compile(r"[\x21-\x7e]{1,60}")
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_NO_STORE = {"Cache-Control": "no-store"}

log = structlog.get_logger()
activity = structlog.get_logger("activity")


def handler_of(operation: Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of one operation."""
    return partial(_answered, operation)


async def _answered(operation: Operation, request: web.Request) -> web.StreamResponse:
    trace_id = request[TRACE]
    try:
        call = await _call(operation, request)
        place = await request.app[TURNS].take()
        try:
            return _answer(operation, call, await _done(operation, call))
        finally:
            place.leave()
    except _Refused as refused:
        return refused.response
    except HubError as error:
        if isinstance(error, DENIALS):
            entry = _entry(operation, request)
            _tell(entry, refused=error.code)
            request.app[HUB].audit.refused(entry, error.code)
        return of_hub_error(error, trace_id)
    except (*LOST, *BUSY) as error:
        log.warning("the database is away", trace_id=trace_id, detail=f"{type(error).__name__}: {error}")
        return of_hub_error(Unavailable("database", "the database is away or busy; ask again"), trace_id)


async def _done(operation: Operation, call: Call[Any, Any]) -> Any:
    """Let the handler do it; a write leaves an entry in the audit, in its own transaction where it has one."""
    if operation.method == "GET":
        return await operation.handler(call)
    entry = _entry(operation, call.request)
    if call.body is not None:
        entry.detail["fields"] = sorted(call.body.model_fields_set)
    testimony = Testimony(entry)
    token = WITNESS.set(testimony)
    try:
        result = await operation.handler(call)
    finally:
        WITNESS.reset(token)
    call.hub.audit.done(testimony)
    _tell(testimony.entry)
    return result


def _entry(operation: Operation, request: web.Request) -> Entry:
    who = request.get(ASKER, NOBODY)
    detail = {"name": who.name, "address": address_of(request), "trace_id": request[TRACE]}
    return Entry(time.time_ns() // 1_000_000, who.id, operation.name, request.path.removeprefix(PREFIX)[:300], detail)


def _tell(entry: Entry, **more: str) -> None:
    """The same for whoever collects logs; the trace id comes with every line."""
    name, address = entry.detail["name"], entry.detail["address"]
    activity.info(entry.action, actor=entry.actor, name=name, address=address, entity=entry.entity, **more)


class _Refused(Exception):
    """An answer made while the call was still being read."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


async def _call(operation: Operation, request: web.Request) -> Call[Any, Any]:
    hub = request.app[HUB]
    now_ms = time.time_ns() // 1_000_000
    principal = await caller(operation, request, now_ms)
    return Call(
        hub=hub,
        path=_path(operation, request),
        query=_query(operation, request),
        key=_key(operation, request),
        if_match=_if_match(operation, request),
        body=await _body(operation, request),
        principal=principal,
        address=address_of(request),
        request=request,
        now_ms=now_ms,
    )


def _path(operation: Operation, request: web.Request) -> dict[str, str]:
    """The route's patterns have checked them (`Operation.route`); ids are lower case inside."""
    return {
        name: value if name in PATH_PATTERNS else value.lower()
        for name, value in request.match_info.items()
        if name in operation.path_parameters
    }


def _query(operation: Operation, request: web.Request) -> BaseModel | None:
    pairs = dict(request.query)
    if len(pairs) != len(request.query):
        raise Invalid("query", "expected each query parameter once", pointer="/query")
    values: dict[str, Any] = {}
    for name, value in pairs.items():
        base, _, key = name.partition("[")
        if name in operation.parameters:
            values[name] = value
        elif base in operation.deep_parameters and key.endswith("]"):
            values.setdefault(base, {})[key[:-1]] = value
        else:
            known = ", ".join(sorted(operation.parameters)) or "none"
            raise Invalid(
                "unknown_parameter", f"unknown query parameter {name[:60]!r}, expected {known}", pointer="/query"
            )
    if operation.query is None:
        return None
    try:
        return operation.query.model_validate_strings(values)
    except ValidationError as error:
        raise _Refused(of_validation(error, operation.query, "/query", request[TRACE])) from error


def _key(operation: Operation, request: web.Request) -> str:
    if not operation.idempotent:
        return ""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return f"hub-{secrets.token_hex(16)}"
    if not _KEY.fullmatch(key):
        raise Invalid(
            "idempotency_key", "expected 1 to 128 visible ASCII characters", pointer="/header/Idempotency-Key"
        )
    return key


def _if_match(operation: Operation, request: web.Request) -> str | None:
    if not operation.conditional:
        return None
    value = request.headers.get("If-Match")
    if value is not None and not _TAG.fullmatch(value):
        raise Invalid("if_match", "expected an ETag", pointer="/header/If-Match")
    return None if value in (None, "*") else version_of(value)


async def _body(operation: Operation, request: web.Request) -> BaseModel | None:
    if operation.body is None and not operation.uploads:
        return None
    if operation.body is not None and not operation.needs_body and not request.can_read_body:
        return operation.body()
    trace_id = request[TRACE]
    expected = operation.uploads or (operation.media_type, "application/json")
    if request.content_type not in expected:
        raise _Refused(problem(415, "media_type", f"expected {' or '.join(dict.fromkeys(expected))}", trace_id))
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise _Refused(problem(415, "content_encoding", "expected a body without Content-Encoding", trace_id))
    if operation.body is None:
        return None
    data = await _whole(request, operation.body_bytes_max)
    try:
        return operation.body.model_validate_json(data)
    except ValidationError as error:
        raise _Refused(of_validation(error, operation.body, "", trace_id)) from error


async def _whole(request: web.Request, bytes_max: int) -> bytes:
    """The body at once; a small one came with its head and is here already."""
    if not request.content.is_eof():
        return b"".join([piece async for piece in stream(request, bytes_max)])
    data = request.content.read_nowait()
    if len(data) > bytes_max:
        raise _too_large(request, bytes_max)
    return data


async def stream(request: web.Request, bytes_max: int) -> AsyncIterator[bytes]:
    """The body piece by piece, never more than the operation allows."""
    if request.content_length is not None and request.content_length > bytes_max:
        raise _too_large(request, bytes_max)
    read = 0
    async for piece in request.content.iter_chunked(65_536):
        read += len(piece)
        if read > bytes_max:
            raise _too_large(request, bytes_max)
        yield piece


def _too_large(request: web.Request, bytes_max: int) -> _Refused:
    return _Refused(problem(413, "too_large", f"expected at most {bytes_max} bytes", request[TRACE]))


def _answer(operation: Operation, call: Call[Any, Any], result: Any) -> web.StreamResponse:
    if isinstance(result, web.StreamResponse):
        return result
    answer = result if isinstance(result, Answer) else Answer(view=result)
    headers = {**_NO_STORE, **answer.headers}
    if operation.idempotent:
        headers["Idempotency-Key"] = call.key
    status = answer.status or operation.status
    if answer.view is None:
        return web.Response(status=status, headers=headers)
    body = to_json(answer.view)
    if operation.method == "GET":
        headers["ETag"] = tag_of(headers.get("ETag"), body)
        if is_known(headers["ETag"], call.request.headers.get("If-None-Match")):
            return web.Response(status=304, headers=headers)
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)
