"""The items of a branch's movements are those of its own line, whatever lies beside it."""

from cloud_hub.domain.branch_items import items_in_force
from sync_protocol import chain
from sync_protocol.records import Item, Movement, Record, encode

MILK, BREAD, SALT = (Item(7, f"0000000{n}-0000-4000-8000-000000000000", "") for n in range(3))
SALE = Movement(7, 1000, "shelf", "customer", "sale", 5)
FORK = chain.genesis("site", "origin")


def a_line(fork: bytes, first: int, *records: Record) -> list[tuple[int, bytes, bytes]]:
    texts = [encode(record) for record in records]
    return list(zip(range(first, first + len(texts)), texts, chain.extend_each(fork, texts), strict=True))


def test_two_lines_may_give_one_number_to_different_products() -> None:
    one, other = a_line(FORK, 1, MILK, SALE), a_line(FORK, 1, BREAD, SALE)

    found = items_in_force(sorted(one + other), {})

    assert [found[line[1][2]][7] for line in (one, other)] == [MILK, BREAD]


def test_a_definition_holds_for_what_follows_on_its_line_and_not_before() -> None:
    line = a_line(FORK, 1, SALE, MILK, SALE)

    found = items_in_force(line, {7: SALT})

    assert [found[chain_hash].get(7) for _, _, chain_hash in line] == [SALT, MILK, MILK]


def test_a_tail_that_goes_on_from_the_middle_of_another_has_what_was_defined_up_to_there() -> None:
    one = a_line(FORK, 1, MILK, SALE, BREAD, SALE)
    tail = a_line(one[1][2], 3, SALE, SALE._replace(quantity=2000))

    found = items_in_force(sorted(one + tail), {})

    assert found[tail[1][2]] == {7: MILK}


def test_what_is_no_record_does_not_break_the_line() -> None:
    texts = [encode(MILK), b"\xff no record", encode(SALE)]
    line = list(zip((1, 2, 3), texts, chain.extend_each(FORK, texts), strict=True))

    assert items_in_force(line, {})[line[2][2]] == {7: MILK}
