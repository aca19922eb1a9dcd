"""What follows ledgers behind their writers costs trade little: no commit for nothing, bounded rounds, safe plans."""

from uuid import UUID, uuid4

import pytest

from cloud_hub.domain.event_types import ALERTS
from cloud_hub.services import rolling
from cloud_hub.services.relaying import relay
from cloud_hub.services.telling import MANY, QUICK_S, Done, has_more, rest_s
from cloud_hub.storage import cursors, events, rollups
from cloud_hub.storage.cursors import Behind, Stretch
from cloud_hub.storage.events import News
from tests.integration.hub.conftest import START_MS, HubCore


def test_a_round_reads_at_most_so_many_records_from_whoever_waits_longest_on() -> None:
    site, ledgers = uuid4(), [uuid4() for _ in range(4)]
    found = [Behind(site, ledgers[0], 10, 15), Behind(site, ledgers[1], 0, 100), Behind(site, ledgers[2], 0, 1)]
    assert cursors.stretches(found, 50) == [Stretch(site, ledgers[0], 10, 15), Stretch(site, ledgers[1], 0, 45)]
    assert cursors.stretches(found, 200)[-1] == Stretch(site, ledgers[2], 0, 1)


async def test_counting_says_that_there_is_more_until_all_ledgers_are_counted(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "RECORDS_MAX", 8)
    for _ in range(3):
        box = await hub.make_box()
        for _ in range(5):  # each with the item that it is of
            box.sell(str(uuid4()), 1_000)
        await box.connect()
    said = [await rolling.roll(hub.database, START_MS + number) for number in range(5)]
    assert said == [True, True, True, False, False]
    totals = await hub.rows(
        "SELECT sum(taken)::bigint FROM moved_days WHERE site_id = $1 AND product_id = $1", UUID(int=0)
    )
    assert totals == [(15_000,)]
    assert await hub.value("SELECT value FROM counters WHERE name = 'rollups'") == START_MS + 4


async def test_an_item_is_looked_up_by_its_whole_key_though_nothing_is_known_of_how_many_there_are(
    hub: HubCore,
) -> None:
    box = await hub.make_box()
    box.sell(str(uuid4()), 1_000)
    await box.connect()
    more = "INSERT INTO items SELECT site_id, origin_id, n, product_id FROM items, generate_series(1000, 4000) n"
    await hub.execute(more)
    ((site_id, origin_id, mark),) = await hub.rows("SELECT site_id, origin_id, mark FROM origins")
    for query, given in (
        (rollups._COUNT, cursors.given_stretches([Stretch(site_id, origin_id, 0, mark)])),
        (rollups._COUNT_LATE, {"site_id": site_id, "origin_id": origin_id, "late": [mark]}),
    ):
        lines = [line for (line,) in await hub.rows(f"EXPLAIN {query.text}", *query.values(given))]
        assert any("Index Cond" in line and "(ref = " in line for line in lines), lines
        assert not any("Join Filter" in line and "ref" in line for line in lines), lines


async def test_what_a_reader_of_events_does_not_want_costs_no_commit_until_it_is_much(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = await hub.make_box()
    await box.connect()
    async with hub.database.transaction() as connection:
        await events.begin(connection, events.BROKER)

    async def passed() -> tuple[bool, int]:
        """Whether the transaction was given an id, so that its commit is waited for; and how far the counter is."""
        async with hub.database.transaction() as connection:
            head = await events.read(connection, events.HEAD)
            assert await events.take(connection, events.BROKER, head, ALERTS, 10) == []
            wrote = await connection.fetchval("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        return wrote, head - await hub.value("SELECT value FROM counters WHERE name = $1", events.BROKER)

    box.sell(str(uuid4()), 1_000)
    await box.talk()
    assert await relay(hub.database, hub.clock())
    wrote, behind = await passed()
    assert not wrote
    assert behind > 0
    monkeypatch.setattr(events, "FAR", behind)
    assert await passed() == (True, 0)


async def test_a_state_that_was_said_twice_in_a_round_is_told_once_as_it_is_now(hub: HubCore) -> None:
    def order(state: str) -> News:
        return News(type="order.changed", site_id=None, subject="PO-1", data={"state": state}, occurred_at_ms=START_MS)

    async with hub.database.transaction() as connection:
        for state in ("draft", "sent", "acknowledged"):
            await events.say(connection, order(state))
            await events.say(connection, News(type="receipt.created", site_id=None, subject="R-1", data={"of": state},
                                              occurred_at_ms=START_MS))  # fmt: skip
    assert await relay(hub.database, START_MS) == 4
    told = await hub.rows("SELECT position, type, data FROM events WHERE type LIKE 'order.%' OR type LIKE 'receipt.%'"
                          " ORDER BY position")  # fmt: skip
    assert [position for position, *_ in told] == list(range(told[0][0], told[0][0] + 4))
    assert [data for _, _, data in told] == [{"of": "draft"}, {"of": "sent"}, {"state": "acknowledged"},
                                             {"of": "acknowledged"}]  # fmt: skip


def test_rounds_of_telling_are_soon_while_something_is_sent_and_leave_a_backlog_most_of_the_time() -> None:
    assert not has_more(Done(told=MANY - 1, sent=0))
    assert has_more(Done(told=0, sent=1))
    assert has_more(Done(told=MANY, sent=0))
    assert rest_s(Done(told=1, sent=9), 5.0) == QUICK_S
    assert rest_s(Done(told=MANY, sent=0), 1.0) >= 5.0
