"""The Hello decision table: every row of SPEC.md, "Hello", by its name."""

from sync_protocol.handshake import (
    ACTIONS,
    FeedVerdict,
    KnownFeed,
    KnownOrigin,
    Verdict,
    checkpoint_positions,
    common_position,
    decide,
    decide_feed,
)
from sync_protocol.messages import Checkpoint
from tests.unit.sync_protocol.build import FEED, INSTANCE, SITE, cursor, hash_at, hello

VERSIONS = (1, 1)


def known(mark: int, **changes: object) -> KnownOrigin:
    """What the hub knows when it has committed `mark` records of the healthy box of build.hello."""
    fields = {"mark": mark, "mark_hash": hash_at(mark), "hash_at_head": None, "boot": 5, "instance": INSTANCE}
    return KnownOrigin(**{**fields, **changes})  # type: ignore[arg-type]


def verdict(origin: KnownOrigin | None, **told: object) -> Verdict:
    return decide(hello(**told), origin, versions=VERSIONS)


def test_normal() -> None:
    assert verdict(known(90)) is Verdict.NORMAL


def test_normal_for_a_box_that_never_sent_anything() -> None:
    empty = {"head": 0, "acked": 0, "chain_head": hash_at(0), "acked_hash": hash_at(0), "first_retained": 1}
    assert verdict(known(0), **empty) is Verdict.NORMAL


def test_lost_ack() -> None:
    assert verdict(known(95)) is Verdict.LOST_ACK
    assert verdict(known(100)) is Verdict.LOST_ACK


def test_hub_rolled_back() -> None:
    assert verdict(known(50)) is Verdict.HUB_ROLLED_BACK


def test_hub_rolled_back_to_exactly_what_is_retained() -> None:
    assert verdict(known(10)) is Verdict.HUB_ROLLED_BACK


def test_beyond_retention() -> None:
    assert verdict(known(9)) is Verdict.BEYOND_RETENTION


def test_edge_rolled_back() -> None:
    assert verdict(known(120, hash_at_head=hash_at(100))) is Verdict.EDGE_ROLLED_BACK
    assert verdict(known(120, hash_at_head=None)) is Verdict.EDGE_ROLLED_BACK


def test_fork_when_the_hub_has_another_hash_at_the_edges_head() -> None:
    assert verdict(known(120, hash_at_head=hash_at(100, "other"))) is Verdict.FORK


def test_fork_when_the_edge_has_another_hash_at_the_hubs_mark() -> None:
    assert verdict(known(90, mark_hash=hash_at(90, "other"))) is Verdict.FORK
    assert verdict(known(100, mark_hash=hash_at(100, "other"))) is Verdict.FORK


def test_fork_at_a_checkpoint() -> None:
    told = [Checkpoint(position=96, hash=hash_at(96))]
    assert verdict(known(96, mark_hash=hash_at(96, "other")), checkpoints=told) is Verdict.FORK
    assert verdict(known(96), checkpoints=told) is Verdict.LOST_ACK


def test_clone_of_the_same_start() -> None:
    assert verdict(known(90, instance="33" * 8)) is Verdict.CLONE


def test_clone_of_an_older_start() -> None:
    assert verdict(known(90, boot=6)) is Verdict.CLONE


def test_the_same_process_may_come_back_and_a_newer_start_takes_over() -> None:
    assert verdict(known(90)) is Verdict.NORMAL
    assert verdict(known(90, boot=4, instance="33" * 8)) is Verdict.NORMAL
    assert verdict(known(90, boot=0, instance=None)) is Verdict.NORMAL


def test_closed_comes_before_clone_and_positions() -> None:
    assert verdict(known(90, is_closed=True, instance="33" * 8)) is Verdict.CLOSED


def test_revoked_comes_before_closed() -> None:
    assert verdict(known(90, is_revoked=True, is_closed=True)) is Verdict.REVOKED


def test_unknown() -> None:
    assert verdict(None) is Verdict.UNKNOWN


def test_version_comes_first() -> None:
    assert verdict(None, version_min=2, version_max=3) is Verdict.VERSION
    assert verdict(known(90), version_min=0, version_max=0) is Verdict.VERSION
    assert verdict(known(90), version_min=0, version_max=9) is Verdict.NORMAL


def test_every_verdict_has_an_action() -> None:
    assert set(ACTIONS) == set(Verdict)


def feed(**changes: object) -> KnownFeed:
    fields = {"origin_id": FEED, "head": 50, "first_retained": 11, "hash_at_cursor": hash_at(40)}
    return KnownFeed(**{**fields, **changes})  # type: ignore[arg-type]


def test_feed_normal() -> None:
    assert decide_feed(cursor(40), feed()) is FeedVerdict.NORMAL


def test_feed_snapshot_for_a_new_box() -> None:
    assert decide_feed(None, feed()) is FeedVerdict.SNAPSHOT


def test_feed_snapshot_when_the_cursor_is_older_than_what_is_kept() -> None:
    assert decide_feed(cursor(9), feed(hash_at_cursor=None)) is FeedVerdict.SNAPSHOT


def test_feed_ahead_when_the_hub_forgot_what_the_edge_has() -> None:
    assert decide_feed(cursor(51), feed(hash_at_cursor=None)) is FeedVerdict.FEED_AHEAD


def test_feed_ahead_when_the_feed_has_another_origin_now() -> None:
    assert decide_feed(cursor(5, origin=SITE), feed()) is FeedVerdict.FEED_AHEAD


def test_feed_ahead_when_one_position_has_two_hashes() -> None:
    assert decide_feed(cursor(40, branch="other"), feed()) is FeedVerdict.FEED_AHEAD


def test_checkpoints_are_exponentially_spaced_and_end_at_what_is_retained() -> None:
    assert checkpoint_positions(100, 11, 40) == [100, 99, 98, 96, 92, 84, 68, 36, 10]
    assert checkpoint_positions(0, 1, 40) == [0]
    assert checkpoint_positions(10**12, 1, 5) == [*(10**12 - n for n in (0, 1, 2, 4)), 0]


def test_a_branch_begins_after_the_newest_checkpoint_that_agrees() -> None:
    told = [Checkpoint(position=p, hash=hash_at(p)) for p in (100, 99, 97)]
    assert common_position(told, {100: hash_at(100, "x"), 99: hash_at(99), 97: hash_at(97)}) == 99
    assert common_position(told, {100: hash_at(100, "x")}) == 0
