"""Framing: the same stream gives the same frames, however it is cut, and nothing grows without end."""

import random
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner_drivers.framing import Frame, Framing, Mode, TextFramer
from tests.unit.scanner_drivers.builders import FUZZ_INPUTS

MODES: tuple[Mode, ...] = ("line", "tab", "stx_etx")
STREAMS = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"\t", b"\x02", b"\x03", b"\x1d", b"4006381333931", b"]E0", b"x" * 40]),
    max_size=30,
).map(b"".join)


def frames_of(chunks: list[bytes], framing: Framing) -> tuple[list[tuple[bytes, str]], int]:
    framer = TextFramer(framing)
    frames = [frame for chunk in chunks for frame in framer.feed(chunk, 0)]
    framer.reset()
    return [(frame.data, frame.reason) for frame in frames], framer.dropped


@pytest.mark.timeout(0)
@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=max(200, FUZZ_INPUTS // 4), derandomize=True, deadline=None)
@given(stream=STREAMS, cuts=st.lists(st.integers(0, 400), max_size=12), limit=st.sampled_from([16, 30, 8192]))
def test_every_split_of_a_stream_gives_the_same_frames(mode: Mode, stream: bytes, cuts: list[int], limit: int) -> None:
    """Nasty case 1."""
    framing = Framing(mode=mode, max_frame=limit)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[a:b] for a, b in pairwise(places)]
    whole = frames_of([stream], framing)
    assert frames_of(chunks, framing) == whole
    assert frames_of([bytes([byte]) for byte in stream], framing) == whole


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n", b"\r\r", b"\n\r\n"])
def test_cr_lf_and_crlf_mean_the_same_and_leave_no_ghost(ending: bytes) -> None:
    """Nasty case 2."""
    framer = TextFramer(Framing())
    stream = b"12345670" + ending + b"96385074" + ending
    got = [frame.data for byte in stream for frame in framer.feed(bytes([byte]), 0)]
    assert got == [b"12345670", b"96385074"]
    assert framer.deadline() is None


def test_control_bytes_inside_a_frame_stay_where_they_are() -> None:
    data = b"\x1d]d20104006381333931\x1d10A\x00\x1e\x04\xff\x1d"
    assert [frame.data for frame in TextFramer(Framing()).feed(data + b"\r", 0)] == [data]


def test_stx_etx_keeps_line_breaks_and_drops_what_is_outside() -> None:
    framer = TextFramer(Framing(mode="stx_etx"))
    frames = framer.feed(b"noise\x02BEGIN:VCARD\r\nEND\x03\r\n\x02cut\x02whole\x03", 5)
    assert frames == [Frame(b"BEGIN:VCARD\r\nEND", "etx", 5), Frame(b"whole", "etx", 5)]
    assert framer.dropped == len(b"noise") + len(b"\r\n") + len(b"cut")


def test_silence_ends_a_frame_only_after_the_whole_gap() -> None:
    framer = TextFramer(Framing(idle_ns=50))
    framer.feed(b"40063", 100)
    framer.feed(b"81333931", 140)
    assert framer.deadline() == 190
    assert framer.on_idle(189) == []
    assert framer.on_idle(190) == [Frame(b"4006381333931", "unterminated", 140)]
    assert framer.deadline() is None
    assert framer.on_idle(1000) == []


def test_where_silence_is_the_rule_the_frame_is_whole() -> None:
    framer = TextFramer(Framing(mode="gap", idle_ns=50))
    assert framer.feed(b"one\rscan", 0) == []
    assert framer.on_idle(50) == [Frame(b"one\rscan", "gap", 0)]


def test_a_frame_of_10000_bytes_is_one_overlong_event_and_the_next_scan_is_read() -> None:
    framer = TextFramer(Framing())
    frames = framer.feed(b"9" * 10_000 + b"\r4006381333931\r", 3)
    assert [(len(frame.data), frame.reason) for frame in frames] == [(8192, "overlong"), (13, "suffix")]
    assert framer.dropped == 10_000 - 8_192


def test_a_frame_of_exactly_the_limit_is_whole() -> None:
    framer = TextFramer(Framing(max_frame=16))
    assert [frame.reason for frame in framer.feed(b"x" * 16 + b"\r" + b"x" * 17 + b"\r", 0)] == [
        "suffix",
        "overlong",
    ]


def test_ten_megabytes_without_a_terminator_cost_one_event_and_no_memory() -> None:
    """Nasty case 10."""
    framer = TextFramer(Framing())
    noise = random.Random(1).randbytes(4096).translate(None, b"\r\n")
    events = []
    tracemalloc.start()
    for _ in range(2_600):
        events += framer.feed(noise, 0)
    grown = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [event.reason for event in events] == ["overlong"]
    assert grown < 1_000_000
    assert framer.feed(b"\r4006381333931\r", 0) == [Frame(b"4006381333931", "suffix", 0)]


def test_a_flood_that_stops_without_a_terminator_does_not_swallow_the_next_scan() -> None:
    framer = TextFramer(Framing(idle_ns=50))
    framer.feed(b"x" * 9_000, 0)
    assert framer.on_idle(50) == []
    assert [frame.data for frame in framer.feed(b"4006381333931\r", 60)] == [b"4006381333931"]


def test_a_session_that_ends_takes_its_partial_frame_with_it() -> None:
    framer = TextFramer(Framing())
    framer.feed(b"400638133", 0)
    assert framer.reset() == 9
    assert [frame.data for frame in framer.feed(b"96385074\r", 1)] == [b"96385074"]
