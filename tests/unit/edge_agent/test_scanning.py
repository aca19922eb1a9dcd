"""One scan: a movement and a level in one transaction, or a reason why not."""

import pytest

from edge_agent.services.scanning import Mode
from edge_agent.storage import alerts, history, ledger, levels, scans
from edge_agent.storage.catalogue import Product
from sync_protocol.records import Item, Movement, decode
from tests.unit.edge_agent.a_store import (
    NOW,
    a_product,
    a_store,
    add,
    assert_sound,
    code_of,
    facts_in,
    move,
    on_shelf,
    scan,
)

MILK = a_product(1, name="Milk")


def test_a_sale_takes_one_pack_from_the_shelf() -> None:
    connection = a_store(MILK)
    move(connection, MILK, 10_000)

    outcome = scan(connection, code_of(MILK))

    assert outcome.problem is None
    assert outcome.stock is not None
    assert (outcome.stock.on_hand, on_shelf(connection, MILK)) == (9000, 9000)
    [line] = history.movements(connection, after=2)
    assert (line.movement_id, line.sequence) == (outcome.movement_id, outcome.position)
    assert (line.reason, line.from_location, line.to_location) == ("sale", "shelf", "customer")
    assert_sound(connection)


def test_the_record_freezes_product_code_pack_price_and_currency() -> None:
    connection = a_store()
    add(connection, MILK, pack_quantity=6000)

    scan(connection, code_of(MILK), Mode.RECEIVE, packs=2000)

    item, movement = (decode(text) for text in ledger.read_encoded(connection, 1, 2))
    assert item == Item(1, MILK.product_id, code_of(MILK).zfill(14), 6000, "each", 199, None, "EUR")
    assert isinstance(movement, Movement)
    assert movement.quantity == 12_000


def test_a_receipt_goes_where_the_device_says() -> None:
    connection = a_store(MILK)
    scan(connection, code_of(MILK), Mode.RECEIVE, packs=3000, location="backroom", document="delivery 7")
    assert levels.of_product(connection, MILK.product_id) == {"supplier": -3000, "backroom": 3000}


def test_a_look_up_moves_nothing() -> None:
    connection = a_store(MILK)
    outcome = scan(connection, code_of(MILK), Mode.LOOKUP)
    assert outcome.product == MILK
    assert ledger.head(connection)[0] == 0


@pytest.mark.parametrize(
    ("code", "problem"),
    [("4006381333931", "unknown_barcode"), ("4006381333932", "check_digit"), ("\x00\x01", "unreadable")],
)
def test_a_code_that_names_nothing_changes_nothing_and_its_bytes_are_kept(code: str, problem: str) -> None:
    connection = a_store(MILK)

    outcome = scan(connection, code)

    assert outcome.problem is not None
    assert outcome.problem.code == problem
    assert ledger.head(connection)[0] == 0
    assert [(seen.raw, seen.outcome) for seen in scans.last(connection)] == [(code.encode(), outcome.problem.code)]


def test_a_frame_of_10000_bytes_is_refused_and_kept() -> None:
    connection = a_store(MILK)
    assert scan(connection, b"1" * 10_000).problem is not None
    assert ledger.head(connection)[0] == 0


def test_a_scanned_sale_below_zero_is_allowed_and_raises_one_task() -> None:
    connection = a_store(MILK)

    first, second = scan(connection, code_of(MILK)), scan(connection, code_of(MILK))

    assert (first.warnings, second.warnings) == (("negative_stock",), ("negative_stock",))
    assert on_shelf(connection, MILK) == -2000
    [task] = alerts.list_tasks(connection)
    assert (task.rule, task.product_id) == ("negative_stock", MILK.product_id)
    assert len(facts_in(connection, "task")) == 1
    assert_sound(connection)


@pytest.mark.parametrize(
    ("policy", "is_sold", "has_task"), [("block", False, False), ("warn", True, False), ("allow", True, True)]
)
def test_a_products_own_policy_decides_about_negative_stock(policy: str, is_sold: bool, has_task: bool) -> None:
    product = MILK._replace(negative_policy=policy)
    connection = a_store(product)

    outcome = scan(connection, code_of(product))

    assert (outcome.problem is None) == is_sold
    assert on_shelf(connection, product) == (-1000 if is_sold else 0)
    assert bool(alerts.list_tasks(connection)) == has_task


def test_lot_and_expiry_of_a_2d_code_are_on_the_movement() -> None:
    connection = a_store(MILK)
    gtin = code_of(MILK).zfill(14)

    outcome = scan(connection, f"]d201{gtin}17200131\x1d10LOT7".encode(), Mode.RECEIVE)

    assert outcome.problem is None
    [line] = history.movements(connection)
    assert (line.lot, line.expiry) == ("LOT7", "2020-01-31")
    assert "expired" in outcome.warnings


def test_the_clock_offset_is_on_every_record() -> None:
    connection = a_store(MILK)
    connection.execute("UPDATE identity SET clock_offset = 777")
    scan(connection, code_of(MILK))
    movements = [decode(text) for text in ledger.read_encoded(connection, 1, 99)]
    assert {record.clock_offset for record in movements if isinstance(record, Movement)} == {777}
    assert {body["clock_offset"] for body in facts_in(connection, "task")} == {777}


def test_old_scans_are_dropped_now_and_then() -> None:
    connection = a_store(MILK)
    for _ in range(scans._SWEEP_EVERY):
        scan(connection, "x")
    connection.execute("UPDATE scans SET number = number + ?", (scans.KEPT,))
    connection.execute(
        "INSERT INTO scans (number, occurred_at, mode, raw, outcome) VALUES (1, 0, 'sell', x'00', 'old')"
    )
    for _ in range(scans._SWEEP_EVERY):
        scan(connection, "x")
    assert "old" not in {seen.outcome for seen in scans.last(connection, 20_000)}


def test_a_transfer_scan_needs_a_transfer_of_this_store() -> None:
    connection = a_store(MILK)
    outcome = scan(connection, code_of(MILK), Mode.TRANSFER_OUT, document="nonsense")
    assert outcome.problem is not None
    assert outcome.problem.code == "transfer"


def test_a_count_scan_without_a_figure_asks_for_it() -> None:
    connection = a_store(MILK)
    outcome = scan(connection, code_of(MILK), Mode.COUNT)
    assert outcome.problem is not None
    assert outcome.problem.code == "quantity_needed"


def test_a_year_10000_clock_sells_all_the_same() -> None:
    connection = a_store(MILK)
    assert scan(connection, code_of(MILK), now_ms=NOW * 1000).problem is None


def test_a_weighed_article_brings_its_weight() -> None:
    cheese: Product = a_product(2, unit="kg", price=1990)
    connection = a_store(cheese)
    gtin = code_of(cheese).zfill(14)
    outcome = scan(connection, f"]e001{gtin}3103001250".encode(), Mode.RECEIVE)
    assert (outcome.problem, outcome.quantity) == (None, 1250)
