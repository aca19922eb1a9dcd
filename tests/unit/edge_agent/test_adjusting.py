"""Adjustments, batches, and retry that is safe for ever."""

import sqlite3
from typing import Any

import pytest

from edge_agent.domain.movement import Draft
from edge_agent.errors import Conflict, Invalid
from edge_agent.services import adjusting
from edge_agent.services.adjusting import Adjustment, Row
from edge_agent.services.once import Answer, fingerprint, once
from edge_agent.services.posting import Move, goods_of
from edge_agent.storage import history, keys, ledger, levels
from tests.unit.edge_agent.a_store import NOW, a_product, a_store, assert_sound, move, on_shelf

MILK = a_product(1, name="Milk")


def a_shop(stock: int = 10_000) -> sqlite3.Connection:
    connection = a_store(MILK)
    move(connection, MILK, stock)
    return connection


def adjust(connection: sqlite3.Connection, **fields: Any) -> None:
    adjusting.record_adjustment(connection, Adjustment(product=MILK, **fields), NOW)


@pytest.mark.parametrize(
    ("fields", "level", "other"),
    [({"delta": -1000, "reason": "damage"}, 9000, "shrinkage"), ({"delta": 500}, 10_500, "adjustment"),
     ({"set_to": 7500}, 7500, "adjustment"), ({"delta": -1000, "reason": "sale"}, 9000, "customer")],
)  # fmt: skip
def test_a_signed_change_has_its_counterpart(fields: dict[str, Any], level: int, other: str) -> None:
    connection = a_shop()
    adjust(connection, **fields)
    assert on_shelf(connection, MILK) == level
    assert levels.at(connection, MILK.product_id, other) == 10_000 - level
    assert_sound(connection)


def test_setting_what_is_there_writes_nothing() -> None:
    connection = a_shop()
    assert adjusting.record_adjustment(connection, Adjustment(product=MILK, set_to=10_000), NOW) is None


@pytest.mark.parametrize("fields", [
    {}, {"delta": 1, "set_to": 1}, {"delta": 10**16}, {"delta": 1, "location": "customer"},
    {"delta": 1, "reason": "damage"}, {"delta": -1, "reason": "nonsense"},
])  # fmt: skip
def test_what_can_never_be_right_is_invalid_and_changes_nothing(fields: dict[str, Any]) -> None:
    connection = a_shop()
    head = ledger.head(connection)
    with pytest.raises(Invalid):
        adjust(connection, **fields)
    assert ledger.head(connection) == head


def test_a_decrement_below_zero_is_blocked_by_default() -> None:
    connection = a_shop()
    with pytest.raises(Conflict, match=r"expected at most 10 from shelf, got 10\.001"):
        adjust(connection, delta=-10_001)
    adjust(connection, delta=-10_000)
    assert on_shelf(connection, MILK) == 0


def test_another_quantity_than_the_caller_saw_is_a_conflict() -> None:
    connection = a_shop()
    with pytest.raises(Conflict):
        adjust(connection, delta=1, expected_quantity=9000)
    adjust(connection, delta=1, expected_quantity=10_000)


def test_a_free_text_reason_is_a_correction_with_a_note() -> None:
    assert adjusting.reason_of("damage") == ("damage", None)
    assert adjusting.reason_of("fell off the lorry") == ("correction", "fell off the lorry")


def a_row(quantity: int) -> Row:
    return Row(Move(Draft(goods_of(MILK), quantity, "shelf", "customer", "sale", NOW), MILK))


def test_a_batch_is_judged_as_a_whole_in_its_order() -> None:
    connection = a_shop()
    with pytest.raises(Conflict):
        adjusting.record_all(connection, [a_row(6000), a_row(6000)], NOW)
    assert len(history.movements(connection)) == 1
    adjusting.record_all(connection, [a_row(6000), a_row(4000)], NOW)
    assert on_shelf(connection, MILK) == 0


def test_the_same_key_acts_once_and_answers_the_same() -> None:
    connection = a_store(MILK)
    acted: list[int] = []

    def act(_: sqlite3.Connection) -> tuple[Answer, int]:
        acted.append(1)
        return {"n": len(acted)}, 7

    first = once(connection, "k", fingerprint("a"), act)
    second = once(connection, "k", fingerprint("a"), act)

    assert (first.answer, first.is_replayed) == ({"n": 1}, False)
    assert (second.answer, second.is_replayed) == ({"n": 1}, True)
    with pytest.raises(Invalid, match="was used for another request"):
        once(connection, "k", fingerprint("b"), act)
    keys.add(connection, "old", keys.Used(b"", 0, None))
    assert once(connection, "old", fingerprint("c"), act).answer["status"] == "already_recorded"
    assert len(acted) == 1


def test_what_failed_does_not_use_the_key_up() -> None:
    connection = a_store(MILK)

    def refuse(_: sqlite3.Connection) -> tuple[Answer, int]:
        raise Conflict("no", "no")

    with pytest.raises(Conflict):
        once(connection, "k", b"1", refuse)
    once(connection, "k", b"1", lambda _: ({"ok": False}, 0), is_done=lambda answer: bool(answer["ok"]))
    assert keys.find(connection, "k") is None
