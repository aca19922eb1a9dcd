"""Each answer of the box in these tests fits the document that the box publishes, and has nothing besides."""

import re
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator

from edge_agent.web.openapi import document
from edge_agent.web.operations import PREFIX
from edge_agent.web.server import OPERATIONS


def check(method: str, path: str, status: int, media_type: str, body: Any) -> None:
    """Raises AssertionError where the document does not say so; of a path that there is not it says nothing."""
    template = _template(method, path.partition("?")[0])
    if template is None:
        assert status in (401, 403, 404, 405), (method, path, status)
        return
    said = _described()["paths"][template][method.lower()]["responses"]
    assert str(status) in said, f"{method} {template} answered {status}, the document says {sorted(said)}"
    content = said[str(status)].get("content", {})
    if status == 204:
        return
    assert media_type in content, f"{method} {template} {status} answered {media_type}, expected {sorted(content)}"
    if media_type.endswith("json"):
        found = [error.message for error in _validator(method, template, status, media_type).iter_errors(body)]
        assert not found, f"{method} {template} {status}: {found[:3]} in {body}"


@cache
def _described() -> dict[str, Any]:
    """The document, made strict: what it does not name is not answered."""
    described = document(OPERATIONS, "test")
    for schema in described["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return described


@cache
def _validator(method: str, template: str, status: int, media_type: str) -> Draft202012Validator:
    content = _described()["paths"][template][method.lower()]["responses"][str(status)]["content"]
    return Draft202012Validator({**content[media_type]["schema"], "components": _described()["components"]})


def _template(method: str, path: str) -> str | None:
    """Of an operation; fixed paths before those with a parameter, as the router has them."""
    asked = path if path.startswith(("/health", PREFIX)) else PREFIX + path
    for operation in sorted(OPERATIONS, key=lambda each: each.path.count("{")):
        pattern = re.sub(r"{\w+}", "[^/]+", operation.path)
        if operation.method == method and re.fullmatch(pattern, asked):
            return operation.path
    return None
