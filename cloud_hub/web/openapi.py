"""OpenAPI 3.1 from the table of operations; JSON Schema 2020-12 comes from the same models.

Pure: `document(operations, version)` is a function of its arguments. What the dispatcher
enforces for all operations (401, 403, 422, 429, 503 …) is added here for all of them too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from cloud_hub.web.browsers import ACCESS
from cloud_hub.web.event_messages import DATA, WebhookMessage, messages
from cloud_hub.web.introduction import DESCRIPTION, GROUPS
from cloud_hub.web.jobs import JobView
from cloud_hub.web.meanings import explain
from cloud_hub.web.operations import EVENT_STREAM, Operation
from cloud_hub.web.problems import MEDIA_TYPE, STATUS, TITLES, Problem
from cloud_hub.web.webhooks import DeliveryView

_REF = "#/components/schemas/{model}"
_ANYWAY = (400, 422, 429, 503)
_WITH_BODY = (413, 415)


def _header(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out."""
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_KEY_HEADER = _header(
    "Idempotency-Key",
    "Made before the first try; the same key again has no second effect. Made by the hub when missing.",
    {"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[\x21-\x7e]+$"},
)
_IF_MATCH_HEADER = _header(
    "If-Match",
    "The ETag that was read; 412 when it is no longer the newest.",
    {"type": "string", "minLength": 1, "maxLength": 60, "pattern": r"^[\x21-\x7e]+$"},
)
_LAST_EVENT_ID_HEADER = _header(
    "Last-Event-ID",
    "The `id` of the last event that you have: the stream goes on after it, without a gap.",
    {"type": "string"},
)
_IF_NONE_MATCH_HEADER = _header(
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
_RETRY = {"Retry-After": "Seconds until it is worth asking again."}
_RATE = {
    "RateLimit": 'What is left: `"name";r=requests;t=seconds until all is there again`.',
    "RateLimit-Policy": 'The limit: `"name";q=requests;w=seconds`.',
}
_HEADERS_OF = {429: {**_RETRY, **_RATE}, 503: _RETRY}
_PATH_SCHEMAS = {
    "code": {"type": "string", "minLength": 1, "maxLength": 90, "pattern": r"^[\x21-\x7e]+$"},
    "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "kind": {"type": "string", "enum": ["daily", "weekly", "monthly"]},
}


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The whole OpenAPI document."""
    operations = list(operations)
    references, components = _components(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, references)
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "Backstock head office",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in GROUPS.items()],
        "paths": paths,
        "webhooks": messages(references),
        "components": {
            "schemas": components,
            "securitySchemes": {
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
            },
        },
    }  # fmt: skip
    explain(described)
    return described


References = Mapping[Any, dict[str, Any]]
"""By (model, mode)."""


def _components(operations: list[Operation]) -> tuple[References, dict[str, Any]]:
    told: tuple[type[BaseModel], ...] = (Problem, WebhookMessage, *DATA.values())
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = dict.fromkeys((each, "serialization") for each in told)
    for operation in operations:
        if operation.body is not None:
            wanted[operation.body, "validation"] = None
        for view in (operation.answer, *operation.others.values()):
            if view is not None:
                wanted[view, "serialization"] = None
    references, definitions = models_json_schema(list(wanted), ref_template=_REF)
    return references, definitions.get("$defs", {})


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
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True,
         "schema": _PATH_SCHEMAS.get(name, {"type": "string", "format": "uuid"})}
        for name in operation.path_parameters
    ]  # fmt: skip
    if operation.query is not None:
        schema = operation.query.model_json_schema(by_alias=True)
        required = schema.get("required", [])
        found += [
            {"name": name, "in": "query", "required": name in required, **_styled(_plain(field, schema))}
            for name, field in schema.get("properties", {}).items()
        ]
    if operation.idempotent:
        found.append(_KEY_HEADER)
    if operation.conditional:
        found.append(_IF_MATCH_HEADER)
    if operation.produces == EVENT_STREAM:
        found.append(_LAST_EVENT_ID_HEADER)
    if _is_tagged(operation):
        found.append(_IF_NONE_MATCH_HEADER)
    return found


def _headers(described: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in described.items()}


def _is_tagged(operation: Operation) -> bool:
    return operation.method == "GET" and operation.answer is not None


_FILE = {"schema": {"type": "string", "format": "binary", "minLength": 1}}


def _styled(field: dict[str, Any]) -> dict[str, Any]:
    """The schema of a query parameter, its meaning, and how a mapping is written."""
    schema = {name: value for name, value in field.items() if name not in ("style", "description")}
    said: dict[str, Any] = {name: value for name, value in field.items() if name not in schema}
    if "style" in said:
        said["explode"] = True
    return {**said, "schema": schema}


def _plain(field: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """A query parameter cannot be null, so `X | None` is published as X; what X refers to stands in its place."""
    choices = [choice for choice in field.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) != 1:
        return field
    (chosen,) = choices
    if "$ref" in chosen:
        chosen = model["$defs"][chosen["$ref"].rpartition("/")[2]]
    rest = {name: value for name, value in field.items() if name not in ("anyOf", "default")}
    return {**rest, **chosen}


def _responses(operation: Operation, references: References) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, view in {operation.status: operation.answer, **operation.others}.items():
        responses[str(status)] = {"description": _described(status, view)}
        if view is not None:
            schema = references[view, "serialization"]
            responses[str(status)]["content"] = {"application/json": {"schema": schema}}
            if _is_tagged(operation):
                responses["304"] = {"description": "You have it already", "headers": _headers(_ETAG)}
        elif operation.produces is not None:
            responses[str(status)]["content"] = {operation.produces: {"schema": {"type": "string"}}}
        if headers := _good_headers(operation, status):
            responses[str(status)]["headers"] = _headers(headers)
    for status in _error_statuses(operation):
        responses[str(status)] = {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": references[Problem, "serialization"]}},
        }
        if status in _HEADERS_OF:
            responses[str(status)]["headers"] = _headers(_HEADERS_OF[status])
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
