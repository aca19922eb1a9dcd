"""F10: the life of a purchase order as a table, its totals and who may approve it; F11: how much to order."""

from decimal import Decimal
from itertools import product

import pytest

from cloud_hub.domain.comparing import suggestion
from cloud_hub.domain.purchasing import (
    TABLE,
    Limit,
    Line,
    State,
    Step,
    after,
    minor_cost,
    receipt_step,
    require_limit,
    total,
)
from cloud_hub.errors import Conflict, Forbidden
from cloud_hub.storage.schema import metadata


def line(quantity: int, price: str = "1", received: int = 0) -> Line:
    return Line(product_id="p", quantity=quantity, unit_price=Decimal(price), received=received)


def test_an_order_goes_from_draft_to_closed_by_the_steps_of_the_table() -> None:
    state: str = State.DRAFT
    for step in (Step.EDIT, Step.APPROVE, Step.SEND, Step.ACKNOWLEDGE, Step.RECEIVE_PART, Step.RECEIVE_ALL, Step.CLOSE):
        state = after(state, step)

    assert state == State.CLOSED


@pytest.mark.parametrize(("state", "step"), [pair for pair in product(State, Step) if pair not in TABLE])
def test_what_is_not_in_the_table_is_refused(state: State, step: Step) -> None:
    with pytest.raises(Conflict) as refused:
        after(state, step)

    assert refused.value.code == "order_state"


def test_nothing_leaves_an_order_that_is_closed_or_cancelled() -> None:
    assert not {state for state, _ in TABLE} & {State.CLOSED, State.CANCELLED}


def test_goods_may_come_only_after_the_vendor_has_the_order_and_what_has_come_is_not_cancelled() -> None:
    receivable = {state for state, step in TABLE if step is Step.RECEIVE_PART}

    assert receivable == {State.SENT, State.ACKNOWLEDGED, State.PARTLY_RECEIVED}
    assert not {State.PARTLY_RECEIVED, State.RECEIVED} & {state for state, step in TABLE if step is Step.CANCEL}


def test_an_order_is_received_when_no_line_lacks_anything_and_too_much_of_one_does_not_make_up_for_another() -> None:
    assert receipt_step([line(5000, received=5000), line(2000, received=2500)]) is Step.RECEIVE_ALL
    assert receipt_step([line(5000, received=4999), line(2000, received=9000)]) is Step.RECEIVE_PART


def test_a_total_is_rounded_once_to_the_decimals_of_its_currency() -> None:
    lines = [line(1000, "0.005"), line(1000, "0.005"), line(2500, "1.1")]

    assert total(lines, "EUR") == Decimal("2.76")
    assert total(lines, "JPY") == Decimal(3)
    assert (minor_cost(Decimal("0.0149"), "EUR"), minor_cost(Decimal("12.5"), "JPY")) == (1, 13)


@pytest.mark.parametrize(
    ("amount", "limit", "is_allowed"),
    [
        ("100", Limit(amount=Decimal(100)), True),
        ("100.01", Limit(amount=Decimal(100)), False),
        ("999999", Limit(amount=None), True),
        ("0.01", None, False),
    ],
)
def test_an_order_is_approved_up_to_the_limit_and_never_without_one(
    amount: str, limit: Limit | None, is_allowed: bool
) -> None:
    if is_allowed:
        require_limit(Decimal(amount), "EUR", limit)
        return
    with pytest.raises(Forbidden) as refused:
        require_limit(Decimal(amount), "EUR", limit)
    assert refused.value.code == "approval_limit"


@pytest.mark.parametrize(
    ("available", "on_order", "reorder_point", "maximum", "suggested"),
    [
        (4000, 0, 5000, None, 6000),
        (4000, 2000, 5000, None, 4000),
        (4000, 9000, 5000, None, 0),
        (4000, 0, 5000, 20_000, 16_000),
        (0, 0, 0, None, 1000),
        (-3000, 0, 0, None, 4000),
        (5000, 0, 5000, 3000, 1000),
    ],
)
def test_a_suggestion_fills_up_to_the_maximum_less_what_is_on_order_and_always_above_the_reorder_point(
    available: int, on_order: int, reorder_point: int, maximum: int | None, suggested: int
) -> None:
    assert suggestion(available, on_order, reorder_point, maximum) == suggested


@pytest.mark.parametrize("name", ["purchase_orders", "purchase_order_lines", "receipts", "receipt_lines"])
def test_keys_of_orders_and_receipts_begin_with_the_site(name: str) -> None:
    table = metadata.tables[name]

    for columns in (table.primary_key.columns, *(index.columns for index in table.indexes)):
        assert next(iter(columns)).name == "site_id"
