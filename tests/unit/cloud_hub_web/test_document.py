"""The OpenAPI document refers to nothing that is not in it, so that generators and testers can read all of it."""

import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from cloud_hub.web.app import operations
from cloud_hub.web.fields import NotNegative, PositiveQuantity, Quantity
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


def test_what_is_said_below_a_field_is_its_description() -> None:
    schemas = document(operations(), "test")["components"]["schemas"]

    for model, field in (("Box", "mark"), ("NewReceiptLine", "damaged"), ("OrderView", "received_at")):
        assert schemas[model]["properties"][field]["description"]


def test_every_field_and_every_parameter_says_what_it_means() -> None:
    silent = {name for name, described in named(document(operations(), "test")) if not described.get("description")}

    assert silent == set(), "say it in a docstring at the model, or for every use of the word in web/meanings.py"


def test_every_meaning_is_of_a_name_that_the_document_has() -> None:
    names = {name for name, _ in named(document(operations(), "test"))}

    assert set(MEANINGS) - names == set()
