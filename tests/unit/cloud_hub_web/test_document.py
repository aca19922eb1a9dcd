"""Head office's OpenAPI document; what holds for a store's as well: tests/unit/published_api."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from cloud_hub.domain.event_types import TYPES
from cloud_hub.web.app import operations
from cloud_hub.web.event_messages import DATA
from cloud_hub.web.fields import NotNegative
from cloud_hub.web.openapi import document


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


def test_every_group_of_operations_is_introduced_and_every_event_has_a_message() -> None:
    whole = document(operations(), "test")

    assert {tag["name"] for tag in whole["tags"]} == {operation.tag for operation in operations()}
    assert set(whole["webhooks"]) == set(TYPES) == set(DATA)
