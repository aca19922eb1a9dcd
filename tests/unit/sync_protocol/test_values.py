"""Digest, snapshot, clocks, registers and retention: the protocol's small pure parts."""

from random import Random

import pytest

from sync_protocol import digest, snapshot
from sync_protocol.clock import JumpDetector, OffsetEstimator, corrected, full_jitter, is_trusted, next_hybrid
from sync_protocol.errors import BadSignature, Malformed, TooLarge
from sync_protocol.limits import RETENTION_MS, SNAPSHOT_CHUNK_BYTES_MAX
from sync_protocol.records import Fact, encode
from sync_protocol.registers import Edit, Register, decide_deletion, decide_field, decide_revival
from sync_protocol.retention import SafeAt, prune_below, should_note
from tests.unit.sync_protocol.build import FEED, KEY, PRODUCT, SITE, VERIFY, cursor

LEVELS = [(f"{PRODUCT[:-2]}{n:02d}", place, n * 1000 - 50_000) for n in range(100) for place in ("shelf", "customer")]


# --- digest ---------------------------------------------------------------------------


def test_the_digest_does_not_depend_on_order_or_zero_levels() -> None:
    shuffled = Random(1).sample(LEVELS, len(LEVELS))
    assert digest.bucket_sums(LEVELS) == digest.bucket_sums([*shuffled, (PRODUCT, "shelf", 0)])
    assert len(digest.bucket_sums([])) == digest.DIGEST_BYTES


def test_one_wrong_level_shows_in_the_bucket_of_its_product_only() -> None:
    wrong = [(LEVELS[7][0], LEVELS[7][1], 12345), *LEVELS[:7], *LEVELS[8:]]
    assert digest.differing(digest.bucket_sums(LEVELS), digest.bucket_sums(wrong)) == [digest.bucket_of(LEVELS[7][0])]


def test_the_same_quantity_in_another_location_differs() -> None:
    sums = [digest.bucket_sums([(PRODUCT, place, 5)]) for place in ("shelf", "backroom")]
    assert digest.differing(*sums) == [digest.bucket_of(PRODUCT)]


def test_a_digest_of_another_length_is_malformed() -> None:
    with pytest.raises(Malformed):
        digest.differing(digest.bucket_sums([]), b"short")


# --- snapshot -------------------------------------------------------------------------


def catalogue(count: int, seed: int = 1) -> list[bytes]:
    random = Random(seed)
    return [encode(Fact("product", {"product_id": str(n), "name": random.randbytes(200).hex()})) for n in range(count)]


def test_chunks_give_back_the_records_in_order() -> None:
    lines = catalogue(6_000)
    chunks = list(snapshot.chunk(lines))
    assert len(chunks) > 2
    assert [line for part in chunks for line in snapshot.open_chunk(part.hash, part.data)] == lines
    assert all(len(part.data) <= SNAPSHOT_CHUNK_BYTES_MAX for part in chunks)


def test_a_change_in_the_middle_keeps_the_other_chunks() -> None:
    lines = catalogue(12_000)
    before = {part.hash for part in snapshot.chunk(lines)}
    lines.insert(6_000, encode(Fact("product", {"product_id": "new"})))
    after = {part.hash for part in snapshot.chunk(lines)}
    assert len(after - before) <= 2 < len(after)


def test_no_records_make_no_chunks() -> None:
    assert list(snapshot.chunk([])) == []


def test_a_chunk_with_one_flipped_bit_is_malformed() -> None:
    (part,) = snapshot.chunk(catalogue(10))
    with pytest.raises(Malformed):
        snapshot.open_chunk(part.hash, part.data[:-1] + bytes([part.data[-1] ^ 1]))


def test_a_chunk_beyond_the_limit_is_not_even_hashed() -> None:
    with pytest.raises(TooLarge):
        snapshot.open_chunk("00" * 32, bytes(SNAPSHOT_CHUNK_BYTES_MAX + 1))


