"""What a Hello tells of the ledger, and what a sealed range holds."""

import random

import pytest

from edge_agent.errors import Unavailable
from edge_agent.services import uplink
from edge_agent.storage import feed, identity, ledger, retention
from sync_protocol import batch, chain
from sync_protocol.effects import SaveMark
from sync_protocol.sender import Range
from tests.unit.edge_agent_sync.builders import NOW_MS, ORIGIN, RECORD_KEY, a_store, sell


def test_an_empty_ledger_tells_its_genesis() -> None:
    view = uplink.view(a_store(), "00" * 8)

    assert (view.head, view.acked, view.first_retained) == (0, 0, 1)
    assert view.chain_head == view.acked_hash == chain.genesis(view.site_id, ORIGIN)
    assert view.feed is None


def test_checkpoints_lead_from_the_head_down_with_their_hashes() -> None:
    store = a_store()
    head = sell(store, 20)

    view = uplink.view(store, "00" * 8)

    assert [point.position for point in view.checkpoints] == [
        head,
        *[head - 2**n for n in range(5)],
        0,
    ]
    assert all(point.hash == ledger.hash_at(store, point.position).hex() for point in view.checkpoints)


def test_a_pruned_ledger_that_the_hub_forgot_speaks_for_what_it_retains() -> None:
    store = a_store()
    sell(store, 20)
    retention.prune(store, 10, NOW_MS)
    identity.save_ack(store, 3, 0, 2)

    view = uplink.view(store, "00" * 8)

    assert (view.first_retained, view.acked) == (10, 9)
    assert view.acked_hash == ledger.hash_at(store, 9)


def test_a_sealed_range_opens_to_the_stored_bytes() -> None:
    store = a_store()
    head = sell(store, 5)
    previous, encoded = uplink.read_range(store, Range(2, head - 1))

    sent, sealed = uplink.seal(ORIGIN, Range(2, head - 1), previous, encoded, RECORD_KEY.sign)

    opened = batch.open_batch(batch.parse(sealed))
    assert [text for text, _ in opened.rows] == encoded
    assert opened.hashes[-1] == ledger.head(store)[1]
    assert (sent.first, sent.count) == (2, head - 1)


def test_a_range_whose_begin_was_pruned_since_the_hello_is_not_sealed_under_other_positions() -> None:
    store = a_store()
    head = sell(store, 20)
    retention.prune(store, 10, NOW_MS)

    with pytest.raises(Unavailable, match=f"expected {head} records from 1"):
        uplink.read_range(store, Range(1, head))


def test_a_range_too_large_for_one_batch_is_cut() -> None:
    noise = random.Random(1)
    encoded = [b'["x",{"a":"' + noise.randbytes(7000).hex().encode() + b'"}]' for _ in range(60)]

    sent, sealed = uplink.seal(ORIGIN, Range(1, 60), bytes(32), encoded, RECORD_KEY.sign)

    assert 0 < sent.count < 60
    assert batch.parse(sealed).count == sent.count


def test_a_hash_that_is_pruned_or_beyond_is_not_known() -> None:
    store = a_store()
    head = sell(store, 20)
    retention.prune(store, 10, NOW_MS)

    assert uplink.own_hash(store, 3) is None
    assert uplink.own_hash(store, head + 1) is None
    assert uplink.own_hash(store, 9) is not None


def test_a_mark_may_go_back_and_what_was_rejected_is_kept() -> None:
    store = a_store()
    uplink.save_mark(store, SaveMark(7, 5, 1), NOW_MS)
    uplink.save_mark(store, SaveMark(3, 0, 2, (2, 3)), NOW_MS)

    who = identity.get(store)
    assert (who.acked, who.safe_mark, who.hub_epoch) == (3, 0, 2)
    assert feed.rejected_positions(store) == [2, 3]


@pytest.mark.parametrize("epoch", [None, 4])
def test_a_plain_ack_keeps_the_epoch(epoch: int | None) -> None:
    store = a_store()
    uplink.save_mark(store, SaveMark(1, 0, 4), NOW_MS)

    uplink.save_mark(store, SaveMark(2, 0, epoch), NOW_MS)

    assert identity.get(store).hub_epoch == 4
