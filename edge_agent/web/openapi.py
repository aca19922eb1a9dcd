"""OpenAPI 3.1 from the table of operations; JSON Schema 2020-12 comes from the models that check and the views.

Pure: `document(operations, version)` is a function of its arguments. What holds for all calls (401, 422, 503 …) is
added here for all of them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from edge_agent.web.callers import APPROVAL, COOKIE
from edge_agent.web.introduction import ABOUT, DESCRIPTION, GROUPS
from edge_agent.web.meanings import MEANINGS
from edge_agent.web.operations import ANYBODY, EVENT_STREAM, ID_CHARS_MAX, JSON, ONESELF, PREFIX, Operation
from edge_agent.web.problems import MEDIA_TYPE, TITLES, ProblemBody
from edge_agent.web.views.box import EventData, RawData
from edge_agent.web.views.values import AlreadyRecorded
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
from sync_protocol.limits import KEY_CHARS_MAX

_VISIBLE = r"^[\x20-\x7e]+$"
_KEY = header_parameter(
    "Idempotency-Key",
    "Made before the first try and kept with the sale: the same key again has no second effect.",
    {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX, "pattern": _VISIBLE},
)
_APPROVAL = header_parameter(
    APPROVAL,
    "A manager's approval (`POST /approvals`), good once, where the store's policy asks for one.",
    {"type": "string"},
)
_LAST_EVENT_ID = header_parameter(
    "Last-Event-ID",
    "The `id` of the last event that you have: what moved since is told first.",
    {"type": "string"},
)
_REPLAYED = {"Idempotency-Replayed": "true: an earlier request with this key did it; this was its answer."}
_PATHS: Mapping[str, dict[str, Any]] = {
    "code": {"type": "string", "minLength": 1, "maxLength": 90, "pattern": r"^[\x21-\x7e]+$"},
    "step": {"type": "string", "enum": ["receive", "refuse", "close-short", "take-back"]},
}
"""By the parameter's name; all others are ids."""
_ID = {"type": "string", "minLength": 1, "maxLength": ID_CHARS_MAX}

_CALLERS = {
    "key": {"type": "http", "scheme": "bearer",
            "description": "A key of this box (the file `api.key`): its name is the actor."},
    "person": {"type": "apiKey", "in": "cookie", "name": COOKIE,
               "description": "Set by `POST /auth/login`; writes must come from a page of this box."},
}  # fmt: skip


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The whole OpenAPI document."""
    operations = list(operations)
    answers = [view for each in operations for view in (each.answer, *each.others.values())]
    references, schemas = schemas_of(
        answered=(ProblemBody, AlreadyRecorded, EventData, RawData, *answers),
        checked=(each.body for each in operations),
    )
    described = frame(
        title="Backstock store box", version=version, description=DESCRIPTION, groups=GROUPS,
        calls=((each.method, each.path, _operation(each, references)) for each in operations),
        schemas=schemas, callers=_CALLERS,
    )  # fmt: skip
    explain(described, MEANINGS.get)
    return described


def _operation(operation: Operation, references: References) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation),
        "responses": _responses(operation, references),
        "security": [] if operation.access == ANYBODY else [{"key": []}, {"person": []}],
    }
    if about := ABOUT.get(operation.name):
        described["description"] = about
    if operation.access not in (ANYBODY, ONESELF):
        described["x-permission"] = operation.access
    if operation.body is not None:
        schema = references[operation.body, "validation"]
        needed = any(field.is_required() for field in operation.body.model_fields.values())
        described["requestBody"] = {"required": needed, "content": {JSON: {"schema": schema}}}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found = [path_parameter(name, _PATHS.get(name, _ID)) for name in operation.path_parameters]
    found += query_parameters(operation.query, without=("title",))
    if operation.keyed:
        found.append(_KEY)
    if operation.approvable:
        found.append(_APPROVAL)
    if operation.path == f"{PREFIX}/events":
        found.append(_LAST_EVENT_ID)
    return found


def _responses(operation: Operation, references: References) -> dict[str, Any]:
    good = {operation.status: operation.answer, **operation.others}
    responses = {str(status): _good(operation, view, references) for status, view in good.items()}
    for status in sorted(_error_statuses(operation)):
        schema = references[ProblemBody, "serialization"]
        found = responses.setdefault(str(status), {"description": TITLES[status], "content": {}})
        found["content"] |= {MEDIA_TYPE: {"schema": schema}}
        if status in (429, 503, 507):
            found["headers"] = answer_headers(RETRY_AFTER)
    return dict(sorted(responses.items()))


def _good(operation: Operation, view: Any, references: References) -> dict[str, Any]:
    found: dict[str, Any] = {"description": "Done"}
    if view is not None:
        schema = references[view, "serialization"]
        if operation.keyed:
            schema = {"anyOf": [schema, references[AlreadyRecorded, "serialization"]]}
        found["content"] = {JSON: {"schema": schema}}
    elif operation.produces != (JSON,):
        found["content"] = {each: {"schema": {"type": "string"}} for each in operation.produces}
    if operation.keyed:
        found["headers"] = answer_headers(_REPLAYED)
    return found


def _error_statuses(operation: Operation) -> set[int]:
    statuses = {400, 422, 429, 431, 503}
    if operation.access != ANYBODY:
        statuses |= {401, 403}
    if operation.path_parameters or not operation.is_read:
        statuses.add(404)
    if not operation.is_read:
        statuses |= {401, 403, 409, 413, 415, 507}
    if EVENT_STREAM not in operation.produces and operation.produces != (JSON,):
        statuses |= {404, 409}
    return statuses
