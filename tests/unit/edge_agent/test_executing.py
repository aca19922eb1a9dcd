"""Commands: once by id, once by key, never late, never unknown, always with an outcome."""

import sqlite3
from typing import Any

import pytest

from edge_agent.services.executing import execute
from edge_agent.storage import alerts, catalogue, commands, history, identity, keys, ledger, retention
from sync_protocol import changes
from tests.unit.edge_agent.a_store import (
    NOW,
    OTHER_SITE,
    a_product,
    a_store,
    assert_sound,
    code_of,
    facts_in,
    move,
    on_shelf,
    scan,
)

MILK = a_product(1, name="Milk", reorder_point=5000, critical_level=2000)


def a_command(number: int = 1, kind: str = "adjust", key: str | None = None, **fields: Any) -> changes.Command:
    body = fields.pop("body", {"product_id": MILK.product_id, "delta": -1000, "reason": "damage"})
    return changes.Command(
        command_id=f"00000000-0000-4000-8000-c{number:011d}", kind=kind, key=key or f"key-{number}", body=body, **fields
    )


def a_shop(stock: int = 10_000) -> sqlite3.Connection:
    connection = a_store(MILK)
    move(connection, MILK, stock)
    return connection


def run(connection: sqlite3.Connection, command: changes.Command, *, clock_trusted: bool = True) -> str | None:
    execute(connection, command, NOW, clock_trusted)
    found = commands.find_command(connection, command.command_id)
    assert found is not None
    return found.status


def test_an_adjustment_is_one_record_that_carries_the_command() -> None:
    connection = a_shop()

    assert run(connection, a_command()) == "done"

    assert on_shelf(connection, MILK) == 9000
    [line] = [line for line in history.movements(connection) if line.command_id]
    assert (line.command_id, line.key, line.reason) == (a_command().command_id, "key-1", "damage")
    assert facts_in(connection, "outcome") == []
    assert_sound(connection)


def test_the_same_command_again_does_nothing() -> None:
    connection = a_shop()
    run(connection, a_command())
    head, _ = ledger.head(connection)
    run(connection, a_command())
    assert ledger.head(connection)[0] == head


def test_a_restored_hub_that_asks_again_is_told_by_a_fact_once_the_record_is_pruned() -> None:
    connection = a_shop()
    run(connection, a_command())
    move(connection, MILK, 2000)
    head, _ = ledger.head(connection)
    identity.save_ack(connection, head, 1)
    retention.prune(connection, head, NOW)

    run(connection, a_command())
    run(connection, a_command())

    [told] = facts_in(connection, "outcome")
    assert (told["command_id"], told["status"]) == (a_command().command_id, "done")
    assert on_shelf(connection, MILK) == 11_000
    assert_sound(connection)


def test_another_command_under_the_same_key_has_no_second_effect() -> None:
    """After a hub restore the caller's retry comes as a new command."""
    connection = a_shop()
    run(connection, a_command(1, key="k"))
    assert run(connection, a_command(2, key="k")) == "done"
    assert on_shelf(connection, MILK) == 9000
    assert [body["code"] for body in facts_in(connection, "outcome")] == ["already_done"]


def test_a_key_that_the_store_itself_has_used_counts_too() -> None:
    connection = a_shop()
    keys.add(connection, "k", keys.Used(b"", 1, None))
    run(connection, a_command(key="k"))
    assert on_shelf(connection, MILK) == 10_000


@pytest.mark.parametrize(
    ("expires_at", "clock_trusted", "offset", "status"),
    [(NOW + 1, True, 0, "done"), (NOW, True, 0, "expired"), (NOW + 500, True, 1000, "expired"),
     (NOW + 10**9, False, 0, "expired"), (None, False, 0, "done")],
)  # fmt: skip
def test_only_corrected_trusted_time_lets_a_command_with_an_expiry_run(
    expires_at: int | None, clock_trusted: bool, offset: int, status: str
) -> None:
    connection = a_shop()
    identity.save_clock_offset(connection, offset)
    assert run(connection, a_command(expires_at=expires_at), clock_trusted=clock_trusted) == status
    assert on_shelf(connection, MILK) == (9000 if status == "done" else 10_000)


def test_an_unknown_kind_is_answered_and_never_run_later() -> None:
    connection = a_shop()
    assert run(connection, a_command(kind="teleport")) == "unsupported"
    assert run(connection, a_command(kind="adjust")) == "unsupported", "the same id"
    assert [body["status"] for body in facts_in(connection, "outcome")] == ["unsupported"]


