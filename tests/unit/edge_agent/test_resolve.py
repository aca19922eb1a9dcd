"""How many base units a scan means."""

import pytest

from edge_agent.domain.resolve import Amount, Reading, amount_of


def an_amount(reading: Reading = Reading(), **fields: object) -> Amount:  # noqa: B008
    values = {"pack_quantity": 1000, "unit": "each", "price": 199, "packs": None, **fields}
    return amount_of(reading, **values)  # type: ignore[arg-type]


def test_a_plain_code_is_one_pack() -> None:
    assert an_amount(pack_quantity=12_000) == Amount(12_000)


def test_what_a_person_says_counts_packs() -> None:
    assert an_amount(pack_quantity=12_000, packs=3000) == Amount(36_000)


@pytest.mark.parametrize(
    ("measure", "measured_in", "unit", "expected"),
    [(1250, "kg", "kg", 1250), (1250, "kg", "g", 1_250_000), (1_250_000, "g", "kg", 1250), (3000, None, "each", 3000)],
)
def test_a_weight_in_the_code_is_the_quantity(measure: int, measured_in: str | None, unit: str, expected: int) -> None:
    assert an_amount(Reading(measure=measure, measure_unit=measured_in), unit=unit) == Amount(expected)


def test_a_weight_of_something_sold_by_the_piece_is_one_piece_and_a_warning() -> None:
    assert an_amount(Reading(measure=1250, measure_unit="kg")) == Amount(1000, ("unit_mismatch",))


def test_a_price_in_the_code_is_divided_by_the_unit_price() -> None:
    assert an_amount(Reading(price_minor=300), price=200, unit="kg") == Amount(1500)


def test_a_price_without_a_unit_price_is_one_piece_and_a_warning() -> None:
    assert an_amount(Reading(price_minor=300), price=None).warnings == ("price_without_unit_price",)
