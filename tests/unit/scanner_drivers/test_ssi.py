"""Zebra SSI: every good packet is acknowledged, a broken one is asked for again, and each scan counts once."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner_drivers.framing import Frame, SsiFramer
from scanner_drivers.framing.ssi import ACK, DECODE_DATA, EVENT, NAK, Packet, encode
from tests.unit.scanner_drivers.builders import FUZZ_INPUTS

SECOND = 1_000_000_000
ACKED = bytes.fromhex("04 d0 04 00 ff 28")
ASKED_AGAIN = encode(Packet(NAK, 4, 0, b"\x01"))
EAN = b"\x0b4006381333931"


def scan(data: bytes = EAN, status: int = 0) -> bytes:
    return encode(Packet(DECODE_DATA, 0, status, data))


class Line:
    """The box's end of the line, with what it answered."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.framer = SsiFramer(self.answers.append)
        self.now = 0

    def hear(self, data: bytes, after_s: float = 0.1) -> list[tuple[bytes, str]]:
        self.now += int(after_s * SECOND)
        return [(frame.data, frame.reason) for frame in self.framer.feed(data, self.now)]


def test_a_scan_is_acknowledged_in_the_words_of_the_manual() -> None:
    line = Line()
    assert line.hear(scan()) == [(b"]E04006381333931", "packet")]
    assert line.answers == [ACKED]


@pytest.mark.parametrize(
    ("data", "frame"),
    [
        (b"\x08036000291452", b"]E0036000291452"),
        (b"\x0a96385074", b"]E496385074"),
        (b"\x0f0104006381333931\x1d10A", b"]C10104006381333931\x1d10A"),
        (b"\x1b01034531200000111719112510ABCD1234", b"]d101034531200000111719112510ABCD1234"),
        (b"\xc10104006381333931", b"]d20104006381333931"),
        (b"\x1chttps://id.gs1.org/01/04006381333931", b"]Q1https://id.gs1.org/01/04006381333931"),
        (b"\x0b]E04006381333931\r\n", b"]E04006381333931"),
        (b"\x7eSKU", b"SKU"),
    ],
)
def test_the_code_type_stands_for_the_aim_id_where_the_scanner_sends_none(data: bytes, frame: bytes) -> None:
    assert Line().hear(scan(data)) == [(frame, "packet")]


def test_a_broken_packet_is_asked_for_again_and_then_read() -> None:
    """Nasty case 18: a bad checksum."""
    line = Line()
    broken = bytearray(scan())
    broken[8] ^= 0x01
    assert line.hear(bytes(broken)) == []
    assert line.answers == [ASKED_AGAIN]
    assert line.hear(scan(status=1)) == [(b"]E04006381333931", "packet")]
    assert line.answers == [ASKED_AGAIN, ACKED]


def test_a_packet_that_comes_again_because_the_answer_was_late_is_one_scan() -> None:
    """Nasty case 18: the resend bit; an acknowledgement behind the time-out."""
    line = Line()
    assert len(line.hear(scan())) == 1
    assert line.hear(scan(status=1), after_s=2) == []
    assert line.hear(scan(status=1), after_s=2) == []
    assert line.answers == [ACKED] * 3, "each of them is acknowledged, else it comes for ever"


def test_all_three_sendings_in_one_read_are_one_scan() -> None:
    line = Line()
    line.hear(scan(b"\x0b4006381333924"), after_s=3600)
    assert len(line.hear(scan() + scan(status=1) * 2, after_s=3600)) == 1


def test_two_equal_cans_are_two_scans() -> None:
    line = Line()
    assert len(line.hear(scan()) + line.hear(scan())) == 2
    broken = bytearray(scan())
    broken[-1] ^= 0x10
    line.hear(bytes(broken))
    assert len(line.hear(scan(status=1))) == 1, "the third can, whose first packet broke"


def test_an_equal_scan_with_the_resend_bit_long_after_is_a_scan() -> None:
    line = Line()
    assert len(line.hear(scan()) + line.hear(scan(status=1), after_s=11)) == 2


