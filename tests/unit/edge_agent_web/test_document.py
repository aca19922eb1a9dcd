"""The box's OpenAPI document: every route is in it; what holds for head office's as well: tests/unit/published_api."""

from typing import Any

import pytest
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from edge_agent.web.body import NotNegative
from edge_agent.web.introduction import ABOUT, GROUPS
from edge_agent.web.openapi import document
from edge_agent.web.operations import PREFIX, add_routes
from edge_agent.web.server import OPERATIONS


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return document(OPERATIONS, "test")


def test_every_route_of_the_api_is_in_the_document(whole: dict[str, Any]) -> None:
    app = web.Application()
    add_routes(app, OPERATIONS)
    served = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    described = {(method.upper(), path) for path, methods in whole["paths"].items() for method in methods}

    assert described == served
    assert all(path.startswith((f"{PREFIX}/", "/health")) for _, path in served)


def test_every_operation_has_an_id_of_its_own_a_summary_and_a_view_of_its_answer() -> None:
    names = [operation.name for operation in OPERATIONS]
    without_view = {
        operation.name for operation in OPERATIONS
        if operation.answer is None and operation.status != 204 and operation.produces == ("application/json",)
    }  # fmt: skip

    assert len(names) == len(set(names))
    assert {operation.name for operation in OPERATIONS if operation.summary == operation.name} == set()
    assert without_view == set(), "say `answer=` at the operation"


def test_every_group_is_introduced_and_what_is_introduced_is_there(whole: dict[str, Any]) -> None:
    assert {tag["name"] for tag in whole["tags"]} == {operation.tag for operation in OPERATIONS} == set(GROUPS)
    assert set(ABOUT) - {operation.name for operation in OPERATIONS} == set()


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
