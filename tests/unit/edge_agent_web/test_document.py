"""The box's OpenAPI document: every route is in it, everything in it is said, and it says what the border checks."""

import re
from typing import Any

import pytest
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from edge_agent.web.body import NotNegative, Positive, Quantity
from edge_agent.web.introduction import ABOUT, GROUPS
from edge_agent.web.meanings import MEANINGS, named
from edge_agent.web.openapi import document
from edge_agent.web.operations import PREFIX, add_routes
from edge_agent.web.server import OPERATIONS


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return document(OPERATIONS, "test")


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        found = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return found + [each for value in part.values() for each in references(value)]
    return [each for value in part for each in references(value)] if isinstance(part, list) else []


def test_every_route_of_the_api_is_in_the_document(whole: dict[str, Any]) -> None:
    app = web.Application()
    add_routes(app, OPERATIONS)
    served = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    described = {(method.upper(), path) for path, methods in whole["paths"].items() for method in methods}

    assert described == served
    assert all(path.startswith((f"{PREFIX}/", "/health")) for _, path in served)


def test_every_reference_leads_to_a_schema_of_the_document(whole: dict[str, Any]) -> None:
    there = {f"#/components/schemas/{name}" for name in whole["components"]["schemas"]}

    assert set(references(whole)) - there == set()


def test_every_operation_has_an_id_of_its_own_a_summary_and_a_view_of_its_answer() -> None:
    names = [operation.name for operation in OPERATIONS]
    without_view = {
        operation.name for operation in OPERATIONS
        if operation.answer is None and operation.status != 204 and operation.produces == ("application/json",)
    }  # fmt: skip

    assert len(names) == len(set(names))
    assert {operation.name for operation in OPERATIONS if operation.summary == operation.name} == set()
    assert without_view == set(), "say `answer=` at the operation"


def test_every_field_and_every_parameter_says_what_it_means(whole: dict[str, Any]) -> None:
    silent = {name for name, described in named(whole) if not described.get("description")}

    assert silent == set(), "say it for every use of the word in web/meanings.py"


def test_every_meaning_is_of_a_name_that_the_document_has(whole: dict[str, Any]) -> None:
    assert set(MEANINGS) - {name for name, _ in named(whole)} == set()


def test_every_group_is_introduced_and_what_is_introduced_is_there(whole: dict[str, Any]) -> None:
    assert {tag["name"] for tag in whole["tags"]} == {operation.tag for operation in OPERATIONS} == set(GROUPS)
    assert set(ABOUT) - {operation.name for operation in OPERATIONS} == set()


TEXTS = ("0.5", "0.001", "007", "000.010", "1", "1.25", "999999.999", "1000000", "0", "0.0001", "1.", ".5",
         "-1", "0.0", "000", "+1", "1e3", "", "999999999999.999", "1\n", " 1")  # fmt: skip


@pytest.mark.parametrize("kind", [Positive, NotNegative, Quantity])
@pytest.mark.parametrize("text", TEXTS)
def test_the_published_pattern_of_a_quantity_accepts_exactly_what_the_box_accepts(kind: Any, text: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    pattern = next(each["pattern"] for each in adapter.json_schema()["anyOf"] if each["type"] == "string")
    try:
        adapter.validate_python(text)
        is_accepted = True
    except ValidationError:
        is_accepted = False

    # `$` of JSON Schema is the very end; Python's also stands before a last line feed.
    assert (re.search(pattern.replace("$", r"\Z"), text) is not None) == is_accepted


@pytest.mark.parametrize(("number", "thousandths"), [(0.001, 1), (0.1 + 0.2, 300), (5.0, 5000), (7, 7000),
                                                      (0.0004, None), (2.5e-42, None), (1e13, None)])  # fmt: skip
def test_a_number_is_what_its_program_meant_and_has_no_more_decimals_than_are_kept(
    number: float, thousandths: int | None
) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(NotNegative)
    if thousandths is None:
        with pytest.raises(ValidationError):
            adapter.validate_python(number)
    else:
        assert adapter.validate_python(number) == thousandths
