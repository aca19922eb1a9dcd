"""The people of a store as they come down, and how long one waits after wrong log-ins."""

import sqlite3
from typing import Any

import pytest

from edge_agent.domain.people import HOUR_MS, OF_DEVICE, OF_PERSON, Patience, Session, Tries, tried_again, wait_ms
from edge_agent.errors import Forbidden, NotFound
from edge_agent.services.people import apply_person, drop_missing, set_pin
from edge_agent.storage import ledger, people, sessions
from sync_protocol import changes
from sync_protocol.facts import Pin, fact
from tests.unit.edge_agent.a_store import NOW, a_store, facts_in
from tests.unit.edge_agent.test_adopting import adopt

ANNA, BERT = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"


def tell(connection: sqlite3.Connection, person_id: str = ANNA, number: int = 1, **more: Any) -> None:
    fields = {"username": f"u{person_id[-1]}", "role": "staff", "password_hash": "h", **more}
    apply_person(connection, changes.Person(person_id=person_id, version=(1, number), **fields), NOW)


def log_in(connection: sqlite3.Connection, person_id: str) -> None:
    session = Session(f"s-{person_id}", person_id, "till", NOW, NOW, NOW + HOUR_MS)
    sessions.add(connection, session, person_id.encode())


def test_a_snapshot_keeps_who_is_in_it_logged_in_and_lets_the_others_go() -> None:
    connection = a_store()
    for each in (ANNA, BERT):
        tell(connection, each, number=7)
        log_in(connection, each)
    set_pin(connection, ANNA, "set here", f"s-{ANNA}", NOW)

    people.suspend_all(connection)
    tell(connection, ANNA, number=3)  # a hub that was restored counts from where it was
    drop_missing(connection)

    assert [session.person_id for session in sessions.list_all(connection)] == [ANNA]
    anna, bert = people.find(connection, ANNA), people.find(connection, BERT)
    assert anna is not None
    assert bert is not None
    assert (anna.is_active, anna.pin_hash) == (True, "set here")
    assert (bert.is_active, bert.password_hash) == (False, None)


def test_a_pin_of_head_office_holds_against_an_older_one_of_the_box_and_not_against_a_later() -> None:
    connection = a_store()
    tell(connection)
    set_pin(connection, ANNA, "here", "", NOW)
    tell(connection, number=2, pin_hash="there", pin_set_at=NOW - 1)
    assert (people.find(connection, ANNA) or pytest.fail()).pin_hash == "here"
    tell(connection, number=3, pin_hash="there", pin_set_at=NOW + 1)
    assert (people.find(connection, ANNA) or pytest.fail()).pin_hash == "there"
    set_pin(connection, ANNA, "here again", "", NOW - 50 * HOUR_MS)  # the clock was set back
    assert [each["set_at"] for each in facts_in(connection, "pin")] == [NOW, NOW + 2]


def test_a_pin_is_set_by_somebody_who_works_here_and_is_no_administrator() -> None:
    connection = a_store()
    tell(connection, role="admin")
    with pytest.raises(Forbidden, match="head office"):
        set_pin(connection, ANNA, "x", "", NOW)
    with pytest.raises(NotFound):
        set_pin(connection, BERT, "x", "", NOW)
    assert facts_in(connection, "pin") == []


def test_a_pin_that_came_to_lie_on_a_branch_is_told_again() -> None:
    connection = a_store()
    pin = Pin(occurred_at=5, person_id=ANNA, pin_hash="h", set_at=NOW)
    adopt(connection, fact(pin))
    assert [each["set_at"] for each in facts_in(connection, "pin")] == [NOW]
    assert ledger.last_position(connection) > 1


@pytest.mark.parametrize("patience", [OF_PERSON, OF_DEVICE])
def test_waits_grow_to_their_longest_and_every_one_has_an_end(patience: Patience) -> None:
    waits, tries, now = [], None, NOW
    for _ in range(60):
        tries = tried_again(tries, patience, now)
        waits.append(wait_ms(tries, patience, now))
        now += waits[-1]
        assert wait_ms(tries, patience, now) == 0
    assert waits[: patience.free - 1] == [0] * (patience.free - 1)
    assert waits[patience.free - 1] == patience.first_ms
    assert waits == sorted(waits)
    assert waits[-1] == patience.longest_ms


def test_a_wait_is_never_longer_than_it_is_whatever_the_clock_says() -> None:
    tries = Tries(100, NOW)
    assert wait_ms(tries, OF_PERSON, NOW - 10**12) == OF_PERSON.longest_ms
    assert wait_ms(tries, OF_PERSON, NOW + 10**12) == 0


def test_wrong_tries_of_yesterday_are_forgotten() -> None:
    assert tried_again(Tries(9, NOW), OF_PERSON, NOW + OF_PERSON.forgotten_ms + 1).failed == 1
