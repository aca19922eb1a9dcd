"""The ledger: numbers, chain, items, levels, history, pruning."""

import sqlite3
from random import Random

import pytest

from edge_agent.domain.movement import Draft, Goods
from edge_agent.storage import history, identity, ledger, levels, origins, retention
from sync_protocol import chain
from sync_protocol.records import Fact, Item, Movement, decode
from tests.unit.edge_agent.a_store import ORIGIN, SITE, a_store, assert_sound

GOODS = Goods("00000000-0000-4000-8000-100000000001", "04000000000013", 1000, "each", 199, 100, "EUR")


def a_draft(quantity: int = 1000, source: str = "shelf", target: str = "customer", goods: Goods = GOODS) -> Draft:
    return Draft(goods, quantity, source, target, "sale", 1, actor="till")


def a_busy_store(count: int, seed: int = 3) -> sqlite3.Connection:
    """`count` random movements of five products."""
    connection, random = a_store(), Random(seed)
    places = ["supplier", "shelf", "backroom", "hold", "customer", "shrinkage"]
    for _ in range(count):
        source, target = random.sample(places, 2)
        goods = GOODS._replace(product_id=f"p{random.randrange(5)}")
        ledger.append(connection, [a_draft(random.randrange(1, 9000), source, target, goods)])
    return connection


def test_positions_begin_at_1_and_have_no_gap() -> None:
    connection = a_store()

    first = ledger.append(connection, [a_draft(), Fact("task", {"a": 1})])
    second = ledger.append(connection, [a_draft()])

    assert (first.first, first.last, first.positions) == (1, 3, [2, 3]), "1 is the item's definition"
    assert second.positions == [4]
    assert ledger.head(connection)[0] == 4


def test_frozen_facts_are_defined_once_and_again_only_when_they_change() -> None:
    connection = a_store()

    ledger.append(connection, [a_draft(), a_draft(), a_draft(goods=GOODS._replace(price=299))])
    ledger.append(connection, [a_draft()])

    records = [decode(text) for text in ledger.read_encoded(connection, 1, 99)]
    items = [record for record in records if isinstance(record, Item)]
    assert items == [Item(1, *GOODS), Item(2, *GOODS._replace(price=299))]
    assert [record.item for record in records if isinstance(record, Movement)] == [1, 1, 2, 1]


def test_goods_with_unknown_prices_are_the_same_goods() -> None:
    connection = a_store()
    plain = Goods("p")
    ledger.append(connection, [a_draft(goods=plain)])
    assert ledger.append(connection, [a_draft(goods=plain)]).first == 3


def test_the_chain_runs_from_the_origins_genesis_over_the_stored_bytes() -> None:
    connection = a_store()
    appended = ledger.append(connection, [a_draft(), a_draft(5)])

    hashes = chain.extend_each(chain.genesis(SITE, ORIGIN), ledger.read_encoded(connection, 1, 99))

    assert [ledger.hash_at(connection, position) for position in (1, 2, 3)] == hashes
    assert appended.hashes == hashes[1:]
    assert ledger.hash_at(connection, 0) == chain.genesis(SITE, ORIGIN)


def test_levels_are_the_fold_of_the_movements_and_sum_to_zero() -> None:
    connection = a_busy_store(200)
    assert_sound(connection)


def test_an_append_that_is_rolled_back_leaves_nothing() -> None:
    connection = a_store()
    connection.execute("BEGIN")
    ledger.append(connection, [a_draft()])
    connection.execute("ROLLBACK")

    assert ledger.head(connection)[0] == 0
    assert levels.all_levels(connection) == []


def test_levels_as_of_any_position_are_the_fold_up_to_it() -> None:
    connection = a_busy_store(60)
    head, _ = ledger.head(connection)
    lines = history.movements(connection, limit=500)

    for position in range(0, head + 1, 7):
        expected: dict[tuple[str, str], int] = {}
        for line in lines:
            if line.sequence <= position:
                for at, sign in ((line.from_location, -1), (line.to_location, 1)):
                    expected[line.product_id, at] = expected.get((line.product_id, at), 0) + sign * line.quantity
        found = {(p, at): q for p, at, q in history.levels_as_of(connection, position) if q}
        assert found == {place: quantity for place, quantity in expected.items() if quantity}