def manifest() -> snapshot.Manifest:
    refs = [
        snapshot.ChunkRef(hash=part.hash, bytes=len(part.data), records=part.records)
        for part in snapshot.chunk(catalogue(10))
    ]
    return snapshot.Manifest(site_id=SITE, kind="catalogue", feed=cursor(7, FEED), chunks=refs, products=10)


def test_a_manifest_is_believed_with_the_hubs_signature_only() -> None:
    signed = snapshot.sign_manifest(manifest(), KEY.sign)
    assert snapshot.read_manifest(signed.model_dump_json().encode(), VERIFY) == signed
    tampered = signed.model_copy(update={"products": 11})
    with pytest.raises(BadSignature):
        snapshot.read_manifest(tampered.model_dump_json().encode(), VERIFY)
    with pytest.raises(Malformed):
        snapshot.read_manifest(b"{}", VERIFY)


# --- clock ----------------------------------------------------------------------------


def test_the_offset_is_taken_from_the_shortest_round_trip() -> None:
    estimator = OffsetEstimator()
    assert estimator.offset_ms is None
    estimator.observe(hub_time_ms=1_000_000, sent_ms=0, received_ms=4_000)
    estimator.observe(hub_time_ms=1_000_050, sent_ms=5_000, received_ms=5_100)
    assert estimator.offset_ms == 995_000
    assert corrected(5_100, estimator.offset_ms) == 1_000_100


def test_a_clock_that_was_set_voids_what_was_learnt() -> None:
    estimator = OffsetEstimator()
    estimator.observe(hub_time_ms=10, sent_ms=0, received_ms=0)
    estimator.jumped()
    assert estimator.offset_ms is None


def test_an_answer_from_before_its_question_is_no_sample() -> None:
    estimator = OffsetEstimator()
    estimator.observe(hub_time_ms=10, sent_ms=100, received_ms=0)
    assert estimator.offset_ms is None


def test_a_jump_is_seen_and_drift_is_not() -> None:
    detector = JumpDetector()
    looks = [(0, 0), (10_001, 10_000), (3_610_001, 20_000), (10_001, 30_000)]
    assert [detector.look(*look) for look in looks] == [0, 0, 3_590_000, -3_610_000]


def test_a_clock_is_trusted_once_the_hub_has_set_it_right() -> None:
    now = 1_790_000_000_000
    assert not is_trusted(now, None)
    assert is_trusted(now, 5)
    assert is_trusted(0, now)
    assert not is_trusted(0, 5)


def test_hybrid_time_never_goes_back_and_does_not_follow_a_clock_that_was_far_ahead() -> None:
    assert next_hybrid((1_000, 3), 500) == (1_000, 4)
    assert next_hybrid((1_000, 3), 2_000) == (2_000, 0)
    assert next_hybrid((63_000, 1), 3_000) == (63_000, 2)
    assert next_hybrid((10**15, 0), 3_000) == (3_000, 0)


def test_full_jitter_is_anything_up_to_a_doubling_bound() -> None:
    assert [full_jitter(n, 500, 60_000, lambda: 0.999999) for n in (0, 1, 2, 7, 10**6)] == [
        499, 999, 1_999, 59_999, 59_999,
    ]  # fmt: skip
    assert full_jitter(5, 500, 60_000, lambda: 0.0) == 0


# --- registers ------------------------------------------------------------------------


def current(**changes: object) -> Register:
    fields = {"value": "old", "version": (1, 7), "hlc": (1_000, 0), "node": "hub"}
    return Register(**{**fields, **changes})  # type: ignore[arg-type]


def edit(**changes: object) -> Edit:
    fields = {"value": "new", "base_version": (1, 6), "hlc": (2_000, 0), "node": "store"}
    return Edit(**{**fields, **changes})  # type: ignore[arg-type]


def decided(field: str, register: Register, wanted: Edit) -> tuple[bool, bool]:
    decision = decide_field(field, register, wanted)
    return decision.is_accepted, decision.is_conflict


