"""The Sender: window, cumulative acks, one rewind per gap, and no state that waits for ever."""

import pytest

from sync_protocol.limits import CREDITS_MAX, RESEND_TIMEOUT_MS, STALL_TIMEOUT_MS
from sync_protocol.sender import NO_CREDIT_PATIENCE, Range, Sender, SenderState, Stall
from tests.unit.sync_protocol.build import LEASE, ack, nack


def streaming(head: int = 100, mark: int = 0, credits: int = 4, start_after_ms: int = 0) -> Sender:
    sender = Sender(batch_records_max=10)
    sender.start(lease=LEASE, mark=mark, head=head, credits=credits, now=0, start_after_ms=start_after_ms)
    return sender


def send_all(sender: Sender, now: int = 0) -> list[Range]:
    sent = []
    while (wanted := sender.next_range(now)) is not None:
        sender.published(wanted)
        sent.append(wanted)
    return sent


def firsts(sent: list[Range]) -> list[int]:
    return [part.first for part in sent]


def test_nothing_is_sent_before_a_welcome() -> None:
    sender = Sender()
    sender.appended(10, 0)
    assert sender.next_range(0) is None
    assert sender.timer() is None


def test_it_sends_consecutive_batches_up_to_its_credits() -> None:
    assert firsts(send_all(streaming())) == [1, 11, 21, 31]


def test_credits_are_bounded_whatever_the_hub_offers() -> None:
    assert len(send_all(streaming(head=10_000, credits=10**9))) == CREDITS_MAX


def test_it_waits_for_start_after() -> None:
    sender = streaming(start_after_ms=5_000)
    assert sender.next_range(4_999) is None
    assert sender.on_timer(4_999) is Stall.NONE
    assert sender.next_range(5_000) == Range(1, 10)


def test_a_cumulative_ack_frees_the_window_also_in_the_middle_of_a_batch() -> None:
    sender = streaming()
    send_all(sender)
    assert sender.on_ack(ack(15), 1)
    assert (sender.mark, sender.pending) == (15, 85)
    assert firsts(send_all(sender, 1)) == [41]


def test_an_ack_beyond_what_was_sent_jumps_forward() -> None:
    sender = streaming()
    assert sender.on_ack(ack(50), 1)
    assert firsts(send_all(sender, 1))[0] == 51


@pytest.mark.parametrize("wrong", [ack(10, lease="ff" * 8), ack(101)])
def test_an_ack_of_another_lease_or_beyond_the_head_changes_nothing(wrong: object) -> None:
    sender = streaming()
    send_all(sender)
    assert not sender.on_ack(wrong, 1)  # type: ignore[arg-type]
    assert sender.mark == 0


def test_an_older_ack_never_takes_the_mark_back() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_ack(ack(30), 1)
    assert sender.on_ack(ack(10), 2)
    assert sender.mark == 30


def test_a_gap_goes_back_to_what_is_expected() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_nack(nack("gap", 11), 1)
    assert firsts(send_all(sender, 1)) == [11, 21, 31]


def test_several_nacks_of_one_gap_go_back_once() -> None:
    sender = streaming(credits=8)
    send_all(sender)
    for _ in range(6):
        sender.on_nack(nack("gap", 11), 1)
        if sender.next_range(1):
            first = send_all(sender, 1)
    assert firsts(first) == [11, 21, 31, 41, 51, 61, 71]
    assert sender.next_range(1) is None


def test_after_progress_a_gap_at_a_new_position_is_obeyed() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_nack(nack("gap", 11), 1)
    send_all(sender, 1)
    sender.on_ack(ack(20), 2)
    sender.on_nack(nack("gap", 21), 3)
    assert firsts(send_all(sender, 3))[0] == 21


def test_after_a_resend_the_same_gap_is_obeyed_again() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_nack(nack("gap", 1), 1)
    send_all(sender, 1)
    assert sender.on_timer(RESEND_TIMEOUT_MS + 1) is Stall.RESEND
    send_all(sender, RESEND_TIMEOUT_MS + 1)
    sender.on_nack(nack("gap", 1), RESEND_TIMEOUT_MS + 2)
    assert firsts(send_all(sender, RESEND_TIMEOUT_MS + 2))[0] == 1


def test_a_gap_that_was_filled_meanwhile_is_old_news() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_ack(ack(40), 1)
    send_all(sender, 1)
    assert sender.on_nack(nack("gap", 11), 2)
    assert sender.state is SenderState.STREAMING
    assert sender.next_range(2) is None


