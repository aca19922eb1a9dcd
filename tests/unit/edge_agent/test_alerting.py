"""Low-stock alerts as people meet them."""

import sqlite3

import pytest

from edge_agent.errors import Conflict, NotFound
from edge_agent.services import alerting
from edge_agent.services.scanning import Mode
from edge_agent.storage import alerts, catalogue
from sync_protocol.low_stock import FLAP_WINDOW_MS, NEGATIVE_STOCK
from tests.unit.edge_agent.a_store import NOW, a_product, a_store, assert_sound, code_of, facts_in, move, scan

MILK = a_product(1, name="Milk", reorder_point=5000, critical_level=2000)


def a_shop(stock: int) -> sqlite3.Connection:
    connection = a_store(MILK)
    move(connection, MILK, stock)
    return connection


def states(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return [(body["state"], body["severity"]) for body in facts_in(connection, "alert")]


def test_scenario_7_at_the_reorder_point_it_alerts_once_and_one_more_resolves_it() -> None:
    connection = a_shop(6000)
    assert states(connection) == []

    scan(connection, code_of(MILK))
    assert states(connection) == [("opened", "info")], "available == reorder point"
    scan(connection, code_of(MILK))
    assert len(states(connection)) == 1, "lower, not worse: nobody is told again"
    scan(connection, code_of(MILK), Mode.RECEIVE, packs=2000)
    assert states(connection)[-1] == ("resolved", "info"), "reorder point + 1"

    ids = {body["alert_id"] for body in facts_in(connection, "alert")}
    assert len(ids) == 1
    assert_sound(connection)


def test_scenario_7_flapping_is_damped() -> None:
    connection = a_shop(6000)
    for _ in range(10):
        scan(connection, code_of(MILK))
        scan(connection, code_of(MILK), Mode.RECEIVE)

    assert states(connection).count(("opened", "info")) == 3
    assert alerts.list_alerts(connection, is_open=True) != [], "the third stays open"

    alerting.sweep(connection, NOW + FLAP_WINDOW_MS + 1)
    assert alerts.list_alerts(connection, is_open=True) == [], "until it has been quiet"


def test_a_flapping_alert_resolves_at_once_when_the_stock_is_clearly_above() -> None:
    connection = a_shop(6000)
    for _ in range(3):
        scan(connection, code_of(MILK))
        scan(connection, code_of(MILK), Mode.RECEIVE)
    scan(connection, code_of(MILK), Mode.RECEIVE, packs=20_000)
    assert alerts.list_alerts(connection, is_open=True) == []


def test_it_gets_worse_at_critical_and_out_under_the_same_id() -> None:
    connection = a_shop(6000)
    for _ in range(6):
        scan(connection, code_of(MILK))
    assert states(connection) == [("opened", "info"), ("opened", "warning"), ("opened", "critical")]
    assert len({body["alert_id"] for body in facts_in(connection, "alert")}) == 1


def test_moving_a_threshold_is_enough() -> None:
    connection = a_shop(6000)
    alerting.reconsider(connection, MILK._replace(reorder_point=6000), NOW)
    assert states(connection) == [("opened", "info")]
    alerting.reconsider(connection, MILK, NOW)
    assert states(connection)[-1][0] == "resolved"


def test_thresholds_fall_back_from_product_to_category_to_site() -> None:
    connection = a_store(MILK)
    settings = {"categories": {"dairy": {"reorder_point": 7000}}}
    catalogue.save_policy(connection, (1, 1), 3000, 1000, settings)
    plain = MILK._replace(reorder_point=None, critical_level=None)

    assert alerting.thresholds_of(connection, MILK) == (5000, 2000)
    assert alerting.thresholds_of(connection, plain._replace(category="dairy")) == (7000, 1000)
    assert alerting.thresholds_of(connection, plain) == (3000, 1000)


def test_alerts_can_be_switched_off() -> None:
    connection = a_shop(6000)
    catalogue.save_policy(connection, (1, 1), 0, 0, {"low_stock_enabled": False})
    scan(connection, code_of(MILK))
    assert states(connection) == []


def test_acknowledging_and_resolving_are_told_with_their_actor() -> None:
    connection = a_shop(6000)
    scan(connection, code_of(MILK))
    [alert] = alerts.list_alerts(connection)

    for _ in range(2):
        alerting.acknowledge(connection, alert.alert_id, "ann", NOW)
        # An acknowledged alert that gets no worse is not opened again.
    for _ in range(2):
        alerting.resolve(connection, alert.alert_id, "ann", NOW)

    assert [body["state"] for body in facts_in(connection, "alert")] == ["opened", "acknowledged", "resolved"]
    assert facts_in(connection, "alert")[-1]["actor"] == "ann"
    with pytest.raises(Conflict):
        alerting.acknowledge(connection, alert.alert_id, "ann", NOW)
    with pytest.raises(NotFound):
        alerting.resolve(connection, "nonsense", "ann", NOW)


def test_reservations_and_hold_count_against_what_is_available() -> None:
    connection = a_shop(8000)
    move(connection, MILK, 3000, "relocation", "shelf", "hold")
    assert states(connection) == [("opened", "info")]


def negative(connection: sqlite3.Connection) -> list[tuple[str, int, str]]:
    told = [body for body in facts_in(connection, "alert") if body["rule"] == NEGATIVE_STOCK]
    return [(body["state"], body["available"], body["detail"]) for body in told]


def test_stock_below_zero_on_record_is_one_alert_with_its_likely_cause_until_it_is_booked() -> None:
    connection = a_store(MILK)
    cause = "-1 on record; count it, or look for a missing receipt"
    for _ in range(3):
        scan(connection, code_of(MILK))
    assert negative(connection) == [("opened", -1000, cause)]
    scan(connection, code_of(MILK), Mode.RECEIVE, packs=2000)
    assert len(negative(connection)) == 1
    scan(connection, code_of(MILK), Mode.RECEIVE)
    assert negative(connection) == [("opened", -1000, cause), ("resolved", 0, cause)]
    assert_sound(connection)


def test_one_place_below_zero_is_an_alert_though_another_has_plenty() -> None:
    connection = a_store(MILK)
    move(connection, MILK, 50_000, target="backroom")
    scan(connection, code_of(MILK))
    assert [(state, available) for state, available, _ in negative(connection)] == [("opened", 49_000)]
    assert alerting.sweep(connection, NOW) == len(negative(connection))
    scan(connection, code_of(MILK), Mode.RECEIVE)
    assert [state for state, _, _ in negative(connection)] == ["opened", "resolved"]


def test_flapping_around_zero_is_damped_and_the_sweep_resolves_it() -> None:
    connection = a_store(MILK)
    for _ in range(5):
        scan(connection, code_of(MILK))
        scan(connection, code_of(MILK), Mode.RECEIVE)
    assert [state for state, _, _ in negative(connection)].count("opened") == 3
    alerting.sweep(connection, NOW + FLAP_WINDOW_MS + 1)
    assert negative(connection)[-1][0] == "resolved"
