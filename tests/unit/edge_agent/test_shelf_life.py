"""B07: expired goods are not sold without a manager, lots that end are one alert, and the first to end is named."""

import sqlite3
from typing import Any

import pytest

from edge_agent.domain.people import Caller, Person
from edge_agent.services import approving, shelf_life
from edge_agent.services.scanning import Mode, Outcome
from edge_agent.storage import alerts, catalogue
from sync_protocol.lots import Lot
from tests.unit.edge_agent.a_store import NOW, a_product, a_store, code_of, facts_in, move, on_shelf, scan

MILK = a_product(1, name="Milk")
DAY_MS = 86_400_000
TODAY, YESTERDAY, NEXT_WEEK, LATER = "2026-09-21", "2026-09-20", "2026-09-28", "2026-12-24"
"""NOW is on TODAY."""
BOSS = Person(person_id="b", username="boss", permissions=frozenset((approving.STOCK_APPROVE,)))


def a_shop(**settings: Any) -> sqlite3.Connection:
    connection = a_store(MILK)
    catalogue.set_settings(connection, settings)
    return connection


def a_code(expiry: str, lot: str = "L7") -> bytes:
    return f"]d201{code_of(MILK).zfill(14)}17{expiry[2:].replace('-', '')}10{lot}\x1d21X1".encode()


def sell(connection: sqlite3.Connection, expiry: str, caller: Caller | None = None, now_ms: int = NOW) -> Outcome:
    return scan(connection, a_code(expiry), caller=caller, now_ms=now_ms)


@pytest.mark.parametrize(
    ("policy", "is_sold", "warns"), [("block", False, False), ("warn", True, True), ("allow", True, False)]
)
def test_what_a_scan_of_expired_goods_may_do_is_policy(policy: str, is_sold: bool, warns: bool) -> None:
    connection = a_shop(expired_sale=policy)
    outcome = sell(connection, YESTERDAY)
    assert (outcome.problem is None, on_shelf(connection, MILK)) == (is_sold, -1000 if is_sold else 0)
    assert ("expired" in outcome.warnings) == warns
    assert (outcome.life.lot, outcome.life.is_expired) == (Lot("L7", YESTERDAY), True)
    if outcome.problem is not None:
        assert (outcome.problem.code, outcome.problem.remedy) == ("expired_sale", "a manager may approve the sale")


def test_the_last_good_day_is_good_and_head_offices_clock_says_which_it_is() -> None:
    connection = a_shop()
    assert sell(connection, TODAY).problem is None
    connection.execute("UPDATE identity SET clock_offset = ?", (-3 * DAY_MS,))
    assert sell(connection, YESTERDAY).problem is None, "the box's clock is three days ahead"


def test_a_managers_approval_lifts_the_block_once_and_is_on_the_ledger_before_the_sale() -> None:
    connection = a_shop()
    _, token = approving.grant(connection, BOSS, approving.EXPIRED_SALE, NOW)
    caller = Caller(name="anna", approval=token)
    sold, again = sell(connection, YESTERDAY, caller), sell(connection, YESTERDAY, caller)
    assert (sold.problem, again.problem.code if again.problem else None) == (None, "expired_sale")
    [approval] = facts_in(connection, "approval")
    assert (approval["approved_by"], approval["operation"]) == ("boss", "expired_sale")


def test_an_approval_of_something_else_lifts_nothing() -> None:
    connection = a_shop()
    _, token = approving.grant(connection, BOSS, approving.NEGATIVE_STOCK, NOW)
    assert sell(connection, YESTERDAY, Caller(name="anna", approval=token)).problem is not None


def test_a_managers_approval_lifts_a_block_of_negative_stock() -> None:
    product = MILK._replace(negative_policy="block")
    connection = a_store(product)
    _, token = approving.grant(connection, BOSS, approving.NEGATIVE_STOCK, NOW)
    assert scan(connection, code_of(product)).problem is not None
    assert scan(connection, code_of(product), caller=Caller(name="anna", approval=token)).problem is None
    assert on_shelf(connection, product) == -1000


def test_a_scan_is_told_what_to_use_first() -> None:
    connection = a_shop()
    move(connection, MILK, 5000, target="backroom", lot="OLD", expiry=NEXT_WEEK)
    move(connection, MILK, 5000, lot="L7", expiry=LATER)
    first = sell(connection, LATER).life.use_first
    assert first is not None
    assert (first.lot.lot, first.location) == ("OLD", "backroom")
    assert scan(connection, a_code(LATER), Mode.RECEIVE).life.use_first is None, "what comes in is not sold now"


def test_a_lot_without_its_day_in_the_code_is_known_by_what_came() -> None:
    connection = a_shop()
    move(connection, MILK, 5000, lot="L7", expiry=YESTERDAY)
    outcome = scan(connection, f"]d201{code_of(MILK).zfill(14)}10L7\x1d21X1".encode())
    assert outcome.problem is not None
    assert outcome.life.lot == Lot("L7", YESTERDAY)


def open_alerts(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    found = alerts.list_alerts(connection, is_open=True)
    return [(each.severity, each.detail) for each in found if each.rule == "expiry"]


def test_goods_that_end_soon_are_an_alert_which_gets_worse_and_resolves_when_they_are_gone() -> None:
    connection = a_shop(alert_threshold_days=7)
    move(connection, MILK, 2000, lot="L7", expiry=NEXT_WEEK)
    assert open_alerts(connection) == [("warning", "2 of lot L7 in shelf expire on 2026-09-28")]

    eight_days_on = NOW + 8 * DAY_MS
    shelf_life.judge(connection, shelf_life.to_judge(connection, eight_days_on), eight_days_on)
    assert open_alerts(connection) == [("critical", "2 of lot L7 in shelf expired on 2026-09-28")]

    move(connection, MILK, 2000, "expiry", "shelf", "shrinkage")
    assert open_alerts(connection) == []
    assert [body["state"] for body in facts_in(connection, "alert") if body["rule"] == "expiry"] == [
        "opened", "opened", "resolved",
    ]  # fmt: skip


def test_what_is_far_from_its_end_or_on_hold_is_no_alert() -> None:
    connection = a_shop(alert_threshold_days=7)
    move(connection, MILK, 2000, lot="L8", expiry=LATER)
    move(connection, MILK, 2000, target="hold", lot="L9", expiry=YESTERDAY)
    assert open_alerts(connection) == []
    sixty_days_before = NOW + 60 * DAY_MS
    catalogue.set_settings(connection, {"alert_threshold_days": 40})
    shelf_life.judge(connection, shelf_life.to_judge(connection, sixty_days_before), sixty_days_before)
    assert len(open_alerts(connection)) == 1, "another number of days was set"
