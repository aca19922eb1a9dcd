"""What holds for both OpenAPI documents: what they refer to is there, each name is explained, each word once."""

import re
from typing import Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from cloud_hub.web import fields
from edge_agent.web import body
from published_api.document import query_parameters
from published_api.meanings import COMMON, explain, named
from tests.unit.published_api.documents import NAMES, OWN_MEANINGS, document


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        found = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return found + [each for value in part.values() for each in references(value)]
    return [each for value in part for each in references(value)] if isinstance(part, list) else []


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_to_a_schema_of_the_document(name: str) -> None:
    there = {f"#/components/schemas/{each}" for each in document(name)["components"]["schemas"]}

    assert set(references(document(name))) - there == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_field_and_every_parameter_says_what_it_means(name: str) -> None:
    said = [(each, described.get("description", "")) for each, described in named(document(name))]
    silent = {each for each, words in said if not words or words.startswith(fields.DECIMAL)}

    assert silent == set(), "say it at the model, or for every use of the word in web/meanings.py"


@pytest.mark.parametrize("name", NAMES)
def test_every_meaning_is_of_a_name_that_the_document_has(name: str) -> None:
    assert (set(OWN_MEANINGS[name]) | set(COMMON)) - {each for each, _ in named(document(name))} == set()


def test_what_both_programs_say_alike_is_said_in_one_place() -> None:
    box, hub = (OWN_MEANINGS[name] for name in NAMES)
    twice = {word for word in box.keys() & hub.keys() if box[word] == hub[word]}
    again = {word for own in (box, hub) for word in own.keys() & COMMON.keys() if own[word] == COMMON[word]}

    assert twice | again == set()


def test_a_meaning_stands_before_what_a_type_says_of_all_its_values_and_below_what_a_field_says() -> None:
    price, weight, note = {"description": "Decimal text."}, {"description": "With the box."}, dict[str, str]()
    schema = {"properties": {"price": price, "weight": weight, "note": note}}
    explain({"components": {"schemas": {"X": schema}}, "paths": {}}, {"weight": "Grams."}.get, "Decimal")

    assert price["description"] == f"{COMMON['price']} Decimal text."
    assert weight["description"] == "With the box."
    assert note["description"] == COMMON["note"]


class Asked(BaseModel):
    after: int | None = Field(None, ge=0, description="Above this.")
    sort: str = "name"
    facts: dict[str, str] = Field({}, json_schema_extra={"style": "deepObject"})


def test_a_query_parameter_is_never_null_and_its_meaning_stands_beside_its_schema() -> None:
    after, sort, facts = query_parameters(Asked, without=("title",))

    assert after == {"name": "after", "in": "query", "required": False, "description": "Above this.",
                     "schema": {"minimum": 0, "type": "integer"}}  # fmt: skip
    assert sort["schema"] == {"default": "name", "title": "Sort", "type": "string"}
    assert (facts["style"], facts["explode"], "style" in facts["schema"]) == ("deepObject", True, False)
    assert query_parameters(None) == []


TEXTS = ("0.5", "0.001", "007", "000.010", "1", "1.25", "999999.999", "1000000", "999999999999.999", "0", "0.0", "000",
         "0.0001", "1.", ".5", "-1", "+1", "1e3", "", "1000000000000", "1\n", " 1")  # fmt: skip


@pytest.mark.parametrize("kind", [fields.PositiveQuantity, fields.NotNegative, fields.Quantity,
                                  body.Positive, body.NotNegative, body.Quantity])  # fmt: skip
@pytest.mark.parametrize("text", TEXTS)
def test_the_published_pattern_of_a_quantity_accepts_exactly_what_the_program_accepts(kind: Any, text: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    pattern = next(each["pattern"] for each in adapter.json_schema()["anyOf"] if each["type"] == "string")
    try:
        adapter.validate_python(text)
        is_accepted = True
    except ValidationError:
        is_accepted = False

    # `$` of JSON Schema is the very end; Python's also stands before a last line feed.
    assert (re.search(pattern.replace("$", r"\Z"), text) is not None) == is_accepted
