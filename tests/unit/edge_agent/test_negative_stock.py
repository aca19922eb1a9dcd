"""B04: stock below zero is a task with its likeliest cause, and is done when what was missing is booked."""

import sqlite3

import pytest

from edge_agent.domain.suspicion import Cause, Evidence, suspect
from edge_agent.services.applying import apply_change
from edge_agent.services.proposing import link_barcode
from edge_agent.services.scanning import Mode
from edge_agent.storage import alerts
from sync_protocol import changes
from tests.unit.edge_agent.a_store import (
    NOW,
    OTHER_SITE,
    SITE,
    a_product,
    a_store,
    add,
    code_of,
    count,
    facts_in,
    move,
    scan,
)

MILK = a_product(1, name="Milk")
ID = "01a1fcc5-f651-7101-8512-e520c8fc5825"


def cause_of(connection: sqlite3.Connection) -> tuple[str | None, str]:
    [task] = alerts.list_tasks(connection)
    return task.cause, task.detail


def test_what_lies_in_the_backroom_on_record_was_carried_out_unbooked() -> None:
    connection = a_store(MILK)
    move(connection, MILK, 12_000, target="backroom")
    scan(connection, code_of(MILK))
    assert cause_of(connection) == (
        "lies_elsewhere", "Milk: -1 on record at shelf; 12 are booked in backroom: move what is here, or count both",
    )  # fmt: skip
    assert facts_in(connection, "task")[0]["cause"] == "lies_elsewhere"


def test_an_order_that_lacks_it_has_come_and_is_not_booked() -> None:
    connection = a_store(MILK)
    order = changes.Order(order_id=ID, version=(1, 1), number="PO-000007", state="sent",
                          lines=[(MILK.product_id, 6000, 1000)])  # fmt: skip
    apply_change(connection, changes.change(order), NOW)
    scan(connection, code_of(MILK))
    assert cause_of(connection) == (
        "delivery_not_booked", "Milk: -1 on record at shelf; 5 of PO-000007 are not received yet",
    )  # fmt: skip


def test_a_transfer_on_its_way_has_come_and_is_not_booked() -> None:
    connection = a_store(MILK)
    notice = changes.TransferNotice(transfer_id=ID, from_site=OTHER_SITE, to_site=SITE, step="dispatched",
                                    lines=[(MILK.product_id, 3000)])  # fmt: skip
    apply_change(connection, changes.change(notice), NOW)
    scan(connection, code_of(MILK))
    assert cause_of(connection)[0] == "transfer_not_booked"


def test_a_code_that_was_linked_here_and_not_confirmed_may_be_the_wrong_one() -> None:
    connection = a_store(MILK)
    link_barcode(connection, "SHELF-77", MILK.product_id, 1000, "anna", NOW)
    scan(connection, "SHELF-77")
    assert cause_of(connection)[0] == "wrong_barcode"


def test_a_scanned_pack_may_have_been_a_single_one_and_without_any_trace_a_person_counts() -> None:
    connection = a_store(MILK)
    add(connection, MILK, pack_quantity=6000)
    scan(connection, code_of(MILK))
    assert cause_of(connection)[0] == "wrong_pack"
    assert suspect(Evidence("shelf", -1000)).cause is Cause.COUNT_IT


@pytest.mark.parametrize("mended_by", ["receipt", "count"])
def test_the_task_is_done_when_nothing_is_below_zero_any_more(mended_by: str) -> None:
    connection = a_store(MILK)
    scan(connection, code_of(MILK))
    if mended_by == "receipt":
        scan(connection, code_of(MILK), Mode.RECEIVE)
    else:
        count(connection, MILK, 0)
    assert alerts.list_tasks(connection) == []
    assert [body["state"] for body in facts_in(connection, "task")] == ["open", "done"]