@pytest.mark.parametrize("fields", [
    {"expected_quantity": 9999}, {"body": {"product_id": "nonsense", "delta": 1}}, {"body": {}},
    {"body": {"product_id": MILK.product_id, "delta": "1e9999"}},
    {"body": {"product_id": MILK.product_id, "delta": -11_000}},
    {"body": {"product_id": MILK.product_id, "delta": 1, "location": "moon"}},
    {"body": {"product_id": MILK.product_id, "delta": 1.5}},
    {"body": {"product_id": MILK.product_id, "delta": 2**63}},
    {"body": {"product_id": MILK.product_id, "set_to": 2**70}},
    {"kind": "transfer_request", "body": {"to_site": "x", "lines": [
        {"product_id": MILK.product_id, "quantity": 1000}, {"product_id": MILK.product_id, "quantity": 2**63}]}},
    {"kind": "reserve", "body": {"product_id": MILK.product_id, "quantity": -(2**63) - 1}},
    {"kind": "resend", "body": {"after": -5}}, {"kind": "resend", "body": {"after": "x"}},
    {"kind": "adopt", "body": {"branch_hash": "zz", "record": "[]"}},
    {"kind": "release", "body": {}}, {"kind": "cancel", "body": {}}, {"kind": "acknowledge_alert", "body": {}},
])  # fmt: skip
def test_what_cannot_be_done_is_refused_and_changes_nothing(fields: dict[str, Any]) -> None:
    connection = a_shop()
    assert run(connection, a_command(**fields)) == "refused"
    assert on_shelf(connection, MILK) == 10_000
    assert facts_in(connection, "outcome")[0]["code"]


def test_a_set_to_with_the_expected_quantity_posts_the_difference() -> None:
    connection = a_shop()
    body = {"product_id": MILK.product_id, "set_to": "7.5", "reason": "head office says so"}
    assert run(connection, a_command(body=body, expected_quantity=10_000)) == "done"
    assert on_shelf(connection, MILK) == 7500
    [line] = [line for line in history.movements(connection) if line.command_id]
    assert line.reason == "correction"


def test_a_set_to_what_there_is_already_is_done_with_a_fact() -> None:
    connection = a_shop()
    assert run(connection, a_command(body={"product_id": MILK.product_id, "set_to": 10_000})) == "done"
    assert [(body["status"], body["code"]) for body in facts_in(connection, "outcome")] == [("done", "no_change")]


def test_reserved_units_are_not_available_until_they_are_released() -> None:
    connection = a_shop()
    body = {"product_id": MILK.product_id, "quantity": 6000, "reservation_id": "r1"}
    assert run(connection, a_command(1, "reserve", body=body)) == "done"
    assert [alert.severity for alert in alerts.list_alerts(connection, is_open=True)] == ["info"]
    assert run(connection, a_command(2, "reserve", body={**body, "reservation_id": "r2"})) == "refused"
    release = {"reservation_id": "r1", "product_id": MILK.product_id}
    assert run(connection, a_command(3, "release", body=release)) == "done"
    assert alerts.list_alerts(connection, is_open=True) == []
    assert run(connection, a_command(4, "release", body={"reservation_id": "r1"})) == "refused"


def test_a_count_request_is_a_task() -> None:
    connection = a_shop()
    assert run(connection, a_command(kind="count_request", body={"product_id": MILK.product_id})) == "done"
    assert [task.rule for task in alerts.list_tasks(connection)] == ["count_request"]


def test_a_transfer_request_dispatches() -> None:
    connection = a_shop()
    body = {"to_site": OTHER_SITE, "lines": [{"product_id": MILK.product_id, "quantity": 4000}]}
    assert run(connection, a_command(kind="transfer_request", body=body)) == "done"
    assert on_shelf(connection, MILK) == 6000


def test_an_alert_is_acknowledged_for_head_office() -> None:
    connection = a_shop(5000)
    move(connection, MILK, 1000, "sale", "shelf", "customer")
    [alert] = alerts.list_alerts(connection)
    assert run(connection, a_command(kind="acknowledge_alert", body={"alert_id": alert.alert_id})) == "done"
    assert alerts.list_alerts(connection)[0].state == "acknowledged"


def test_an_alert_is_resolved_for_head_office() -> None:
    connection = a_shop(5000)
    move(connection, MILK, 1000, "sale", "shelf", "customer")
    [alert] = alerts.list_alerts(connection)
    assert run(connection, a_command(kind="resolve_alert", body={"alert_id": alert.alert_id})) == "done"
    assert alerts.list_alerts(connection)[0].state == "resolved"


def test_a_cancelled_command_that_comes_later_never_runs() -> None:
    connection = a_shop()
    late = a_command(7)
    assert run(connection, a_command(8, "cancel", body={"command_id": late.command_id})) == "done"
    execute(connection, late, NOW, True)
    assert on_shelf(connection, MILK) == 10_000
    assert run(connection, a_command(9, "cancel", body={"command_id": a_command(8).command_id})) == "refused"


def test_configure_diagnose_and_resend() -> None:
    connection = a_shop()
    identity.save_ack(connection, 2, 1)
    assert run(connection, a_command(1, "configure", body={"settings": {"low_stock_enabled": False}})) == "done"
    assert catalogue.settings(connection) == {"low_stock_enabled": False}
    assert run(connection, a_command(2, "diagnose", body={})) == "done"
    assert '"acked":2' in facts_in(connection, "outcome")[-1]["detail"]
    assert run(connection, a_command(3, "resend", body={"after": 1})) == "done"
    assert identity.get(connection).acked == 1
    assert run(connection, a_command(4, "configure", body={"settings": 5})) == "refused"


def test_every_kind_without_a_movement_tells_its_outcome() -> None:
    connection = a_shop()
    for number, kind in enumerate((*changes.COMMAND_KINDS, "later"), start=1):
        run(connection, a_command(number, kind, body={}))
    outcomes = facts_in(connection, "outcome")
    assert len(outcomes) == len(changes.COMMAND_KINDS) + 1
    assert_sound(connection)
    scan(connection, code_of(MILK))
