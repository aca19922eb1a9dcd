"""When a count and a stock change happened relative to each other, whatever the order of arrival.

A count line asserts "at position P of this ledger there were q units here". Time is measured
in ledger instants: instant n is the moment at which record n was committed, and while the
head was p it was some moment in [p, p + 1). What a connected device counts happens at one
instant; what a handheld hands in later happened in a span. Disjoint spans decide; so does
one device's own counter, and having seen the count. The rest is ambiguous: a count then
posts nothing, a sale is placed by corrected time and flagged. The counted quantity itself
is never changed.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple


class Span(NamedTuple):
    """Happened at some instant in [begins, ends]."""

    begins: int
    ends: int


class Relation(StrEnum):
    """Of an event to a count."""

    BEFORE = "before"
    AFTER = "after"
    AMBIGUOUS = "ambiguous"


class Witness(NamedTuple):
    """What is known about when something happened."""

    span: Span
    occurred_at: int
    """By corrected wall clock; decides only what nothing else decides."""
    device: str | None = None
    counter: int | None = None
    """The device's own number of the event; orders the events of one device."""
    seen: int = 0
    """The newest position that its device had seen."""


class Count(NamedTuple):
    """A posted count of one product at one location."""

    line_id: str
    witness: Witness
    position: int
    """Where its record stands: who has seen that, has seen the count."""


class Placement(NamedTuple):
    """The count that an event lies before (it revises its variance), if any; and whether that is certain."""

    before: Count | None
    is_certain: bool


class Decided(NamedTuple):
    """What the ledger says there was at the moment of a count."""

    expected: int
    is_ambiguous: bool


def counted_now(head: int) -> Span:
    """A count (or sale) by a connected device: exactly between the head and the next record."""
    return Span(head + 1, head + 1)


def while_between(after: int, until: int) -> Span:
    """Something that happened while the head was at `after`, `until`, or between."""
    return Span(after, until + 1)


def positions_between(seen: int, head: int, reached_before: int | None, reached_after: int | None) -> tuple[int, int]:
    """Positions [after, until] of an event: what its device had seen is only a lower bound."""
    after = min(max(seen, reached_before or 0), head)
    until = head if reached_after is None else min(reached_after, head)
    return after, max(after, until)


def relation(event: Witness, count: Witness, count_position: int) -> Relation:
    """Whether the event happened before or after the count."""
    if event.device is not None and event.device == count.device and None not in (event.counter, count.counter):
        assert event.counter is not None
        assert count.counter is not None
        return Relation.BEFORE if event.counter < count.counter else Relation.AFTER
    if event.seen >= count_position:
        return Relation.AFTER
    if event.span.ends <= count.span.begins:
        return Relation.BEFORE
    return Relation.AFTER if event.span.begins >= count.span.ends else Relation.AMBIGUOUS


def place(event: Witness, counts: Sequence[Count]) -> Placement:
    """Where a late event belongs among the posted counts, which come in the order of counting."""
    is_certain = True
    for count in counts:
        found = relation(event, count.witness, count.position)
        if found is Relation.AMBIGUOUS:
            is_certain = False
            is_earlier = event.occurred_at < count.witness.occurred_at
            found = Relation.BEFORE if is_earlier else Relation.AFTER
        if found is Relation.BEFORE:
            return Placement(count, is_certain)
    return Placement(None, is_certain)


def decide(
    level_now: int,
    recorded_live: Iterable[tuple[int, int]],
    recorded_late: Iterable[tuple[Witness, int]],
    count: Witness,
    count_position: int,
) -> Decided:
    """What there was at the count: today's level without all that happened after it.

    `recorded_live` are (position, change) above the count's first position whose position is
    the instant they happened at; `recorded_late` are those that were handed in afterwards.
    """
    expected, is_ambiguous = level_now, False
    for position, change in recorded_live:
        if position >= count.span.ends:
            expected -= change
        elif position > count.span.begins:
            is_ambiguous = True
    for witness, change in recorded_late:
        found = relation(witness, count, count_position)
        if found is Relation.AFTER:
            expected -= change
        elif found is Relation.AMBIGUOUS:
            is_ambiguous = True
    return Decided(expected, is_ambiguous)