def test_what_was_acked_and_is_still_expected_after_a_resend_is_lost_and_only_a_hello_helps() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_ack(ack(20), 1)
    sender.on_nack(nack("gap", 11), 2)
    assert sender.state is SenderState.STREAMING
    assert sender.on_timer(1 + RESEND_TIMEOUT_MS) is Stall.RESEND
    sender.on_nack(nack("gap", 11), 2 + RESEND_TIMEOUT_MS)
    assert sender.state is SenderState.STOPPED


def test_raw_is_sent_raw_once_and_the_gaps_behind_it_do_not_repeat_it() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_nack(nack("raw", 1), 1)
    sent = send_all(sender, 1)
    assert [part.raw for part in sent] == [True, False, False, False]
    for code in ("gap", "gap", "raw"):
        sender.on_nack(nack(code, 1), 2)
    assert sender.next_range(2) is None


def test_raw_is_obeyed_after_a_gap_at_the_same_position() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_nack(nack("gap", 1), 1)
    send_all(sender, 1)
    sender.on_nack(nack("raw", 1), 2)
    assert send_all(sender, 2)[0] == Range(1, 10, raw=True)


def test_a_raw_range_stays_raw_when_it_is_sent_again() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_nack(nack("raw", 1), 1)
    send_all(sender, 1)
    sender.on_timer(RESEND_TIMEOUT_MS)
    assert send_all(sender, RESEND_TIMEOUT_MS)[0].raw


@pytest.mark.parametrize("code", ["chain", "signature", "lease"])
def test_a_nack_that_stops_stops(code: str) -> None:
    sender = streaming()
    send_all(sender)
    sender.on_nack(nack(code, 1), 1)
    assert sender.state is SenderState.STOPPED
    assert sender.next_range(1) is None
    assert sender.timer() is None
    assert not sender.on_ack(ack(10), 2)


def test_a_gap_beyond_the_head_stops_because_only_a_hello_can_explain_it() -> None:
    sender = streaming()
    sender.on_nack(nack("gap", 102), 1)
    assert sender.state is SenderState.STOPPED


def test_a_nack_of_another_lease_changes_nothing() -> None:
    sender = streaming()
    send_all(sender)
    assert not sender.on_nack(nack("chain", 1, lease="ff" * 8), 1)
    assert sender.state is SenderState.STREAMING


def test_no_progress_resends_from_the_mark() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_ack(ack(10), 100)
    assert sender.timer() == 100 + RESEND_TIMEOUT_MS
    assert sender.on_timer(99 + RESEND_TIMEOUT_MS) is Stall.NONE
    assert sender.on_timer(100 + RESEND_TIMEOUT_MS) is Stall.RESEND
    assert firsts(send_all(sender, 100 + RESEND_TIMEOUT_MS))[0] == 11


def test_silence_reconnects_and_any_reply_postpones_it() -> None:
    sender = streaming()
    send_all(sender)
    sender.heard(10_000)
    assert sender.on_timer(STALL_TIMEOUT_MS) is Stall.RESEND
    assert sender.on_timer(10_000 + STALL_TIMEOUT_MS) is Stall.RECONNECT


def test_pending_records_without_a_free_window_slot_still_have_a_timer() -> None:
    sender = streaming(credits=1)
    send_all(sender)
    assert sender.timer() is not None


def test_no_credits_means_patience_but_not_for_ever() -> None:
    sender = streaming(credits=0)
    assert sender.on_timer(STALL_TIMEOUT_MS) is Stall.NONE
    assert sender.on_timer(NO_CREDIT_PATIENCE * STALL_TIMEOUT_MS) is Stall.RECONNECT


def test_nothing_pending_never_stalls_and_a_new_record_starts_the_clock() -> None:
    sender = streaming(head=0)
    assert sender.timer() is None
    sender.appended(1, 1_000_000)
    send_all(sender, 1_000_000)
    assert sender.timer() == 1_000_000 + RESEND_TIMEOUT_MS


def test_a_new_session_starts_from_its_own_mark_also_a_lower_one() -> None:
    sender = streaming()
    send_all(sender)
    sender.on_ack(ack(40), 1)
    sender.disconnected()
    assert sender.next_range(2) is None
    assert not sender.on_ack(ack(50), 2)
    assert not sender.on_nack(nack("gap", 1), 2)
    sender.start(lease="aa" * 8, mark=20, head=100, credits=4, now=3)
    assert firsts(send_all(sender, 3))[0] == 21


def test_a_range_cut_by_its_bytes_is_followed_by_what_was_left() -> None:
    sender = streaming()
    wanted = sender.next_range(0)
    assert wanted == Range(1, 10)
    sender.published(Range(1, 4))
    assert sender.next_range(0) == Range(5, 10)
