"""Digests, drill-downs, summaries and checkpoints as messages that fit."""

import base64

import orjson

from edge_agent.services import audit
from edge_agent.storage import feed, ledger, levels, retention
from sync_protocol import messages as say
from sync_protocol.digest import bucket_of, bucket_sums, compare
from sync_protocol.limits import CONTROL_BYTES_MAX
from tests.unit.edge_agent_sync.builders import NOW_MS, RECORD_KEY, a_sale, a_store, an_id, sell

LEASE = "00" * 8
SIGNED = ("position", "chain_hash", "part", "parts", "levels", "items", "last_item")


def a_wide_store(products: int):
    store = a_store()
    ledger.append(store, [a_sale(an_id(number)) for number in range(products)])
    return store


def test_a_digest_is_of_the_levels_as_they_were() -> None:
    store = a_store()
    head = sell(store, 3)
    before = bucket_sums(levels.all_levels(store))
    sell(store, 2)

    chain_hash, sums, incomplete = audit.digest(store, head)

    assert base64.b64decode(sums) == before
    assert chain_hash == ledger.hash_at(store, head)
    assert incomplete == []


def test_positions_that_the_hub_could_not_read_are_named() -> None:
    store = a_store()
    head = sell(store, 3)
    feed.save_rejected(store, [2, head + 1], NOW_MS)

    assert audit.digest(store, head)[2] == [2]


def test_a_bucket_too_large_for_one_message_comes_in_pages_that_cover_it_all() -> None:
    numbers = [number for number in range(140_000) if bucket_of(an_id(number)) == 7][:500]
    store = a_store()
    ledger.append(store, [a_sale(an_id(number)) for number in numbers])
    head, _ = ledger.head(store)
    ours = list(levels.all_levels(store))

    encoded = audit.bucket_levels(store, LEASE, head, [7, 8])
    told = [say.decode_up(data) for data in encoded]

    assert all(len(data) <= CONTROL_BYTES_MAX for data in encoded)
    pages = [message for message in told if message.buckets == [7]]
    assert len(pages) > 1
    assert (pages[0].after, pages[-1].until) == (None, None)
    assert [page.until for page in pages[:-1]] == [page.after for page in pages[1:]]
    assert all(not compare(ours, message) for message in told)
    for product, place, quantity in (ours[0], ours[len(ours) // 2], (an_id(numbers[3]), "backroom", 0)):
        damaged = [row for row in ours if row[:2] != (product, place)] + [(product, place, quantity + 1)]
        found = [compare(damaged, message) for message in told]
        assert [each for each in found if each] == [{(product, place): (quantity + 1, quantity)}]


def test_a_bucket_in_which_the_store_has_nothing_is_told_too() -> None:
    store = a_store()
    ghost = next(an_id(number) for number in range(10_000) if bucket_of(an_id(number)) == 9)

    (told,) = [say.decode_up(data) for data in audit.bucket_levels(store, LEASE, ledger.head(store)[0], [9])]

    assert (told.buckets, told.levels) == ([9], [])
    assert compare([(ghost, "shelf", 5)], told) == {(ghost, "shelf"): (5, 0)}


def test_a_drill_down_holds_whole_buckets_and_fits() -> None:
    store = a_wide_store(2_000)
    head, _ = ledger.head(store)

    told = [say.decode_up(data) for data in audit.bucket_levels(store, LEASE, head, range(0, 256, 2))]

    rows = [row for message in told for row in message.levels]
    assert sorted(rows) == sorted(row for row in levels.all_levels(store) if bucket_of(row[0]) % 2 == 0)
    buckets = [{bucket_of(row[0]) for row in message.levels} for message in told]
    assert len(told) > 1
    assert sum(map(len, buckets)) == len(set().union(*buckets))


def test_a_summary_is_of_what_moved_and_fits() -> None:
    store = a_wide_store(1_500)
    mark, _ = ledger.head(store)
    ledger.append(store, [a_sale(an_id(number)) for number in range(1_200)])

    parts = audit.level_summary(store, LEASE, mark)

    assert all(len(part) <= CONTROL_BYTES_MAX for part in parts)
    told = dict(row for part in parts for row in say.decode_up(part).available)
    assert told == {an_id(number): -2_000 for number in range(1_200)}


def test_pruned_levels_are_signed_and_whole() -> None:
    store = a_wide_store(900)
    retention.prune(store, 1_500, NOW_MS)
    checkpoint = audit.summary.checkpoint(store)

    parts = [say.decode_up(data) for data in audit.pruned_levels(store, LEASE, RECORD_KEY.sign)]

    levels_told = [part for part in parts if part.levels]
    assert [part.part for part in levels_told] == list(range(parts[0].parts))
    assert [row for part in levels_told for row in part.levels] == checkpoint.levels
    assert all(len(data) <= CONTROL_BYTES_MAX for data in audit.pruned_levels(store, LEASE, RECORD_KEY.sign))
    for part in parts:
        said = [getattr(part, name) for name in SIGNED]
        RECORD_KEY.public_key().verify(bytes.fromhex(part.signature), orjson.dumps(said))


def test_with_pruned_levels_go_the_items_that_what_is_left_refers_to_and_no_others() -> None:
    store = a_wide_store(300)
    retention.prune(store, 401, NOW_MS)  # each product's item stands before its sale: 200 of each

    *first, last = [say.decode_up(data) for data in audit.pruned_levels(store, LEASE, RECORD_KEY.sign)]

    assert [item[:2] for part in first for item in part.items] == [(at + 1, an_id(at)) for at in range(200)]
    assert {part.last_item for part in first} == {last.last_item} == {200}
    assert last.levels and not last.items


def test_a_level_that_was_wrong_is_folded_again_and_told_as_a_task() -> None:
    store = a_store()
    head = sell(store, 3)
    store.execute("UPDATE levels SET quantity = 7 WHERE location = 'shelf'")

    assert audit.rebuild(store, [an_id(5)], NOW_MS) == 1

    assert levels.at(store, an_id(5), "shelf") == -3_000
    assert ledger.head(store)[0] == head + 1