def test_pruning_keeps_levels_rebuildable_and_the_chain_provable() -> None:
    connection = a_busy_store(100)
    before = sorted(row for row in levels.all_levels(connection))

    assert retention.prune(connection, 50) == 49

    assert identity.get(connection).first_retained == 50
    assert ledger.read_encoded(connection, 50, 1) != []
    assert ledger.hash_at(connection, 49)
    assert_sound(connection)
    assert retention.rebuild_levels(connection) == 0
    assert sorted(levels.all_levels(connection)) == before
    assert retention.prune(connection, 80) == 30
    assert_sound(connection)


def test_the_head_is_never_pruned() -> None:
    connection = a_busy_store(10)
    head, chain_head = ledger.head(connection)

    retention.prune(connection, 10**6)

    assert ledger.head(connection) == (head, chain_head)
    ledger.append(connection, [a_draft()])
    assert_sound(connection)


def test_a_wrong_level_is_found_and_rebuilt_from_checkpoint_and_ledger() -> None:
    connection = a_busy_store(50)
    retention.prune(connection, 20)
    connection.execute("UPDATE levels SET quantity = quantity + 1 WHERE product_id = 'p1' AND location = 'shelf'")

    assert any("p1 at shelf" in problem for problem in retention.verify(connection))
    assert retention.rebuild_levels(connection, ["p1"]) == 1
    assert_sound(connection)


@pytest.mark.parametrize("statement", [
    "UPDATE ledger SET encoded = CAST('[]' AS BLOB) WHERE sequence = 9",
    "DELETE FROM ledger WHERE sequence = 9",
])  # fmt: skip
def test_a_record_that_was_touched_breaks_the_chain(statement: str) -> None:
    connection = a_busy_store(20)
    connection.execute(statement)
    problems = retention.verify(connection)
    assert any("chain is broken" in problem or "expected position" in problem for problem in problems)


@pytest.mark.parametrize("change", [
    "quantity = quantity + 1", "product_id = 'p9'", "from_location = 'hold-2'", "to_location = NULL",
    "reason = 'theft'", "occurred_at = 2", "document = 'x'", "lot = 'x'", "expiry = '261231'",
    "actor = 'somebody'", "key = 'k'", "command_id = 'c'", "item_ref = item_ref + 1", "kind = 'task'",
])  # fmt: skip
def test_a_column_that_is_not_what_its_record_says_is_found(change: str) -> None:
    connection = a_busy_store(20)
    retention.prune(connection, 5)
    assert_sound(connection)

    connection.execute(f"UPDATE ledger SET {change} WHERE sequence = 18")

    column = change.split()[0]
    assert any(f"{column} at position 18" in problem for problem in retention.verify(connection))


def test_an_item_that_is_not_what_its_record_says_is_found() -> None:
    connection = a_busy_store(20)
    connection.execute("UPDATE items SET facts = replace(facts, '199', '99')")

    assert any(problem.startswith("item 1: expected") for problem in retention.verify(connection))


def test_a_successor_starts_at_1_from_the_given_levels_and_keeps_the_old_records() -> None:
    connection = a_busy_store(10)
    head, _ = ledger.head(connection)
    successor = ORIGIN[:-1] + "9"

    origins.succeed(connection, successor, "certificate", [("p1", "shelf", 5000), ("p1", "customer", -5000)])

    assert ledger.head(connection) == (0, chain.genesis(SITE, successor))
    assert levels.of_product(connection, "p1") == {"shelf": 5000, "customer": -5000}
    assert len(origins.former(connection, ORIGIN)) == head
    assert ledger.append(connection, [a_draft(goods=GOODS._replace(product_id="p1"))]).positions == [2]
    assert_sound(connection)
    assert retention.rebuild_levels(connection) == 0


def test_what_happened_at_one_place_since_a_position() -> None:
    connection = a_store()
    ledger.append(connection, [a_draft(5000, "supplier", "shelf")])
    ledger.append(connection, [a_draft(1000), a_draft(700, "shelf", "backroom"), a_draft(100, "backroom", "hold")])

    assert history.changes_since(connection, GOODS.product_id, "shelf", 2) == [(3, -1000), (4, -700)]