def test_a_scan_in_several_packets_is_one_frame_and_each_packet_is_acknowledged() -> None:
    line = Line()
    text = random.Random(2).randbytes(500).replace(b"\r", b"").replace(b"\n", b"")
    parts = [b"\x1c" + text[at : at + 250] for at in range(0, len(text), 250)]
    heard = [line.hear(scan(part, 2 if part is not parts[-1] else 0)) for part in parts]
    assert heard == [[]] * (len(parts) - 1) + [[(b"]Q1" + text, "packet")]]
    assert line.answers == [ACKED] * len(parts)


def test_a_middle_packet_that_comes_again_is_in_the_scan_once() -> None:
    line = Line()
    line.hear(scan(b"\x1cabc", 2))
    line.hear(scan(b"\x1cabc", 3))
    assert line.hear(scan(b"\x1cdef")) == [(b"]Q1abcdef", "packet")]


def test_a_scan_whose_last_packet_never_comes_is_damaged() -> None:
    line = Line()
    line.hear(scan(b"\x1cabc", 2))
    assert line.framer.on_idle(line.now + 9 * SECOND) == []
    assert line.framer.on_idle(line.now + 10 * SECOND) == [Frame(b"]Q1abc", "damaged", line.now)]
    assert line.framer.deadline() is None


@pytest.mark.parametrize("lie", [4, 8, 30, 255])
def test_a_length_that_lies_costs_its_own_packet_and_not_the_next(lie: int) -> None:
    """Nasty case 18: the length lies."""
    line = Line()
    liar = bytearray(scan())
    liar[0] = lie
    heard = line.hear(bytes(liar)) + line.hear(scan(b"\x0a96385074"))
    for frame in line.framer.on_idle(line.now + SECOND):
        heard.append((frame.data, frame.reason))
    heard += line.hear(scan(b"\x0a96385074", 1), after_s=2)
    assert heard == [(b"]E496385074", "packet")]
    assert ASKED_AGAIN in line.answers


def test_plain_text_on_the_line_is_dropped_and_gives_no_scan() -> None:
    line = Line()
    assert line.hear(b"4006381333931\r" * 20) == []
    assert line.framer.on_idle(line.now + SECOND) == []
    assert line.framer.dropped == 14 * 20
    assert len(line.hear(scan())) == 1


def test_half_a_packet_before_a_silence_is_dropped_and_asked_for_again() -> None:
    line = Line()
    assert line.hear(scan()[:9]) == []
    assert line.framer.on_idle(line.now + SECOND // 5) == []
    assert line.answers == [ASKED_AGAIN]
    assert len(line.hear(scan(status=1), after_s=2)) == 1


def test_events_are_acknowledged_answers_are_not_and_the_unknown_is_refused() -> None:
    line = Line()
    assert line.hear(encode(Packet(EVENT, 0, 0, b"\x03"))) == []
    assert line.hear(encode(Packet(ACK, 0, 0, b"")) + encode(Packet(NAK, 0, 0, b"\x06"))) == []
    assert line.hear(encode(Packet(0xA4, 0, 0, b"revision"))) == []
    assert line.answers == [ACKED, encode(Packet(NAK, 4, 0, b"\x02"))]


def test_an_unplug_in_mid_packet_leaves_nothing() -> None:
    line = Line()
    line.hear(scan(b"\x1cabc", 2) + scan()[:5])
    assert line.framer.reset() == 4 + 5
    assert line.hear(scan(b"\x1cdef")) == [(b"]Q1def", "packet")]


def test_a_scan_beyond_the_limit_is_overlong() -> None:
    framer = SsiFramer(max_frame=300)
    got = [frame for _ in range(3) for frame in framer.feed(scan(b"\x1c" + b"x" * 200, 2), 0)]
    assert [(len(frame.data), frame.reason) for frame in got] == [(300, "overlong")]


@pytest.mark.timeout(0)
@settings(max_examples=max(200, FUZZ_INPUTS // 4), derandomize=True, deadline=None)
@given(
    st.lists(
        st.one_of(st.binary(max_size=30), st.sampled_from([scan(), scan(b"\x1cx", 2), scan(b"\x1cy")])), max_size=8
    ),
    st.lists(st.integers(0, 200), max_size=8),
)
def test_any_bytes_give_the_same_frames_however_they_are_cut(pieces: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pieces)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    whole, torn = SsiFramer(), SsiFramer()
    frames = whole.feed(stream, 0)
    assert [frame for a, b in pairwise(places) for frame in torn.feed(stream[a:b], 0)] == frames
