"""Scenario 8: in-store codes by the rules of head office; without any, a price only where everything speaks for it."""

import sqlite3

import pytest

from edge_agent.storage import catalogue
from sync_protocol.gtin import check_digit
from tests.unit.edge_agent.a_store import a_product, a_store, scan

CHEESE = a_product(2, name="Cheese", unit="kg", price=1990)
ARTICLE = "201234500000"
PRICED = "20" + "12345" + "9" + "2875"
"""28.75 with its price check digit 9: GS1's own example."""


def ean(body: str) -> str:
    return body + check_digit(body)


def a_shop(*codes: str, rules: tuple[str, ...] = ()) -> sqlite3.Connection:
    connection = a_store(CHEESE)
    for code in codes:
        catalogue.link(connection, ean(code).zfill(14), CHEESE.product_id, 1000)
    catalogue.set_settings(connection, {"scanner": {"instore_rules": list(rules)}} if rules else {})
    return connection


def test_without_a_rule_a_price_with_its_own_check_digit_of_a_known_article_is_read() -> None:
    outcome = scan(a_shop(ARTICLE), ean(PRICED))
    assert (outcome.problem, outcome.quantity) == (None, 1445), "28.75 at 19.90 the kilogram"


@pytest.mark.parametrize(
    ("codes", "body"), [((), PRICED), ((ARTICLE,), "20" + "12345" + "8" + "2875")], ids=["no article", "wrong digit"]
)
def test_without_a_rule_nothing_else_is_guessed(codes: tuple[str, ...], body: str) -> None:
    outcome = scan(a_shop(*codes), ean(body))
    assert outcome.problem is not None
    assert outcome.problem.code == "unknown_barcode"


def test_a_printed_number_that_is_an_article_itself_is_that_article() -> None:
    outcome = scan(a_shop(ARTICLE, PRICED), ean(PRICED))
    assert (outcome.problem, outcome.quantity) == (None, 1000)


def test_head_offices_rules_stand_in_place_of_the_default() -> None:
    connection = a_shop(ARTICLE, rules=("20:PPPPPVVVVV/weight/3/kg",))
    outcome = scan(connection, ean(PRICED))
    assert (outcome.problem, outcome.quantity) == (None, 92_875)
