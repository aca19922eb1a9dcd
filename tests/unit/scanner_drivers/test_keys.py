"""Keyboard wedges: what a person would see typed is what the frame holds, in every layout; nothing is cut short."""

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner_drivers.framing import LAYOUTS, Frame, Framing, KeyFramer
from scanner_drivers.framing.typist import KeyState
from tests.unit.scanner_drivers.builders import FUZZ_INPUTS
from tests.unit.scanner_drivers.keyboards import (
    ALT,
    ALTGR,
    CAPS,
    CTRL,
    DROPPED,
    ENTER,
    EVENT,
    F8,
    KP,
    RIGHT_BRACKET,
    SHIFT,
    event,
    press,
    typed,
)  # fmt: skip

CODE = "]d20104006381333931\x1d10Ab/9\x1d21X"
MS = 1_000_000
ASCII = string.digits + string.ascii_letters + string.punctuation + " "


def framer(layout: str = "us", state: KeyState = KeyState()) -> KeyFramer:  # noqa: B008 - immutable
    return KeyFramer(Framing(idle_ns=100 * MS), layout, lambda: state)


def read(events: bytes, layout: str = "us", state: KeyState = KeyState()) -> list[bytes]:  # noqa: B008 - immutable
    return [frame.data for frame in framer(layout, state).feed(events, 0)]


def test_a_code_with_separators_and_both_cases_comes_as_it_was_scanned() -> None:
    assert read(typed(CODE + "\r")) == [CODE.encode()]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_ascii_character_can_be_typed_in_every_layout(layout: str) -> None:
    typeable = [
        character for character in ASCII
        if character == " " or any(character in row.values() for row in (
            LAYOUTS[layout].plain, LAYOUTS[layout].shift, LAYOUTS[layout].altgr))
    ]  # fmt: skip
    text = "".join(typeable)

    assert read(typed(text + "\r", layout), layout) == [text.encode()]
    missing = set(ASCII) - set(typeable)
    assert missing <= {"es": set(), "it": {"`", "~", "{", "}"}}.get(layout, set()), missing


@pytest.mark.parametrize(("layout", "got"), [("us", b"z0y"), ("de", b"y0z")])
def test_the_same_keys_are_other_characters_in_another_country(layout: str, got: bytes) -> None:
    assert read(typed("z0y\r", "us"), layout) == [got]


def test_digits_of_a_french_scanner_are_shifted_and_arrive_as_digits() -> None:
    events = typed("4006381333931\r", "fr")
    assert read(events, "fr") == [b"4006381333931"]
    assert read(events, "us") == [b"$))^#*!###(#!"], "what a wrong layout looks like"


def test_gs_is_typed_as_ctrl_and_bracket_or_by_the_keypad() -> None:
    """Nasty case 16: a wedge has two ways to send the GS separator."""
    by_keypad = event(ALT, 1) + b"".join(press(KP[digit]) for digit in "0029") + event(ALT, 0)
    assert read(typed("10A") + press(RIGHT_BRACKET, CTRL) + typed("21B\r")) == [b"10A\x1d21B"]
    assert read(typed("10A") + by_keypad + typed("21B\r")) == [b"10A\x1d21B"]
    assert read(typed("10A", "de") + press(RIGHT_BRACKET, CTRL) + typed("21B\r", "de"), "de") == [b"10A\x1d21B"]


def test_caps_lock_changes_letters_only_and_may_be_on_before() -> None:
    """Nasty case 16: Caps Lock on."""
    assert read(press(CAPS) + typed("aB1-\r") + press(CAPS) + typed("aB\r")) == [b"Ab1-", b"aB"]
    assert read(typed("aB1-\r"), state=KeyState(is_caps=True)) == [b"Ab1-"]
    assert read(typed("ß1\r", "de"), "de", KeyState(is_caps=True)) == ["ß1".encode()]


def test_a_key_that_repeats_is_one_key() -> None:
    """Nasty case 16: key repeat."""
    assert read(event(KP["7"], 1) + event(KP["7"], 2) * 5 + event(KP["7"], 0) + press(ENTER)) == [b"7"]


