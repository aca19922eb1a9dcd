"""OpenAPI 3.1 from the table of operations; JSON Schema 2020-12 comes from the models that check and the views.

Pure: `document(operations, version)` is a function of its arguments. What holds for all calls (401, 422, 503 …) is
added here for all of them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from edge_agent.web.introduction import ABOUT, DESCRIPTION, GROUPS
from edge_agent.web.meanings import explain
from edge_agent.web.operations import ANYBODY, EVENT_STREAM, ID_CHARS_MAX, JSON, ONESELF, PREFIX, Operation
from edge_agent.web.problems import MEDIA_TYPE, TITLES, ProblemBody
from edge_agent.web.views.box import EventData, RawData
from edge_agent.web.views.values import AlreadyRecorded
from sync_protocol.limits import KEY_CHARS_MAX

COOKIE = "backstock_session"
_REF = "#/components/schemas/{model}"
_VISIBLE = r"^[\x20-\x7e]+$"
_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "description": "Made before the first try and kept with the sale: the same key again has no second effect.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX, "pattern": _VISIBLE},
}  # fmt: skip
_APPROVAL = {
    "name": "X-Approval", "in": "header", "required": False,
    "description": "A manager's approval (`POST /approvals`), good once, where the store's policy asks for one.",
    "schema": {"type": "string"},
}  # fmt: skip
_LAST_EVENT_ID = {
    "name": "Last-Event-ID", "in": "header", "required": False,
    "description": "The `id` of the last event that you have: what moved since is told first.",
    "schema": {"type": "string"},
}  # fmt: skip
_REPLAYED = {"Idempotency-Replayed": "true: an earlier request with this key did it; this was its answer."}
_RETRY = {"Retry-After": "Seconds until it is worth asking again."}
_PATHS: Mapping[str, dict[str, Any]] = {
    "code": {"type": "string", "minLength": 1, "maxLength": 90, "pattern": r"^[\x21-\x7e]+$"},
    "step": {"type": "string", "enum": ["receive", "refuse", "close-short", "take-back"]},
}
"""By the parameter's name; all others are ids."""
_ID = {"type": "string", "minLength": 1, "maxLength": ID_CHARS_MAX}

References = Mapping[tuple[str, JsonSchemaMode], Mapping[str, Any]]
"""The schema of each model and view, by (what, mode)."""


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The whole OpenAPI document."""
    operations = list(operations)
    references, schemas = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, references)
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "Backstock store box", "version": version, "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in GROUPS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer",
                        "description": "A key of this box (the file `api.key`): its name is the actor."},
                "person": {"type": "apiKey", "in": "cookie", "name": COOKIE,
                           "description": "Set by `POST /auth/login`; writes must come from a page of this box."},
            },
        },
    }  # fmt: skip
    explain(described)
    return described


def _schemas(operations: list[Operation]) -> tuple[References, dict[str, Any]]:
    """Made in one go, so that what many answers have is said once."""
    told: list[Any] = [ProblemBody, AlreadyRecorded, EventData, RawData]
    sent: list[Any] = []
    for operation in operations:
        told += [view for view in (operation.answer, *operation.others.values()) if view is not None]
        sent += [] if operation.body is None else [operation.body]
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (repr(each), "serialization", TypeAdapter(each)) for each in told
    ]
    inputs += [(repr(each), "validation", TypeAdapter(each)) for each in sent]
    references, extra = TypeAdapter.json_schemas(inputs, ref_template=_REF)
    return references, extra.get("$defs", {})


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
        schema = references[repr(operation.body), "validation"]
        needed = any(field.is_required() for field in operation.body.model_fields.values())
        described["requestBody"] = {"required": needed, "content": {JSON: {"schema": schema}}}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _PATHS.get(name, _ID)}
        for name in operation.path_parameters
    ]
    if operation.query is not None:
        schema = operation.query.model_json_schema()
        required = schema.get("required", [])
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": _plain(field, schema)}
            for name, field in schema.get("properties", {}).items()
        ]
    headers = {
        "keyed": _KEY if operation.keyed else None, "approvable": _APPROVAL if operation.approvable else None,
        "resumed": _LAST_EVENT_ID if operation.path == f"{PREFIX}/events" else None,
    }  # fmt: skip
    return found + [header for header in headers.values() if header is not None]


def _plain(field: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """A query parameter cannot be null, so `X | None` is published as X; what X refers to stands in its place."""
    choices = [choice for choice in field.get("anyOf", [field]) if choice != {"type": "null"}]
    if len(choices) != 1:
        return field
    (chosen,) = choices
    if "$ref" in chosen:
        chosen = model["$defs"][chosen["$ref"].rpartition("/")[2]]
    rest = {name: value for name, value in field.items() if name not in ("anyOf", "$ref", "default", "title")}
    return {**rest, **chosen}


def _responses(operation: Operation, references: References) -> dict[str, Any]:
    good = {operation.status: operation.answer, **operation.others}
    responses = {str(status): _good(operation, view, references) for status, view in good.items()}
    for status in sorted(_error_statuses(operation)):
        schema = references[repr(ProblemBody), "serialization"]
        found = responses.setdefault(str(status), {"description": TITLES[status], "content": {}})
        found["content"] |= {MEDIA_TYPE: {"schema": schema}}
        if status in (429, 503, 507):
            found["headers"] = _headers(_RETRY)
    return dict(sorted(responses.items()))


def _good(operation: Operation, view: Any, references: References) -> dict[str, Any]:
    found: dict[str, Any] = {"description": "Done"}
    if view is not None:
        schema = references[repr(view), "serialization"]
        if operation.keyed:
            schema = {"anyOf": [schema, references[repr(AlreadyRecorded), "serialization"]]}
        found["content"] = {JSON: {"schema": schema}}
    elif operation.produces != (JSON,):
        found["content"] = {each: {"schema": {"type": "string"}} for each in operation.produces}
    if operation.keyed:
        found["headers"] = _headers(_REPLAYED)
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


def _headers(said: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"description": about, "schema": {"type": "string"}} for name, about in said.items()}
