"""B07: what is here of each lot: first expired, first out, and together always the level."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.domain import lots as lot_hints
from edge_agent.domain.lots import Holding
from edge_agent.domain.movement import Draft
from edge_agent.services.posting import Move, goods_of, post
from edge_agent.services.scanning import Mode
from edge_agent.storage import levels, lots, origins, retention, upgrade
from sync_protocol import lots as rules
from sync_protocol.lots import UNKNOWN, Lot, Parts
from tests.unit.edge_agent.a_store import a_product, a_store, assert_sound, code_of, move, scan

MILK = a_product(1, name="Milk")
OLD, NEW = Lot("A", "2027-01-10"), Lot("B", "2027-03-10")


def a_shop() -> sqlite3.Connection:
    """Five of the old lot and ten of the new one."""
    connection = a_store(MILK)
    for lot, quantity in ((NEW, 10_000), (OLD, 5_000)):
        move(connection, MILK, quantity, lot=lot.lot, expiry=lot.expiry)
    return connection


def held(connection: sqlite3.Connection, location: str = "shelf") -> dict[Lot, int]:
    found = lots.of_product(connection, MILK.product_id)
    return {each.lot: each.quantity for each in found if each.location == location}


def test_a_sale_that_names_no_lot_is_of_the_first_to_expire() -> None:
    connection = a_shop()
    scan(connection, code_of(MILK), packs=6_000)
    assert held(connection) == {NEW: 9_000}
    assert_sound(connection)


def test_a_sale_that_names_its_lot_is_of_that_lot() -> None:
    connection = a_shop()
    scan(connection, f"]d201{code_of(MILK).zfill(14)}17270310\x1d10B".encode())
    assert held(connection) == {OLD: 5_000, NEW: 9_000}


def test_goods_of_no_known_lot_go_after_those_that_expire() -> None:
    connection = a_shop()
    scan(connection, code_of(MILK), Mode.RECEIVE, packs=4_000)
    scan(connection, code_of(MILK), packs=16_000)
    assert held(connection) == {}, "three of nobody knows what: the level says it"
    assert levels.at(connection, MILK.product_id, "shelf") == 3_000
    assert_sound(connection)


def test_what_is_moved_to_the_backroom_keeps_its_lot() -> None:
    connection = a_shop()
    move(connection, MILK, 7_000, "relocation", "shelf", "backroom")
    assert held(connection, "backroom") == {OLD: 5_000, NEW: 2_000}


def test_a_lot_that_comes_after_it_was_sold_is_short_of_what_was_sold() -> None:
    connection = a_shop()
    scan(connection, code_of(MILK), packs=17_000)
    move(connection, MILK, 6_000, lot="C", expiry="2027-09-01")
    assert held(connection) == {Lot("C", "2027-09-01"): 4_000}
    assert levels.at(connection, MILK.product_id, "shelf") == 4_000
    assert_sound(connection)


def test_a_lot_without_its_day_is_the_one_of_that_name() -> None:
    connection = a_shop()
    move(connection, MILK, 1_000, "damage", "shelf", "shrinkage", lot="A")
    assert held(connection)[OLD] == 4_000


def test_a_count_and_a_mended_level_leave_the_lots_sound() -> None:
    connection = a_shop()
    connection.execute("UPDATE levels SET quantity = quantity - 3000 WHERE location = 'shelf'")
    assert lots.wrong(connection) != []
    retention.rebuild_levels(connection)
    assert_sound(connection)


def test_a_successor_goes_on_with_the_lots_as_far_as_its_levels_allow() -> None:
    connection = a_shop()
    rows = [(MILK.product_id, "shelf", 12_000), (MILK.product_id, "supplier", -12_000)]
    origins.succeed(connection, "00000000-0000-4000-8000-0000000000a2", "", rows)
    assert held(connection) == {OLD: 2_000, NEW: 10_000}
    assert lots.wrong(connection) == []


def test_a_successor_that_is_told_its_lots_has_them_in_place_of_its_own() -> None:
    connection = a_shop()
    rows = [(MILK.product_id, "shelf", 12_000), (MILK.product_id, "supplier", -12_000)]
    told = [(MILK.product_id, Holding("shelf", lot, quantity)) for lot, quantity in ((OLD, 4_000), (NEW, 8_000))]
    origins.succeed(connection, "00000000-0000-4000-8000-0000000000a2", "", rows, lots_held=told)
    assert held(connection) == {OLD: 4_000, NEW: 8_000}
    assert lots.wrong(connection) == []


def test_what_ends_is_listed_the_first_first() -> None:
    connection = a_shop()
    found = lots.ending(connection, "2027-02-01", 10)
    assert found == [(MILK.product_id, Holding("shelf", OLD, 5_000))]


LOTS = st.sampled_from([UNKNOWN, OLD, NEW, Lot("A", ""), Lot("", "2026-02-02")])


WAYS = {
    "receipt": ("supplier", "shelf"), "supplier_return": ("shelf", "supplier"), "relocation": ("shelf", "backroom"),
}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(WAYS)), LOTS, st.integers(1, 9)), max_size=30))
def test_whatever_moves_the_lots_are_the_level_a_fold_of_the_ledger_and_only_the_unknown_is_ever_short(
    steps: list[tuple[str, Lot, int]],
) -> None:
    connection, at_once, folded = a_store(MILK), a_store(MILK), dict[str, Parts]()
    moves = [_a_move(quantity, reason, lot) for reason, lot, quantity in steps]
    for move_, (_, lot, quantity) in zip(moves, steps, strict=True):
        post(connection, [move_], 0, on_negative="record")
        rules.move(folded, quantity, move_.draft.from_location, move_.draft.to_location, lot)
    post(at_once, moves, 0, on_negative="record")
    assert lots.wrong(connection) == []
    for place in ("shelf", "backroom"):
        now = held(connection, place)
        short = {lot for lot, quantity in now.items() if quantity < 0}
        assert short <= {UNKNOWN}
        assert not short or set(now) == {UNKNOWN}, "nothing is short while something is left"
        assert now == held(at_once, place)
        assert now == folded.get(place, {}) or set(folded.get(place, {})) <= {UNKNOWN}


def _a_move(quantity: int, reason: str, lot: Lot) -> Move:
    source, target = WAYS[reason]
    draft = Draft(goods_of(MILK), quantity, source, target, reason, 0, lot=lot.lot or None, expiry=lot.expiry or None)
    return Move(draft, MILK)


@pytest.mark.parametrize(
    ("asked", "places", "expected"),
    [(NEW, ["shelf"], OLD), (OLD, ["shelf"], None), (UNKNOWN, ["shelf"], OLD), (NEW, ["backroom"], None)],
)
def test_the_hint_is_the_lot_that_ends_earlier_where_goods_are_sold_from(
    asked: Lot, places: list[str], expected: Lot | None
) -> None:
    here = [Holding("shelf", OLD, 1_000), Holding("shelf", NEW, 1_000), Holding("shelf", Lot("X", "2025-12-01"), 1)]
    found = lot_hints.use_first(here, asked, places, "2026-01-01")
    assert (None if found is None else found.lot) == expected


def test_a_file_of_the_program_before_gets_the_lots_that_its_records_explain(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    upgrade.migrate(path, "0005")
    rows = [("supplier", "shelf", 5, OLD), ("supplier", "shelf", 10, NEW), ("shelf", "customer", 6, UNKNOWN),
            ("supplier", "backroom", 2, UNKNOWN)]  # fmt: skip
    with sqlite3.connect(path) as connection:
        for number, (source, target, quantity, lot) in enumerate(rows, 1):
            connection.execute(
                "INSERT INTO ledger (sequence, kind, encoded, chain_hash, product_id, quantity, from_location, "
                "to_location, lot, expiry) VALUES (?, 'm', x'', x'', 'p', ?, ?, ?, ?, ?)",
                (number, quantity, source, target, lot.lot or None, lot.expiry or None),
            )
        connection.execute("INSERT INTO levels VALUES ('p', 'shelf', 9), ('p', 'backroom', 2)")
    connection.close()
    upgrade.migrate(path, "0006")
    connection = sqlite3.connect(path)
    assert sorted(lots.of_product(connection, "p")) == [Holding("backroom", UNKNOWN, 2), Holding("shelf", NEW, 9)]
    assert lots.wrong(connection) == []
    connection.close()