def test_an_edit_of_the_current_version_is_accepted_whatever_the_clocks_say() -> None:
    wanted = edit(base_version=(1, 7), hlc=(0, 0), is_trusted=False)
    assert decided("price", current(), wanted) == (True, False)


def test_a_version_of_a_newer_epoch_is_newer_whatever_its_number() -> None:
    assert decided("price", current(version=(2, 1)), edit(base_version=(1, 900))) == (False, True)


def test_the_same_value_is_no_conflict() -> None:
    assert decided("name", current(), edit(value="old")) == (False, False)


def test_concurrent_edits_go_by_the_fields_policy() -> None:
    assert decided("price", current(), edit()) == (False, True)
    assert decided("reorder_point", current(hlc=(9_000, 0)), edit()) == (True, True)
    assert decided("name", current(), edit()) == (True, True)
    assert decided("name", current(hlc=(9_000, 0)), edit()) == (False, True)


def test_an_untrusted_clock_loses_to_a_trusted_one() -> None:
    assert decided("name", current(), edit(hlc=(10**15, 0), is_trusted=False)) == (False, True)


def test_two_stores_concurrent_edits_go_to_the_later_and_ties_to_the_node() -> None:
    for field in ("price", "reorder_point", "name"):
        other = current(is_store_edit=True, node="store-a")
        assert decided(field, other, edit(node="store-b")) == (True, True)
        assert decided(field, other, edit(node="store-b", hlc=(1_000, 0))) == (True, True)
        assert decided(field, other, edit(node="store-0", hlc=(1_000, 0))) == (False, True)


def test_a_node_knows_what_it_wrote_itself() -> None:
    own = current(node="store", is_store_edit=True, hlc=(9_000, 0))
    assert decided("price", own, edit()) == (True, False)


def test_a_deletion_loses_to_an_edit_that_it_had_not_seen() -> None:
    seen, unseen = current(version=(1, 6)), current(version=(1, 7))
    assert decide_deletion([seen, seen], edit()) == (True, False)
    assert decide_deletion([seen, unseen], edit()) == (False, True)
    assert decide_deletion([seen, current(version=(1, 7), node="store")], edit()) == (True, False)


def test_an_edit_revives_unless_it_had_seen_the_deletion() -> None:
    assert decide_revival(current(version=(1, 7)), edit()) == (True, True)
    assert decide_revival(current(version=(1, 7)), edit(base_version=None)) == (True, True)
    assert decide_revival(current(version=(1, 6)), edit()) == (False, False)


# --- retention ------------------------------------------------------------------------

SEEN = [SafeAt(10, 0), SafeAt(20, 1_000), SafeAt(30, RETENTION_MS)]


def below(now_ms: int, *, safe_mark: int = 30, acked: int = 30, is_trusted: bool = True) -> int:
    return prune_below(safe_mark=safe_mark, acked=acked, seen=SEEN, now_ms=now_ms, is_trusted=is_trusted)


def test_what_was_safe_for_long_enough_may_go() -> None:
    assert [below(RETENTION_MS + at) for at in (-1, 0, 1_000)] == [1, 11, 21]


def test_nothing_above_the_safe_mark_or_the_ack_ever_goes() -> None:
    late = 10 * RETENTION_MS
    assert below(late) == 31
    assert below(late, safe_mark=5) == 6
    assert below(late, acked=7) == 8


def test_with_an_untrusted_clock_nothing_goes() -> None:
    assert below(10 * RETENTION_MS, is_trusted=False) == 1


def test_the_safe_mark_is_noted_once_a_day_when_it_moved() -> None:
    day = 24 * 3_600_000
    assert should_note(None, 5, 0)
    assert not should_note(None, 0, 0)
    assert not should_note(SafeAt(5, 0), 5, day)
    assert not should_note(SafeAt(5, 0), 6, day - 1)
    assert should_note(SafeAt(5, 0), 6, day)
