"""The OpenAPI document refers to nothing that is not in it, so that generators and testers can read all of it."""

from typing import Any

from cloud_hub.web.app import operations
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
