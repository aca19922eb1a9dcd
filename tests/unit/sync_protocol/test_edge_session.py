"""What the simulator found in the edge's end of the conversation, each as a small case."""

from collections.abc import Callable
from dataclasses import replace

from sync_protocol import chain
from sync_protocol import messages as say
from sync_protocol.edge_session import EdgeSession, Link
from sync_protocol.effects import Disconnect, Publish, SaveMark, TellPruned
from sync_protocol.ledger_view import LedgerView
from sync_protocol.limits import PING_AFTER_MS

SITE, ORIGIN, DEVICE, FEED = (f"0190a000-0000-7000-8000-00000000000{n}" for n in range(4))
SESSION, LEASE = "a" * 16, "b" * 16
HASH = chain.genesis(SITE, ORIGIN)


def _nothing(_signature: bytes, _signed: bytes) -> None: ...


def a_view(head: int = 0) -> LedgerView:
    return LedgerView(
        site_id=SITE, origin_id=ORIGIN, device_id=DEVICE, certificate="c", boot=1, instance="c" * 16, head=head,
        chain_head=HASH, acked=0, acked_hash=HASH, first_retained=1, checkpoints=[],
        feed=say.FeedCursor(origin_id=FEED, position=3, hash=HASH.hex()), hub_epoch=1,
    )  # fmt: skip


def a_greeting(head: int = 0) -> EdgeSession:
    session = EdgeSession(verify_hub=_nothing)
    session.connected(a_view(head), SESSION, now=0, clock_ms=0)
    return session


def a_fence(salvage_lease: str | None = None) -> bytes:
    return say.encode(say.Fenced(session=SESSION, verdict="fork", detail="", salvage_lease=salvage_lease))


def streaming() -> EdgeSession:
    session = a_greeting()
    welcome = say.Welcome(
        session=SESSION, lease=LEASE, verdict="normal", mark=0, mark_hash=HASH.hex(), safe_mark=0, hub_epoch=1,
        hub_time_ms=0, credits=4, feed=say.FeedCursor(origin_id=FEED, position=3, hash=HASH.hex()),
        feed_verdict="normal",
    )  # fmt: skip
    session.received(say.encode(welcome), now=0, clock_ms=0)
    session.hash_known(HASH, now=0, clock_ms=0)
    assert session.link is Link.STREAMING
    return session


def beyond_retention() -> EdgeSession:
    """A restored hub knows nothing of a ledger of 9, of which 1 to 6 are pruned."""
    session = EdgeSession(verify_hub=_nothing)
    session.connected(replace(a_view(9), acked=6, first_retained=7), SESSION, now=0, clock_ms=0)
    welcome = say.Welcome(
        session=SESSION, lease=LEASE, verdict="beyond_retention", mark=0, mark_hash=HASH.hex(), safe_mark=0,
        hub_epoch=2, hub_time_ms=0, credits=4, feed=say.FeedCursor(origin_id=FEED, position=3, hash=HASH.hex()),
        feed_verdict="normal",
    )  # fmt: skip
    session.received(say.encode(welcome), now=0, clock_ms=0)
    assert TellPruned(6) in session.hash_known(None, now=0, clock_ms=0)
    return session


def an_ack(mark: int) -> bytes:
    return say.encode(say.Ack(lease=LEASE, mark=mark, mark_hash=HASH.hex(), safe_mark=0, credits=4))


def said(effects: list[object]) -> list[str]:
    decode: Callable[[bytes], say.UpMessage] = say.decode_up
    return [decode(effect.data).type for effect in effects if isinstance(effect, Publish)]


def test_a_silent_box_asks_whether_its_session_still_stands_and_says_its_feed_cursor_again() -> None:
    session = streaming()

    assert said([*session.on_timer(PING_AFTER_MS - 1)]) == []
    assert said([*session.on_timer(PING_AFTER_MS)]) == ["ping", "feed_ack"]


def test_a_late_copy_of_its_hello_does_not_stop_a_conversation_that_goes_well() -> None:
    session = streaming()

    assert session.received(a_fence(), now=1, clock_ms=1) == []
    assert session.link is Link.STREAMING


def test_levels_that_stand_for_pruned_records_are_told_again_when_that_was_lost() -> None:
    session = beyond_retention()

    assert session.received(an_ack(0), now=1, clock_ms=1) == [TellPruned(6)]
    assert session.next_range(2) is None

    session.received(an_ack(6), now=3, clock_ms=3)
    assert session.next_range(4).first == 7


def test_a_box_whose_pruned_records_are_awaited_hears_that_its_session_is_over() -> None:
    session = beyond_retention()
    nack = say.encode(say.Nack(lease=LEASE, code="lease", expected=1, detail="this session is over"))

    assert session.received(nack, now=1, clock_ms=1) == [Disconnect("hub refused a batch: lease")]


def test_the_mark_of_a_salvaged_tail_is_never_the_origins_mark() -> None:
    session = a_greeting(head=2)
    session.received(a_fence(LEASE), now=0, clock_ms=0)
    ack = say.encode(say.Ack(lease=LEASE, mark=2, mark_hash=HASH.hex(), safe_mark=0, credits=4))

    first = session.received(ack, now=1, clock_ms=1)
    session.appended(3, now=2)
    again = session.received(ack, now=3, clock_ms=3)

    assert not any(isinstance(effect, SaveMark) for effect in [*first, *again])
