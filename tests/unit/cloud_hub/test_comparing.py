"""F14: vendors of a product compared by what a quantity really costs."""

from decimal import Decimal

import pytest

from cloud_hub.domain.comparing import Offer, compare, order_quantity


def offer(name: str, price: str, **more: object) -> Offer:
    fields: dict[str, object] = {
        "vendor_id": name, "vendor_name": name, "unit_price": Decimal(price), "currency": "EUR", "lead_time_days": 7,
        "minimum_order_quantity": 1000, "order_multiple": None, "freight_per_order": Decimal(0),
        "freight_per_unit": Decimal(0), **more,
    }  # fmt: skip
    return Offer(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "minimum", "multiple", "ordered"),
    [
        (5000, 1000, None, 5000),
        (5000, 10_000, None, 10_000),
        (10_000, 10_000, None, 10_000),
        (13_000, 1000, 12_000, 24_000),
        (24_000, 1000, 12_000, 24_000),
        (1000, 30_000, 12_000, 36_000),
        (1, 1, 1, 1),
    ],
)
def test_an_order_is_rounded_up_to_minimum_and_multiple(wanted: int, minimum: int, multiple: int, ordered: int) -> None:
    assert order_quantity(wanted, minimum, multiple) == ordered


def test_freight_of_an_order_makes_the_cheaper_unit_the_dearer_vendor_of_a_few() -> None:
    near = offer("near", "1.20")
    far = offer("far", "1.00", freight_per_order=Decimal(30), freight_per_unit=Decimal("0.05"))

    few, many = compare([far, near], 10_000, "EUR"), compare([far, near], 1_000_000, "EUR")

    assert [(quote.offer.vendor_id, str(quote.landed_unit_cost)) for quote in few] == [
        ("near", "1.2000"),
        ("far", "4.0500"),
    ]
    assert [quote.offer.vendor_id for quote in many] == ["far", "near"]
    assert [quote.rank for quote in many] == [1, 2]
    assert "0.1200 less than near" in many[0].reason


def test_what_a_minimum_forces_one_to_buy_is_in_the_total_and_in_the_words() -> None:
    (quote,) = compare([offer("a", "2", minimum_order_quantity=50_000)], 8000, "EUR")

    assert (quote.ordered, quote.total) == (50_000, Decimal("100.00"))
    assert "42 more than asked" in quote.reason


def test_of_two_at_one_cost_the_quicker_is_first() -> None:
    found = compare([offer("a", "1", lead_time_days=9), offer("b", "1", lead_time_days=2)], 1000, "EUR")

    assert [quote.offer.vendor_id for quote in found] == ["b", "a"]
    assert "the same as a" in found[0].reason


def test_another_currency_is_shown_last_and_not_ranked() -> None:
    found = compare([offer("dollars", "0.10", currency="USD"), offer("euros", "5")], 1000, "EUR")

    assert [(quote.offer.vendor_id, quote.rank) for quote in found] == [("euros", 1), ("dollars", None)]
    assert "another currency" in found[1].reason


def test_a_total_has_the_decimals_of_its_currency() -> None:
    (yen,) = compare([offer("a", "1.5", currency="JPY")], 1000, "JPY")

    assert (yen.total, yen.landed_unit_cost) == (Decimal(2), Decimal("1.5000"))
