"""The OpenAPI document refers to nothing that is not in it, so that generators and testers can read all of it."""

import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from cloud_hub.domain.event_types import TYPES
from cloud_hub.web.app import operations
from cloud_hub.web.event_messages import DATA
from cloud_hub.web.fields import DECIMAL, NotNegative, PositiveQuantity, Quantity
from cloud_hub.web.meanings import MEANINGS, named
from cloud_hub.web.openapi import document


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        found = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return found + [each for value in part.values() for each in references(value)]
    return [each for value in part for each in references(value)] if isinstance(part, list) else []


def test_every_reference_leads_to_a_schema_of_the_document() -> None:
    whole = document(operations(), "test")
    there = {f"#/components/schemas/{name}" for name in whole["components"]["schemas"]}

    assert set(references(whole)) - there == set()


TEXTS = ("0.5", "0.001", "007", "000.010", "1", "1.25", "999999999999.999", "0", "0.0", "000", "0.0001", "1.", ".5",
         "-1", "+1", "1e3", "", "1000000000000", "1\n", " 1")  # fmt: skip


@pytest.mark.parametrize("kind", [PositiveQuantity, NotNegative, Quantity])
@pytest.mark.parametrize("text", TEXTS)
def test_the_published_pattern_of_a_quantity_accepts_exactly_what_the_server_accepts(kind: Any, text: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    pattern = next(each["pattern"] for each in adapter.json_schema()["anyOf"] if each["type"] == "string")
    try:
        adapter.validate_python(text)
        is_accepted = True
    except ValidationError:
        is_accepted = False

    # `$` of JSON Schema is the very end; Python's also stands before a last line feed.
    assert (re.search(pattern.replace("$", r"\Z"), text) is not None) == is_accepted


@pytest.mark.parametrize(("number", "is_right"), [(0.001, True), (0.1 + 0.2, True), (5.0, True), (0.0004, False),
                                                  (2.5e-42, False), (1e12, False)])  # fmt: skip
def test_a_number_is_what_its_program_meant_and_has_no_more_decimals_than_are_kept(
    number: float, is_right: bool
) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(NotNegative)
    if is_right:
        assert str(adapter.validate_python(number)) in ("0.001", "0.3", "5")
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python(number)


def test_what_is_said_below_a_field_is_its_description() -> None:
    schemas = document(operations(), "test")["components"]["schemas"]

    for model, field in (("Box", "mark"), ("NewReceiptLine", "damaged"), ("OrderView", "received_at")):
        assert schemas[model]["properties"][field]["description"]


def test_every_field_and_every_parameter_says_what_it_means() -> None:
    said = [(name, described.get("description", "")) for name, described in named(document(operations(), "test"))]
    silent = {name for name, words in said if not words or words.startswith(DECIMAL)}

    assert silent == set(), "say it in a docstring at the model, or for every use of the word in web/meanings.py"


def test_every_meaning_is_of_a_name_that_the_document_has() -> None:
    names = {name for name, _ in named(document(operations(), "test"))}

    assert set(MEANINGS) - names == set()


def test_every_group_of_operations_is_introduced_and_every_event_has_a_message() -> None:
    whole = document(operations(), "test")

    assert {tag["name"] for tag in whole["tags"]} == {operation.tag for operation in operations()}
    assert set(whole["webhooks"]) == set(TYPES) == set(DATA)
