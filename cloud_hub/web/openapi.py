"""OpenAPI 3.1 from the table of operations; JSON Schema 2020-12 comes from the same models.

Pure: `document(operations, version)` is a function of its arguments. What the dispatcher
enforces for all operations (401, 403, 422, 429, 503 …) is added here for all of them too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from cloud_hub.web.browsers import ACCESS
from cloud_hub.web.event_messages import DATA, WebhookMessage, messages
from cloud_hub.web.fields import DECIMAL
from cloud_hub.web.introduction import DESCRIPTION, GROUPS
from cloud_hub.web.jobs import JobView
from cloud_hub.web.meanings import meaning_of
from cloud_hub.web.operations import EVENT_STREAM, Operation
from cloud_hub.web.problems import MEDIA_TYPE, STATUS, TITLES, Problem
from cloud_hub.web.webhooks import DeliveryView
from published_api.document import (
    RETRY_AFTER,
    References,
    answer_headers,
    frame,
    header_parameter,
    path_parameter,
    query_parameters,
    schemas_of,
)
from published_api.meanings import explain

_ANYWAY = (400, 422, 429, 503)
_WITH_BODY = (413, 415)
_KEY_HEADER = header_parameter(
    "Idempotency-Key",
    "Made before the first try; the same key again has no second effect. Made by the hub when missing.",
    {"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[\x21-\x7e]+$"},
)
_IF_MATCH_HEADER = header_parameter(
    "If-Match",
    "The ETag that was read; 412 when it is no longer the newest.",
    {"type": "string", "minLength": 1, "maxLength": 60, "pattern": r"^[\x21-\x7e]+$"},
)
_LAST_EVENT_ID_HEADER = header_parameter(
    "Last-Event-ID",
    "The `id` of the last event that you have: the stream goes on after it, without a gap.",
    {"type": "string"},
)
_IF_NONE_MATCH_HEADER = header_parameter(
    "If-None-Match",
    "The ETag of the answer that you have; 304 without a body when it is still the same.",
    {"type": "string"},
)
_ETAG = {"ETag": "Of this very answer; `If-Match` asks for the version in it, where there is one to edit."}
_LINK = {"Link": '`<…>; rel="next"`: the next page, the same as `next_cursor`.'}
_KEYED = {
    "Idempotency-Key": "Yours, or the one that the hub made for you.",
    "Idempotency-Replayed": "true: an earlier request with this key did it, and this was its answer.",
}
_MADE = {"Location": "Where to see what was made, where that has a place of its own."}
_RATE = {
    "RateLimit": 'What is left: `"name";r=requests;t=seconds until all is there again`.',
    "RateLimit-Policy": 'The limit: `"name";q=requests;w=seconds`.',
}
_HEADERS_OF = {429: {**RETRY_AFTER, **_RATE}, 503: RETRY_AFTER}
_PATH_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "code": {"type": "string", "minLength": 1, "maxLength": 90, "pattern": r"^[\x21-\x7e]+$"},
    "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "kind": {"type": "string", "enum": ["daily", "weekly", "monthly"]},
}
"""By the parameter's name; all others are ids."""
_ID = {"type": "string", "format": "uuid"}


