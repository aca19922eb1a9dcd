"""B11: the steps of a transfer, and how the goods of two ledgers fold into one story."""

from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from cloud_hub.domain.intake import MOVEMENT_COLUMNS
from cloud_hub.domain.transfers import RANK, RULES, Goods, Line, Step, goods_of, moves, require
from cloud_hub.errors import Conflict
from sync_protocol.vocabulary import transit

TRANSFER, PRODUCT = str(uuid4()), str(uuid4())


def row(quantity: int, source: str, target: str, reason: str = "transfer_in") -> tuple[Any, ...]:
    values = {"product_id": PRODUCT, "quantity": quantity, "from_location": source, "to_location": target,
              "reason": reason}  # fmt: skip
    return tuple(values.get(name) for name in MOVEMENT_COLUMNS)


def test_a_step_follows_only_the_steps_that_its_rule_names() -> None:
    for step, rule in RULES.items():
        for now in Step:
            if now in rule.after:
                require(now, step)
            else:
                with pytest.raises(Conflict, match="expected a transfer that is"):
                    require(now, step)


def test_after_the_dispatch_only_the_destination_acts_until_it_refuses() -> None:
    for step, rule in RULES.items():
        if Step.DISPATCHED in rule.after:
            assert not rule.by_source, step
    assert RULES[Step.TAKEN_BACK] == ((Step.REFUSED,), True)


def test_each_step_ranks_above_those_it_follows_unless_it_may_be_repeated() -> None:
    for step, rule in RULES.items():
        assert all(RANK[before] < RANK[step] or before == step for before in rule.after), step


def test_goods_are_what_a_ledger_moved_into_transit_out_of_it_and_to_shrinkage() -> None:
    place = transit(TRANSFER)
    rows = [
        row(5000, "shelf", place, "transfer_out"), row(2000, place, "shelf"), row(1000, place, "shrinkage"),
        row(9000, "supplier", "shelf", "receipt"), row(1, "transit:somewhere", "shelf"),
    ]  # fmt: skip
    for order in permutations(rows):
        assert goods_of(order) == {(TRANSFER, PRODUCT): Goods(5000, 2000, 1000)}


def test_in_transit_is_what_was_shipped_and_is_neither_back_nor_there_nor_lost() -> None:
    assert Line(PRODUCT, 9000, 7000, 1000, 3000, 2000).in_transit == 1000
    assert Line(PRODUCT, received=3000).in_transit == -3000


def test_a_refusal_moves_nothing_and_nothing_moves_nowhere() -> None:
    assert moves(Step.REFUSED, TRANSFER, [(PRODUCT, 5)], "shelf") == []
    assert moves(Step.RECEIVED, TRANSFER, [(PRODUCT, 0), (PRODUCT, -5)], "shelf") == []
    (short,) = moves(Step.CLOSED_SHORT, TRANSFER, [(PRODUCT, 5)], "shelf")
    assert (short.from_location, short.to_location, short.reason) == (transit(TRANSFER), "shrinkage", "transfer_in")
