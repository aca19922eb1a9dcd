"""Transfers: who may do what, in which order, with nothing lost on the way."""

import sqlite3

import pytest

from edge_agent.errors import Conflict, Invalid, NotFound
from edge_agent.services import transferring
from edge_agent.services.applying import apply_change
from edge_agent.services.scanning import Mode
from edge_agent.services.transferring import ALLOWED, Wanted, Why
from edge_agent.storage import ledger, levels, transfers
from edge_agent.storage.transfers import Transfer
from sync_protocol import changes
from sync_protocol.records import Movement, decode
from tests.unit.edge_agent.a_store import (
    NOW,
    OTHER_SITE,
    SITE,
    a_product,
    a_store,
    assert_sound,
    code_of,
    facts_in,
    move,
    on_shelf,
    scan,
)

MILK = a_product(1, name="Milk")
ID = "00000000-0000-4000-8000-0000000000f1"


def an_incoming(connection: sqlite3.Connection, quantity: int = 10_000) -> None:
    notice = changes.TransferNotice(
        transfer_id=ID, from_site=OTHER_SITE, to_site=SITE, step="dispatched", lines=[(MILK.product_id, quantity)]
    )
    apply_change(connection, changes.change(notice), NOW)


def in_transit(connection: sqlite3.Connection, transfer_id: str = ID) -> int:
    return levels.at(connection, MILK.product_id, f"transit:{transfer_id}")


def test_dispatched_goods_are_in_transit() -> None:
    connection = a_store(MILK)
    move(connection, MILK, 10_000)

    moved = transferring.dispatch(connection, OTHER_SITE, [Wanted(MILK, 4000)], NOW, key="k")

    assert (on_shelf(connection, MILK), in_transit(connection, moved.transfer.transfer_id)) == (6000, 4000)
    assert facts_in(connection, "transfer")[0]["step"] == "dispatched"
    assert_sound(connection)


def test_what_is_not_there_cannot_be_dispatched() -> None:
    connection = a_store(MILK)
    with pytest.raises(Conflict, match="expected at most 0"):
        transferring.dispatch(connection, OTHER_SITE, [Wanted(MILK, 4000)], NOW)
    assert transfers.list_transfers(connection) == []
    with pytest.raises(Invalid):
        transferring.dispatch(connection, SITE, [], NOW)


def test_a_receipt_takes_what_is_named_and_closing_short_writes_the_rest_off() -> None:
    connection = a_store(MILK)
    an_incoming(connection)

    transferring.take_step(connection, ID, "received", NOW, quantities={MILK.product_id: 7000})
    assert (on_shelf(connection, MILK), in_transit(connection)) == (7000, -7000)
    transferring.take_step(connection, ID, "closed_short", NOW)

    assert levels.at(connection, MILK.product_id, "shrinkage") == 3000
    assert in_transit(connection) == -10_000, "the sender's 10 are on its own ledger: the sum is zero at the hub"
    assert [body["step"] for body in facts_in(connection, "transfer")] == ["received", "closed_short"]


def test_a_receipt_without_figures_takes_everything_that_is_left() -> None:
    connection = a_store(MILK)
    an_incoming(connection)
    scan(connection, code_of(MILK), Mode.TRANSFER_IN, packs=2000, document=ID)
    transferring.take_step(connection, ID, "received", NOW)
    assert on_shelf(connection, MILK) == 10_000


def test_scans_add_to_a_transfer() -> None:
    connection = a_store(MILK)
    move(connection, MILK, 5000)
    made = transferring.dispatch(connection, OTHER_SITE, [], NOW).transfer
    scan(connection, code_of(MILK), Mode.TRANSFER_OUT, document=made.transfer_id)
    scan(connection, code_of(MILK), Mode.TRANSFER_OUT, document=made.transfer_id)
    assert transfers.lines_of(connection, made.transfer_id) == [(MILK.product_id, 2000, 0)]
    assert in_transit(connection, made.transfer_id) == 2000


@pytest.mark.parametrize("state", ["dispatched", "received", "refused", "closed_short", "taken_back"])
@pytest.mark.parametrize("step", sorted(ALLOWED))
@pytest.mark.parametrize("is_source", [True, False])
def test_every_step_from_every_state_by_either_side(state: str, step: str, is_source: bool) -> None:
    connection = a_store(MILK)
    ends = (SITE, OTHER_SITE) if is_source else (OTHER_SITE, SITE)
    transfers.save(connection, Transfer(ID, *ends, state, NOW, NOW))
    states, is_by_source = ALLOWED[step]  # type: ignore[index]

    if state in states and is_by_source == is_source:
        transferring.take_step(connection, ID, step, NOW)  # type: ignore[arg-type]
        found = transfers.find(connection, ID)
        assert found is not None
        assert found.state == step
    else:
        with pytest.raises(Conflict):
            transferring.take_step(connection, ID, step, NOW)  # type: ignore[arg-type]


def test_what_did_not_come_is_written_off_with_a_reason_and_whose_fault_it_was() -> None:
    connection = a_store(MILK)
    an_incoming(connection, 4000)
    transferring.take_step(connection, ID, "received", NOW, quantities={MILK.product_id: 3000})
    transferring.take_step(connection, ID, "closed_short", NOW, why=Why("one broken", "carrier"))

    told = facts_in(connection, "transfer")[-1]
    assert (told["step"], told["reason"], told["fault"]) == ("closed_short", "one broken", "carrier")
    written = map(decode, ledger.read_encoded(connection, 1, ledger.head(connection)[0]))
    assert [each.note for each in written if isinstance(each, Movement)] == [None, "carrier: one broken"]


def test_refused_goods_go_back_to_the_source() -> None:
    connection = a_store(MILK)
    move(connection, MILK, 10_000)
    made = transferring.dispatch(connection, OTHER_SITE, [Wanted(MILK, 4000)], NOW).transfer
    notice = changes.TransferNotice(
        transfer_id=made.transfer_id, from_site=SITE, to_site=OTHER_SITE, step="refused",
        lines=[(MILK.product_id, 4000)],
    )  # fmt: skip
    apply_change(connection, changes.change(notice), NOW)

    transferring.take_step(connection, made.transfer_id, "taken_back", NOW)

    assert (on_shelf(connection, MILK), in_transit(connection, made.transfer_id)) == (10_000, 0)


def test_goods_may_be_received_before_the_notice_of_their_dispatch() -> None:
    connection = a_store(MILK)
    transferring.expect(connection, ID, OTHER_SITE, {MILK.product_id}, NOW)
    transferring.take_step(connection, ID, "received", NOW, quantities={MILK.product_id: 4000})

    an_incoming(connection, 4000)

    assert on_shelf(connection, MILK) == 4000
    assert transfers.lines_of(connection, ID) == [(MILK.product_id, 4000, 4000)]
    found = transfers.find(connection, ID)
    assert found is not None
    assert found.state == "received", "a late notice never takes a transfer back a step"


def test_an_unknown_transfer_is_not_found_and_a_wrong_id_is_refused() -> None:
    connection = a_store(MILK)
    with pytest.raises(NotFound):
        transferring.take_step(connection, ID, "received", NOW)
    with pytest.raises(Invalid):
        transferring.expect(connection, "nonsense", OTHER_SITE, set(), NOW)
