"""A count is what was counted: whatever is sold meanwhile, arrives late, or says what time it is."""

import itertools
import sqlite3
from random import Random

import pytest

from edge_agent.domain.movement import Draft
from edge_agent.errors import Conflict, Invalid, NotFound
from edge_agent.services import counting
from edge_agent.services.handhelds import Handheld, witness_of
from edge_agent.services.posting import Move, goods_of
from edge_agent.services.scanning import Mode
from edge_agent.services.stocktaking import Opening, close_stocktake, open_stocktake
from edge_agent.storage import alerts, counts, ledger, origins, timeline
from edge_agent.storage.counts import Line
from tests.unit.edge_agent.a_store import (
    DEVICE,
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


def a_shop(stock: int = 100_000) -> sqlite3.Connection:
    connection = a_store(MILK)
    move(connection, MILK, stock)
    return connection


def head(connection: sqlite3.Connection) -> int:
    return ledger.head(connection)[0]


def sell_late(connection: sqlite3.Connection, quantity: int, handheld: Handheld) -> None:
    draft = Draft(goods_of(MILK), quantity, "shelf", "customer", "sale", NOW)
    counting.record_late(connection, Move(draft, MILK), handheld, NOW)


def the_line(connection: sqlite3.Connection) -> Line:
    [line] = counts.posted_at(connection, MILK.product_id, "shelf")
    return line


def test_a_live_count_posts_the_variance_and_the_level_is_what_was_counted() -> None:
    connection = a_shop()

    recorded = count(connection, MILK, 95_000)

    assert (recorded.expected, recorded.variance, recorded.status) == (100_000, -5000, "posted")
    assert on_shelf(connection, MILK) == 95_000
    assert facts_in(connection, "count")[0]["counted"] == 95_000
    assert_sound(connection)


def test_a_live_count_reads_none_of_the_counts_before_it() -> None:
    asked: list[str] = []
    connection = a_shop()
    count(connection, MILK, 95_000)
    connection.set_trace_callback(asked.append)

    count(connection, MILK, 90_000)

    assert [text for text in asked if "INTO count_lines" in text]
    assert not [text for text in asked if "FROM count_lines" in text and "stocktake_id = " not in text]


def test_a_right_count_posts_no_movement() -> None:
    connection = a_shop()
    assert count(connection, MILK, 100_000).movement_id is None


def test_sales_after_a_count_stay_sales() -> None:
    connection = a_shop()
    count(connection, MILK, 95_000)
    scan(connection, code_of(MILK))
    assert on_shelf(connection, MILK) == 94_000


@pytest.mark.parametrize("days_late", [0, 10])
def test_scenario_4_two_earlier_sales_arrive_after_the_count(days_late: int) -> None:
    """Stock stays 95, the variance is revised, whether the handheld comes at once or ten days later."""
    connection = a_shop()
    seen = head(connection)
    count(connection, MILK, 95_000)
    for _ in range(days_late):
        scan(connection, code_of(MILK), Mode.RECEIVE)
        scan(connection, code_of(MILK))

    for counter in (1, 2):
        sell_late(connection, 1000, Handheld("h1", counter, seen, None, until_position=seen))

    assert on_shelf(connection, MILK) == 95_000
    assert the_line(connection).counted == 95_000
    assert the_line(connection).variance == -3000, "of five missing two were sold"
    assert [body["variance"] for body in facts_in(connection, "revision")] == [-4000, -3000]
    assert_sound(connection)


def test_a_sale_that_saw_the_count_moves_the_stock() -> None:
    connection = a_shop()
    count(connection, MILK, 95_000)
    sell_late(connection, 1000, Handheld("h1", 1, head(connection)))
    assert on_shelf(connection, MILK) == 94_000
    assert the_line(connection).variance == -5000


@pytest.mark.parametrize(("occurred_at", "level"), [(NOW - 1, 95_000), (NOW + 1, 94_000)])
def test_an_ambiguous_sale_is_placed_by_time_and_flagged(occurred_at: int, level: int) -> None:
    connection = a_shop()
    seen = head(connection)
    count(connection, MILK, 95_000)

    sell_late(connection, 1000, Handheld("h1", 1, seen, occurred_at=occurred_at))

    assert on_shelf(connection, MILK) == level
    assert [task.rule for task in alerts.list_tasks(connection)] == ["ambiguous_sale"]


def test_a_count_handed_in_late_posts_the_variance_of_then() -> None:
    connection = a_shop()
    seen = head(connection)
    scan(connection, code_of(MILK))

    recorded = count(connection, MILK, 97_000, handheld=Handheld("h1", 1, seen, until_position=seen))

    assert (recorded.expected, recorded.variance, recorded.status) == (100_000, -3000, "posted")
    assert on_shelf(connection, MILK) == 96_000, "the sale came after the count"
    assert_sound(connection)


def test_a_count_during_which_stock_moved_posts_nothing_and_asks_for_a_recount() -> None:
    connection = a_shop()
    seen = head(connection)
    scan(connection, code_of(MILK))

    recorded = count(connection, MILK, 97_000, handheld=Handheld("h1", 1, seen))

    assert (recorded.status, recorded.movement_id) == ("ambiguous", None)
    assert on_shelf(connection, MILK) == 99_000
    assert [task.rule for task in alerts.list_tasks(connection)] == ["recount"]
    assert facts_in(connection, "count")[0]["status"] == "ambiguous"


def test_a_late_count_does_not_change_what_a_later_count_found() -> None:
    connection = a_shop()
    seen = head(connection)
    count(connection, MILK, 90_000)

    count(connection, MILK, 97_000, handheld=Handheld("h1", 1, seen, until_position=seen))

    assert on_shelf(connection, MILK) == 90_000
    assert [line.variance for line in counts.posted_at(connection, MILK.product_id, "shelf")] == [-3000, -7000]
    assert_sound(connection)


def test_the_devices_own_counter_orders_its_sale_and_its_count() -> None:
    connection = a_shop()
    seen = head(connection)
    count(connection, MILK, 95_000, handheld=Handheld("h1", 2, seen))

    sell_late(connection, 1000, Handheld("h1", 1, seen))
    assert on_shelf(connection, MILK) == 95_000
    sell_late(connection, 1000, Handheld("h1", 3, seen))
    assert on_shelf(connection, MILK) == 94_000
    assert alerts.list_tasks(connection) == []


def test_an_event_handed_in_twice_counts_once() -> None:
    connection = a_shop()
    handheld = Handheld("h1", 1, head(connection))
    sell_late(connection, 1000, handheld)
    with pytest.raises(Conflict):
        sell_late(connection, 1000, handheld)
    count(connection, MILK, 99_000, handheld=Handheld("h1", 2, head(connection)))
    with pytest.raises(Conflict):
        count(connection, MILK, 99_000, handheld=Handheld("h1", 2, head(connection)))
    assert on_shelf(connection, MILK) == 99_000


def test_monotonic_time_since_the_last_exchange_bounds_the_positions() -> None:
    connection = a_shop()
    told = timeline.note_exchange(connection, "h1", boot=1, ticks_ms=0, clock_ms=NOW)
    seen = None
    for second in range(1, 61):
        scan(connection, code_of(MILK))
        seen = timeline.note(connection, 1, second * 1000, NOW, seen)

    placed = witness_of(connection, Handheld("h1", 1, told, elapsed_ms=30_000), NOW)

    assert told + 29 <= placed.after <= told + 31
    assert told + 31 <= placed.until <= told + 33


def test_after_a_restart_of_the_box_only_the_lower_bound_is_known() -> None:
    connection = a_shop()
    told = timeline.note_exchange(connection, "h1", boot=1, ticks_ms=0, clock_ms=NOW)
    scan(connection, code_of(MILK))
    timeline.note(connection, 2, 500_000, NOW)

    placed = witness_of(connection, Handheld("h1", 1, told, elapsed_ms=10_000), NOW)

    assert (placed.after, placed.until) == (told, head(connection))


def test_wall_clock_jumps_change_no_count() -> None:
    """The same story with the box's clock at 1970, right, and a year ahead."""
    levels = []
    for now in (0, NOW, NOW + 365 * 86_400_000):
        connection = a_shop()
        told = timeline.note_exchange(connection, "h1", boot=1, ticks_ms=0, clock_ms=now)
        seen = timeline.note(connection, 1, 10_000, now)
        scan(connection, code_of(MILK), now_ms=now)
        count(connection, MILK, 95_000, now_ms=now)
        timeline.note(connection, 1, 60_000, now, seen)
        sell_late(connection, 1000, Handheld("h1", 1, told, elapsed_ms=5000, occurred_at=NOW))
        levels.append(on_shelf(connection, MILK))
    assert levels == [95_000] * 3


def test_a_quiet_hour_bounds_an_event_from_both_sides() -> None:
    connection = a_shop()
    told = timeline.note_exchange(connection, "h1", boot=1, ticks_ms=0, clock_ms=NOW)
    seen = timeline.note(connection, 1, 2_000, NOW)
    for second in range(4, 3_600, 2):
        seen = timeline.note(connection, 1, second * 1000, NOW, seen)
    rows = connection.execute("SELECT count(*) FROM timeline").fetchone()[0]
    scan(connection, code_of(MILK))
    timeline.note(connection, 1, 3_600_000, NOW, seen)

    placed = witness_of(connection, Handheld("h1", 1, told, elapsed_ms=1_800_000), NOW)

    assert (placed.after, placed.until) == (told, told)
    assert rows == 2, "nothing is written while nothing happens"


def test_the_order_of_arrival_never_changes_the_final_level() -> None:
    """Physical story: sale 3, count finds 92, sale 2. Every order of hand-in ends at 90."""
    for order in itertools.permutations(range(3)):
        connection = a_shop()
        seen = head(connection)
        # Three moments of the ledger that the events can be told apart by.
        marks = [seen]
        for _ in range(2):
            scan(connection, code_of(MILK), Mode.RECEIVE, location="backroom")
            marks.append(head(connection))
        steps = [
            lambda c, m=marks: sell_late(c, 3000, Handheld("a", 1, m[0], until_position=m[0])),
            lambda c, m=marks: count(c, MILK, 92_000, handheld=Handheld("b", 1, m[1], until_position=m[1])),
            lambda c, m=marks: sell_late(c, 2000, Handheld("c", 1, m[2], until_position=m[2])),
        ]
        for step in order:
            steps[step](connection)
        assert on_shelf(connection, MILK) == 90_000, order
        assert the_line(connection).variance == -5000, order
        assert_sound(connection)


def test_random_stories_with_certain_intervals_end_at_the_physical_truth(seed: int) -> None:
    """Counts never err here, so the final level is the last count less what was sold after it."""
    random = Random(seed)
    for _ in range(60):
        connection = a_shop()
        truth = 100_000
        waiting = []
        for number in range(12):
            mark = head(connection)
            told = Handheld(f"d{number}", 1, mark, until_position=mark)
            kind = random.choice(["sale", "late_sale", "count", "late_count", "lost"])
            if kind == "sale":
                scan(connection, code_of(MILK))
                truth -= 1000
            elif kind == "late_sale":
                waiting.append((lambda c, h=told: sell_late(c, 1000, h)))
                truth -= 1000
            elif kind == "count":
                count(connection, MILK, truth)
            elif kind == "late_count":
                waiting.append((lambda c, h=told, q=truth: count(c, MILK, q, handheld=h)))
            else:
                truth -= 1000
            # The ledger moves on between any two events, so that their intervals are disjoint.
            scan(connection, code_of(MILK), Mode.RECEIVE, location="backroom")
            while waiting and random.random() < 0.3:
                waiting.pop(random.randrange(len(waiting)))(connection)
        random.shuffle(waiting)
        for step in waiting:
            step(connection)
        count(connection, MILK, truth)
        assert on_shelf(connection, MILK) == truth
        assert sum(line.variance for line in counts.posted_at(connection, MILK.product_id, "shelf")) == (
            truth - 100_000 + 1000 * _sold(connection)
        )
        assert not [task for task in alerts.list_tasks(connection) if task.rule != "negative_stock"]
        assert_sound(connection)


def _sold(connection: sqlite3.Connection) -> int:
    rows = connection.execute("SELECT sum(quantity) FROM ledger WHERE reason = 'sale'").fetchone()
    return (rows[0] or 0) // 1000


def test_counts_of_the_predecessor_lie_before_everything_in_a_successor() -> None:
    connection = a_shop()
    for _ in range(5):
        scan(connection, code_of(MILK))
    seen = head(connection)
    count(connection, MILK, 90_000)
    sell_late(connection, 1000, Handheld("h1", 1, seen, until_position=seen))
    origins.succeed(
        connection, DEVICE, "", [(MILK.product_id, "shelf", 90_000), (MILK.product_id, "customer", -90_000)]
    )

    sell_late(connection, 1000, Handheld("h2", 1, seen))
    recorded = count(connection, MILK, 80_000)

    assert (recorded.expected, on_shelf(connection, MILK)) == (89_000, 80_000)
    with pytest.raises(Conflict):
        sell_late(connection, 1000, Handheld("h1", 1, seen))
    assert_sound(connection)


def test_notes_of_time_are_forgotten_with_the_exchanges_that_need_them() -> None:
    connection = a_shop()
    for boot in range(1, 6):
        timeline.note_exchange(connection, "h1", boot, 0, NOW + boot)
        scan(connection, code_of(MILK))

    timeline.forget(connection, NOW + 4)

    rows = connection.execute("SELECT (SELECT count(*) FROM timeline), (SELECT count(*) FROM exchanges)").fetchone()
    assert rows == (2, 2)


def test_a_line_needs_an_open_stocktake_a_place_and_a_figure() -> None:
    connection = a_shop()
    with pytest.raises(NotFound):
        count(connection, MILK, 1000, stocktake_id="nonsense")
    with pytest.raises(Invalid):
        count(connection, MILK, -1)
    with pytest.raises(Invalid):
        count(connection, MILK, 1000, location="customer")
    closed = open_stocktake(connection, Opening(name="x"), NOW)
    close_stocktake(connection, closed.stocktake_id, NOW)
    with pytest.raises(Conflict):
        count(connection, MILK, 1000, stocktake_id=closed.stocktake_id)
    assert on_shelf(connection, MILK) == 100_000
    assert [body["state"] for body in facts_in(connection, "stocktake")][-2:] == ["open", "closed"]
