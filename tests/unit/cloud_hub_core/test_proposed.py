"""Proposals of stores, checked: money into the hub's units, what does not fit is named."""

from decimal import Decimal
from typing import Any

import pytest

from cloud_hub.domain.proposed import check_barcode, check_product


def test_minor_units_become_decimals_of_the_currency_that_is_named() -> None:
    assert check_product({"price": 1999}, "EUR").fields == {"price": Decimal("19.99")}
    assert check_product({"price": 1999, "currency": "JPY"}, "EUR").fields["price"] == Decimal(1999)
    assert check_product({"cost": None}, "EUR").fields == {"cost": None}


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", 5), ("name", ""), ("sku", None), ("price", -1), ("price", 1.5), ("price", True), ("currency", "eur"),
     ("lifecycle", "gone"), ("negative_policy", "maybe"), ("metadata", []), ("name", "n" * 501), ("secret", "x")],
)  # fmt: skip
def test_what_does_not_fit_is_left_out_and_named(field: str, value: Any) -> None:
    checked = check_product({field: value, "category": "tea"}, "EUR")

    assert (checked.fields, checked.bad) == ({"category": "tea"}, [field])


def test_barcodes_that_are_none_are_left_out() -> None:
    codes: list[Any] = [
        {"code": "1"},
        {"code": ""},
        {"code": "2", "pack_quantity": 0},
        "3",
        {"code": "4", "pack_quantity": 6000},
    ]

    assert check_product({"barcodes": codes}, "EUR").barcodes == [("1", 1000), ("4", 6000)]
    assert check_barcode({"code": "c" * 91}) is None
