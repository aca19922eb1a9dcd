"""The frame of an OpenAPI 3.1 document, and those parts of a call that are said alike in each program.

Pure: functions of their arguments. Which calls there are, what they answer and how they are refused is the programs'.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

RETRY_AFTER = {"Retry-After": "Seconds until it is worth asking again."}
_REF = "#/components/schemas/{model}"

Described = dict[str, Any]
References = Mapping[tuple[Any, JsonSchemaMode], Described]
"""The schema of each model and view, by (it, whether it is answered or checked)."""


def frame(
    *, title: str, version: str, description: str, groups: Mapping[str, str],
    calls: Iterable[tuple[str, str, Described]], schemas: Described, callers: Described, **more: Described,
) -> Described:  # fmt: skip
    """The whole document; `calls` are (method, path, what is said of it), `callers` the ways to say who asks."""
    paths: dict[str, Described] = {}
    for method, path, described in calls:
        paths.setdefault(path, {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title, "version": version, "description": description,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in groups.items()],
        "paths": paths,
        **more,
        "components": {"schemas": schemas, "securitySchemes": callers},
    }  # fmt: skip


def schemas_of(*, answered: Iterable[Any], checked: Iterable[Any]) -> tuple[References, Described]:
    """Of all at once, so that what many answers have is said once: references to them, and the schemas."""
    modes: tuple[tuple[JsonSchemaMode, Iterable[Any]], ...] = (("serialization", answered), ("validation", checked))
    wanted = [(each, mode, TypeAdapter(each)) for mode, many in modes for each in many if each is not None]
    references, rest = TypeAdapter.json_schemas(wanted, ref_template=_REF)
    return references, rest.get("$defs", {})


def path_parameter(name: str, schema: Described) -> Described:
    """A part of the path."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def header_parameter(name: str, description: str, schema: Described) -> Described:
    """A header that may be left out."""
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def query_parameters(model: type[BaseModel] | None, *, without: Collection[str] = ()) -> list[Described]:
    """The fields of the model that checks the query; `without`: what is not said of those that may be null."""
    whole = {} if model is None else model.model_json_schema()
    required, found = whole.get("required", []), []
    for name, field in whole.get("properties", {}).items():
        schema = _plain(field, without)
        said: Described = {word: schema.pop(word) for word in ("description", "style") if word in schema}
        if "style" in said:
            said["explode"] = True
        if "$ref" in schema:
            schema |= whole["$defs"][schema.pop("$ref").rpartition("/")[2]]
        found.append({"name": name, "in": "query", "required": name in required, **said, "schema": schema})
    return found


def answer_headers(described: Mapping[str, str]) -> Described:
    """Headers of an answer, each a text."""
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in described.items()}


def _plain(field: Described, without: Collection[str]) -> Described:
    """A query parameter cannot be null, so `X | None` is published as X."""
    choices: list[Described] = [choice for choice in field.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return dict(field)
    return {name: value for name, value in field.items() if name not in {"anyOf", "default", *without}} | choices[0]
