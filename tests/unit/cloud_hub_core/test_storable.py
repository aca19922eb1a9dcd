"""Records made fit for a database: what passes untouched, what is mended, what goes to quarantine."""

import pytest

from cloud_hub.domain.storable import refuse, storable
from sync_protocol.batch import UNREADABLE
from sync_protocol.limits import QUANTITY_MAX
from sync_protocol.receiver import Accepted
from sync_protocol.records import Fact, Item, Movement, Record, Unknown, encode

SALE = Movement(1, 1000, "shelf", "customer", "sale", 5)


def stretch(*records: Record, first: int = 7) -> Accepted:
    return Accepted(first, [(encode(record), record) for record in records], [bytes(32)] * len(records), [])


def test_an_ordinary_stretch_is_the_very_same() -> None:
    accepted = stretch(Item(1, "p"), SALE, Fact("note", {"a": 1}))

    assert storable(accepted) is accepted


@pytest.mark.parametrize(
    "poison",
    [
        SALE._replace(quantity=QUANTITY_MAX + 1),
        SALE._replace(from_location="x" * 600),
        SALE._replace(key="k" * 200),
    ],
)
def test_a_movement_beyond_the_limits_is_unreadable_and_its_bytes_stay(poison: Movement) -> None:
    made = storable(stretch(SALE, poison, SALE))

    encoded, record = made.rows[1]
    assert (made.rejected, record) == ([8], Unknown(UNREADABLE, encoded))
    assert encoded == encode(poison)
    assert [made.rows[0][1], made.rows[2][1]] == [SALE, SALE]


def test_a_long_note_is_no_reason_to_refuse() -> None:
    wordy = SALE._replace(note="n" * 5000)

    assert storable(stretch(wordy)).rows[0][1] == wordy


def test_nul_becomes_the_replacement_character_wherever_it_is() -> None:
    made = storable(stretch(SALE._replace(note="a\0"), Fact("note", {"a\0": ["b\0", {"c": "\0"}]})))

    assert made.rows[0][1] == SALE._replace(note="a\ufffd")
    assert made.rows[1][1] == Fact("note", {"a\ufffd": ["b\ufffd", {"c": "\ufffd"}]})
    assert made.rejected == []


def test_refused_rows_are_listed_with_those_that_were_unreadable_before() -> None:
    accepted = stretch(SALE, SALE, SALE)
    first = refuse(accepted, [2])

    assert refuse(first, [0]).rejected == [7, 9]
