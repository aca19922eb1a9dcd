"""Before, after or ambiguous: what a span, a counter and having seen the count decide."""

from random import Random

import pytest

from edge_agent.domain.stocktake import (
    Count,
    Placement,
    Relation,
    Span,
    Witness,
    counted_now,
    decide,
    place,
    positions_between,
    relation,
    while_between,
)


def a_witness(span: Span, **fields: object) -> Witness:
    return Witness(span, **{"occurred_at": 0, **fields})  # type: ignore[arg-type]


COUNT = a_witness(counted_now(10))
"""A live count at head 10: record 11."""


@pytest.mark.parametrize(
    ("after", "until", "expected"),
    [(0, 10, Relation.BEFORE), (10, 10, Relation.BEFORE), (11, 20, Relation.AFTER), (11, 11, Relation.AFTER),
     (10, 11, Relation.AMBIGUOUS), (0, 20, Relation.AMBIGUOUS)],
)  # fmt: skip
def test_disjoint_intervals_decide_against_a_live_count(after: int, until: int, expected: Relation) -> None:
    assert relation(a_witness(while_between(after, until)), COUNT, 11) is expected


@pytest.mark.parametrize(
    ("after", "until", "expected"),
    [(0, 4, Relation.BEFORE), (0, 5, Relation.AMBIGUOUS), (8, 9, Relation.AMBIGUOUS), (9, 9, Relation.AFTER)],
)
def test_disjoint_intervals_decide_against_a_count_that_was_handed_in(
    after: int, until: int, expected: Relation
) -> None:
    count = a_witness(while_between(5, 8))
    assert relation(a_witness(while_between(after, until)), count, 30) is expected


def test_an_event_that_saw_the_count_is_after_it() -> None:
    event = a_witness(while_between(0, 20), seen=11)
    assert relation(event, COUNT, 11) is Relation.AFTER


@pytest.mark.parametrize(("counter", "expected"), [(4, Relation.BEFORE), (6, Relation.AFTER)])
def test_one_devices_own_counter_decides_whatever_the_spans_say(counter: int, expected: Relation) -> None:
    count = a_witness(while_between(0, 20), device="h", counter=5)
    event = a_witness(while_between(0, 20), device="h", counter=counter)
    assert relation(event, count, 21) is expected


def test_an_event_revises_the_first_count_that_it_lies_before() -> None:
    counts = [Count("a", a_witness(counted_now(10)), 11), Count("b", a_witness(counted_now(20)), 21)]

    assert place(a_witness(while_between(0, 5)), counts) == Placement(counts[0], is_certain=True)
    assert place(a_witness(while_between(12, 15)), counts) == Placement(counts[1], is_certain=True)
    assert place(a_witness(while_between(21, 30)), counts) == Placement(None, is_certain=True)


@pytest.mark.parametrize(("occurred_at", "is_before"), [(99, True), (101, False)])
def test_an_ambiguous_event_is_placed_by_corrected_time_and_flagged(occurred_at: int, is_before: bool) -> None:
    count = Count("a", a_witness(counted_now(10), occurred_at=100), 11)

    found = place(a_witness(while_between(5, 15), occurred_at=occurred_at), [count])

    assert (found.before is not None, found.is_certain) == (is_before, False)


def test_wall_clocks_change_nothing_when_the_spans_are_disjoint() -> None:
    for occurred_at in (0, 10**15):
        count = Count("a", a_witness(counted_now(10), occurred_at=5 * 10**14), 11)
        assert place(a_witness(while_between(0, 9), occurred_at=occurred_at), [count]).before is count


def test_a_count_handed_in_late_is_decided_by_what_there_was_then() -> None:
    count = a_witness(while_between(5, 5))
    assert decide(70, [(6, -10), (7, -20)], [], count, 8).expected == 100


def test_stock_that_moved_while_it_was_counted_makes_the_count_ambiguous() -> None:
    count = a_witness(while_between(5, 6))
    assert decide(70, [(6, -10)], [], count, 8).is_ambiguous


def test_a_late_sale_before_the_count_is_part_of_what_was_expected() -> None:
    count = a_witness(while_between(5, 5))
    late = [(a_witness(while_between(0, 4)), -10), (a_witness(while_between(6, 7)), -7)]
    assert decide(83, [], late, count, 9) == (90, False)


def test_what_a_device_had_seen_is_only_a_lower_bound() -> None:
    assert positions_between(5, 20, None, None) == (5, 20)
    assert positions_between(5, 20, 8, 12) == (8, 12)
    assert positions_between(5, 20, 3, 30) == (5, 20)
    assert positions_between(99, 20, None, None) == (20, 20), "a device cannot have seen what is not there"


def test_certain_relations_agree_with_what_really_happened() -> None:
    """Random true instants, random honest intervals around them: a certain answer is never wrong."""
    random = Random(7)
    for _ in range(20_000):
        event_at, count_at = random.uniform(0, 30), random.uniform(0, 30)
        event = while_between(max(0, int(event_at) - random.randrange(4)), int(event_at) + random.randrange(4))
        count = while_between(max(0, int(count_at) - random.randrange(4)), int(count_at) + random.randrange(4))
        found = relation(a_witness(event), a_witness(count), 10**9)
        truth = Relation.BEFORE if event_at < count_at else Relation.AFTER
        assert found in (truth, Relation.AMBIGUOUS)