_CALLERS = {
    "person": {
        "type": "http", "scheme": "bearer",
        "description": "An access token of `POST /auth/login`, or the key of an integration.",
    },
    "browser": {
        "type": "apiKey", "in": "cookie", "name": ACCESS,
        "description": "Set by `POST /auth/login?mode=cookie`; writes must come from a page of this hub.",
    },
    "box": {
        "type": "apiKey", "in": "header", "name": "Authorization",
        "description": "`Device TOKEN`: a 60-second EdDSA token signed by the box's record key.",
    },
}  # fmt: skip


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The whole OpenAPI document."""
    operations = list(operations)
    answers = [view for each in operations for view in (each.answer, *each.others.values())]
    references, schemas = schemas_of(
        answered=(Problem, WebhookMessage, *DATA.values(), *answers), checked=(each.body for each in operations)
    )
    described = frame(
        title="Backstock head office", version=version, description=DESCRIPTION, groups=GROUPS,
        calls=((each.method, each.path, _operation(each, references)) for each in operations),
        webhooks=messages(references), schemas=schemas, callers=_CALLERS,
    )  # fmt: skip
    explain(described, meaning_of, DECIMAL)
    return described


def _operation(operation: Operation, references: References) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation),
        "responses": _responses(operation, references),
        "security": [],
    }
    if operation.about:
        described["description"] = operation.about
    if operation.permission is not None:
        described["security"] = [{"box": []}] if operation.device else [{"person": []}, {"browser": []}]
        described["x-permission"] = str(operation.permission)
    if operation.body is not None:
        content = {operation.media_type: {"schema": references[operation.body, "validation"]}}
        described["requestBody"] = {"required": operation.needs_body, "content": content}
    elif operation.uploads:
        described["requestBody"] = {"required": True, "content": dict.fromkeys(operation.uploads, _FILE)}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found = [path_parameter(name, _PATH_SCHEMAS.get(name, _ID)) for name in operation.path_parameters]
    found += query_parameters(operation.query)
    if operation.idempotent:
        found.append(_KEY_HEADER)
    if operation.conditional:
        found.append(_IF_MATCH_HEADER)
    if operation.produces == EVENT_STREAM:
        found.append(_LAST_EVENT_ID_HEADER)
    if _is_tagged(operation):
        found.append(_IF_NONE_MATCH_HEADER)
    return found


def _is_tagged(operation: Operation) -> bool:
    return operation.method == "GET" and operation.answer is not None


_FILE = {"schema": {"type": "string", "format": "binary", "minLength": 1}}


def _responses(operation: Operation, references: References) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, view in {operation.status: operation.answer, **operation.others}.items():
        responses[str(status)] = {"description": _described(status, view)}
        if view is not None:
            schema = references[view, "serialization"]
            responses[str(status)]["content"] = {"application/json": {"schema": schema}}
            if _is_tagged(operation):
                responses["304"] = {"description": "You have it already", "headers": answer_headers(_ETAG)}
        elif operation.produces is not None:
            responses[str(status)]["content"] = {operation.produces: {"schema": {"type": "string"}}}
        if headers := _good_headers(operation, status):
            responses[str(status)]["headers"] = answer_headers(headers)
    for status in _error_statuses(operation):
        responses[str(status)] = {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": references[Problem, "serialization"]}},
        }
        if status in _HEADERS_OF:
            responses[str(status)]["headers"] = answer_headers(_HEADERS_OF[status])
    return dict(sorted(responses.items()))


def _good_headers(operation: Operation, status: int) -> dict[str, str]:
    """What a good answer's head says."""
    tag = _ETAG if _is_tagged(operation) else {}
    link = _LINK if _is_paged(operation) and operation.answer is not None else {}
    return {**tag, **link, **(_KEYED if operation.idempotent else {}), **(_MADE if status in (201, 202) else {})}


def _is_paged(operation: Operation) -> bool:
    return operation.query is not None and "cursor" in operation.query.model_fields


def _described(status: int, view: type[BaseModel] | None) -> str:
    if status == 202:
        return _ACCEPTED.get(view, "Sent to the store as a command")
    return "Made" if status == 201 else "Done"


_ACCEPTED: dict[type[BaseModel] | None, str] = {
    None: "Taken down",
    JobView: "A job does it",
    DeliveryView: "It will be sent",
}


def _error_statuses(operation: Operation) -> list[int]:
    statuses = {*_ANYWAY, *(STATUS[error] for error in operation.errors)}
    if operation.permission is not None:
        statuses |= {401, 403}
    if operation.body is not None or operation.uploads:
        statuses.update(_WITH_BODY)
    if operation.conditional:
        statuses.add(412)
    if operation.path_parameters or _is_paged(operation):
        statuses.add(404)
    return sorted(statuses)