@pytest.mark.parametrize("where", [0, 5, 13])
def test_dropped_events_make_the_code_damaged_and_never_a_shorter_one(where: int) -> None:
    """Nasty case 16: SYN_DROPPED in mid-code."""
    code = "4006381333931"
    reader = framer()
    frames = reader.feed(typed(code[:where]) + DROPPED + typed(code[where:][2:] + "\r") + typed("96385074\r"), 7)
    cut = (code[:where] + code[where:][2:]).encode()
    assert frames == [Frame(cut, "damaged", 7), Frame(b"96385074", "suffix", 7)]


def test_keys_between_the_drop_and_the_next_report_are_not_believed() -> None:
    reader = framer(state=KeyState(frozenset((SHIFT,))))
    dropped = EVENT.pack(0, 0, 0, 3, 0) + EVENT.pack(0, 0, 1, KP["5"], 1)  # no end of report yet
    frames = reader.feed(event(SHIFT, 0) + dropped + EVENT.pack(0, 0, 0, 0, 0) + typed("a") + press(ENTER), 0)
    assert frames == [Frame(b"A", "damaged", 0)], "Shift is held again: the keyboard says so"


def test_a_drop_in_a_pause_is_told_after_the_silence() -> None:
    reader = framer()
    assert reader.feed(DROPPED, 0) == []
    assert reader.deadline() == 100 * MS
    assert reader.on_idle(100 * MS) == [Frame(b"", "damaged", 0)]
    assert [frame.reason for frame in reader.feed(typed("1\r"), 200 * MS)] == ["suffix"]


def test_shift_that_was_held_at_the_unplug_does_not_hold_in_the_next_session() -> None:
    """Nasty case 16: Shift held across the unplug."""
    reader = framer()
    assert reader.feed(event(SHIFT, 1) + typed("40"), 0) == []
    assert reader.reset() == 2
    assert [frame.data for frame in reader.feed(typed("a\r"), 1)] == [b"a"]


def test_events_torn_apart_by_a_read_are_whole() -> None:
    events = typed(CODE + "\r")
    reader = framer()
    got = [frame for at in range(0, len(events), 7) for frame in reader.feed(events[at : at + 7], 0)]
    assert [frame.data for frame in got] == [CODE.encode()]


def test_a_dead_key_waits_for_its_letter_or_for_a_space() -> None:
    assert read(typed("^", "de") + press(ENTER), "de") == [b"^"]
    assert read(press(13) + press(18) + press(ENTER), "de") == ["é".encode()]
    assert read(press(13) + press(45) + press(ENTER), "de") == ["´x".encode()]


def test_keys_without_a_character_are_counted_and_type_nothing() -> None:
    reader = framer()
    assert [frame.data for frame in reader.feed(typed("10A") + press(F8) + typed("21B\r"), 0)] == [b"10A21B"]
    assert reader.silent == 1


def test_altgr_is_also_ctrl_and_alt() -> None:
    nine = 10
    assert read(press(nine, ALTGR) + press(nine, CTRL, ALT) + press(ENTER), "de") == [b"]]"]


def test_events_of_a_32_bit_box_are_half_as_long() -> None:
    import struct

    short = struct.Struct("<iiHHi")
    events = b"".join(short.pack(0, 0, 1, code, value) for code in (2, 3, ENTER) for value in (1, 0))
    assert [frame.data for frame in KeyFramer(Framing(), "us", event_bytes=16).feed(events, 0)] == [b"12"]


@pytest.mark.timeout(0)
@settings(max_examples=max(200, FUZZ_INPUTS // 4), derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 4, 17]), st.integers(0, 767), st.integers(-1, 3)), max_size=60))
def test_any_events_are_survived_and_come_out_the_same_however_they_are_cut(events: list[tuple[int, int, int]]) -> None:
    stream = b"".join(EVENT.pack(0, 0, kind, code, value) for kind, code, value in events) + typed("\r")
    whole, bytewise = framer("de"), framer("de")
    frames = whole.feed(stream, 0)
    assert [frame for byte in stream for frame in bytewise.feed(bytes([byte]), 0)] == frames


def test_a_thousand_random_codes_of_every_layout_are_read_back() -> None:
    dice = random.Random(5)
    for _ in range(1_000):
        layout = dice.choice(list(LAYOUTS))
        code = "".join(dice.choices(string.digits + string.ascii_letters + "-./", k=dice.randint(1, 20)))
        assert read(typed(code + "\r", layout), layout) == [code.encode()]
