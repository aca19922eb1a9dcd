"""A fenced box's records, taken over by the store's writer once and only once."""

import sqlite3
from typing import Any

import pytest

from edge_agent.services.executing import execute
from edge_agent.storage import catalogue, commands, counts, history, keys, ledger
from sync_protocol import changes
from sync_protocol.records import Fact, Item, Movement, Record, encode
from tests.unit.edge_agent.a_store import (
    NOW,
    a_product,
    a_store,
    assert_sound,
    code_of,
    count,
    facts_in,
    move,
    on_shelf,
    scan,
)

MILK = a_product(1, name="Milk")
ITEM = Item(4, MILK.product_id, code_of(MILK).zfill(14), 1000, "each", 199, None, "EUR")


def a_sale(**fields: Any) -> Movement:
    return Movement(4, 2000, "shelf", "customer", "sale", 5)._replace(**fields)


def a_count_line(counted: int, position: int) -> Fact:
    return Fact("count", {
        "occurred_at": 5, "line_id": "00000000-0000-4000-8000-0000000000e1",
        "stocktake_id": "00000000-0000-4000-8000-0000000000e2", "product_id": MILK.product_id, "location": "shelf",
        "counted": counted, "expected": 1, "after": position, "until": position, "status": "posted",
    })  # fmt: skip


def adopt(
    connection: sqlite3.Connection, record: Record, /, number: int = 1, branch_hash: str = "ab" * 32, **body: Any
) -> str:
    command = changes.Command(
        command_id=f"00000000-0000-4000-8000-c{number:011d}", kind="adopt", key=f"adopt-{number}",
        body={"branch_hash": branch_hash, "record": encode(record).decode(), "item": encode(ITEM).decode(), **body},
    )  # fmt: skip
    execute(connection, command, NOW, True)
    found = commands.find_command(connection, command.command_id)
    assert found is not None
    return f"{found.status} {found.code}".strip()


def a_shop(stock: int = 10_000) -> sqlite3.Connection:
    connection = a_store(MILK)
    move(connection, MILK, stock)
    return connection


def test_a_movement_is_adopted_with_its_old_hash_time_and_price() -> None:
    connection = a_shop()

    assert adopt(connection, a_sale(key="till-9", lot="L1")) == "done"

    [line] = [line for line in history.movements(connection) if line.command_id]
    assert (line.reason, line.quantity, line.key, line.lot, line.occurred_at) == ("sale", 2000, "till-9", "L1", 5)
    assert b'"' + b"ab" * 32 + b'"' in b"".join(ledger.read_encoded(connection, line.sequence, 1))
    assert on_shelf(connection, MILK) == 8000
    assert_sound(connection)


def test_the_same_branch_record_is_adopted_once() -> None:
    connection = a_shop()
    assert adopt(connection, a_sale(), 1) == "done"
    assert adopt(connection, a_sale(), 2) == "refused already_adopted"
    assert on_shelf(connection, MILK) == 8000


def test_an_adoption_on_a_branch_is_adopted_under_the_name_of_what_it_took_over() -> None:
    """Two boxes had each adopted one sale, and their branches come to a third, one after the other, or in other hands:
    the ledger says of both by one name what they are, and the hub tells that name to whoever goes on."""
    connection = a_shop()

    assert adopt(connection, a_sale(adopted="ab" * 32), 1, "cd" * 32) == "done"
    assert adopt(connection, a_sale(adopted="ab" * 32), 2, "ef" * 32) == "done"

    [line] = [line for line in history.movements(connection) if line.command_id]
    assert b'"' + b"ab" * 32 + b'"' in b"".join(ledger.read_encoded(connection, line.sequence, 1))
    assert on_shelf(connection, MILK) == 8000


def test_a_movement_whose_key_or_command_is_known_has_no_effect() -> None:
    connection = a_shop()
    keys.add(connection, "till-9", keys.Used(b"", 1, None))
    assert adopt(connection, a_sale(key="till-9"), 1) == "done"
    first = "00000000-0000-4000-8000-c00000000001"
    assert adopt(connection, a_sale(command=first), 2, "cd" * 32) == "done"
    assert on_shelf(connection, MILK) == 10_000
    assert [fact["status"] for fact in facts_in(connection, "adoption")] == ["no_effect", "no_effect"]


def test_a_key_that_was_adopted_is_known_afterwards() -> None:
    connection = a_shop()
    adopt(connection, a_sale(key="till-9"), 1)
    adopt(connection, a_sale(key="till-9"), 2, "cd" * 32)
    assert on_shelf(connection, MILK) == 8000


def test_a_count_is_adopted_as_its_assertion_with_a_new_variance() -> None:
    connection = a_shop()
    head, _ = ledger.head(connection)

    assert adopt(connection, a_count_line(7000, head)) == "done"

    assert on_shelf(connection, MILK) == 7000
    [line] = counts.posted_at(connection, MILK.product_id, "shelf")
    assert (line.counted, line.expected, line.variance) == (7000, 10_000, -3000)


def test_the_old_variance_of_a_count_is_never_adopted() -> None:
    connection = a_shop()
    assert adopt(connection, a_sale(reason="count", to_location="adjustment")) == "done"
    assert on_shelf(connection, MILK) == 10_000


def test_a_count_of_a_branch_is_ambiguous_when_stock_has_moved_here_since() -> None:
    connection = a_shop()
    head, _ = ledger.head(connection)
    scan(connection, code_of(MILK))
    assert adopt(connection, a_count_line(7000, head), fork_position=head) == "done"
    assert on_shelf(connection, MILK) == 9000
    assert facts_in(connection, "count")[-1]["status"] == "ambiguous"


def test_a_later_count_here_stands_against_an_adopted_one() -> None:
    connection = a_shop()
    count(connection, MILK, 9500)
    adopt(connection, a_count_line(7000, 2), fork_position=2)
    assert on_shelf(connection, MILK) == 9500


@pytest.mark.parametrize("body", [{"branch_hash": "xyz"}, {"record": "[]"}, {"record": None}, {"item": '["x",{}]'}])
def test_a_body_that_cannot_be_read_is_refused(body: dict[str, Any]) -> None:
    connection = a_shop()
    branch_hash = body.pop("branch_hash", "ab" * 32)
    assert adopt(connection, a_sale(), branch_hash=branch_hash, **body).startswith("refused")
    assert on_shelf(connection, MILK) == 10_000


def test_an_edit_on_a_branch_is_proposed_again_with_what_its_editor_had_seen() -> None:
    connection = a_shop()
    body = {"occurred_at": 5, "proposal_id": "00000000-0000-4000-8000-000000000099", "entity": "barcode",
            "entity_id": "4711", "base_version": [1, 1], "hlc": [5, 0],
            "fields": {"product_id": MILK.product_id, "pack_quantity": 6000}}  # fmt: skip

    assert adopt(connection, Fact("proposal", body)) == "done"

    [proposed] = facts_in(connection, "proposal")
    assert (proposed["entity_id"], proposed["base_version"], proposed["hlc"]) == ("4711", [1, 1], [5, 0])
    found = catalogue.find_by_code(connection, "4711")
    assert found is not None
    assert found.pack_quantity == 6000


def test_other_facts_have_no_effect() -> None:
    connection = a_shop()
    assert adopt(connection, Fact("alert", {"x": 1})) == "done"
    assert facts_in(connection, "adoption")[0]["status"] == "no_effect"
