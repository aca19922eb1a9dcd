"""How texts become lines of a label: nothing is ever wider than its room, and what is cut is seen to be cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.label_text import break_lines, cut, is_right_to_left


def up_to(width: int):  # type: ignore[no-untyped-def]
    return lambda text: len(text) <= width


@pytest.mark.parametrize(("text", "lines"), [
    ("Butter", ["Butter"]),
    ("Butter mild gesalzen", ["Butter", "mild", "gesalzen"]),
    ("Bio  Butter \t mild", ["Bio Butter", "mild"]),
    ("Weidemilchbutter", ["Weidemilch", "butter"]),
    ("a Weidemilchbutter", ["a", "Weidemilch", "butter"]),
    ("eins zwei drei vier fünf sechs", ["eins zwei", "drei vier", "fünf sechs"]),
    ("eins zwei drei vier fünf sechs sieben", ["eins zwei", "drei vier", "fünf sech…"]),
    ("", []), ("   ", []),
])  # fmt: skip
def test_a_name_is_broken_at_words_and_cut_at_the_last_line(text: str, lines: list[str]) -> None:
    assert break_lines(text, 3, up_to(10)) == lines


def test_a_text_that_fits_is_not_cut() -> None:
    assert cut("0123456789", up_to(10)) == "0123456789"
    assert cut("0123456789x", up_to(10)) == "012345678…"


def test_where_not_even_one_sign_has_room_there_is_nothing() -> None:
    assert cut("Butter", up_to(1)) == ""
    assert break_lines("Butter", 2, up_to(0)) == []


@pytest.mark.parametrize("text", ["e\u0301" * 20, "\u0915\u094d\u200d\u0937" * 20, "\U0001f468\u200d\U0001f33e" * 9])
def test_a_sign_is_never_torn_from_its_marks(text: str) -> None:
    lines = break_lines(text, 2, up_to(9))
    first, rest = lines[0], lines[1].removesuffix("…")
    sign = text[: text.index(text[0], 1)]
    assert first == sign * (len(first) // len(sign))
    assert rest == sign * (len(rest) // len(sign))


@given(st.text(max_size=80), st.integers(1, 4), st.integers(2, 30))
def test_no_line_is_wider_than_its_room_and_nothing_is_lost_unseen(text: str, most: int, width: int) -> None:
    lines = break_lines(text, most, up_to(width))
    assert len(lines) <= most
    assert all(len(line) <= width for line in lines)
    words = "".join(text.split())
    shown = "".join("".join(lines).split())
    if not shown.endswith("…"):
        assert words.startswith(shown)
    else:
        assert words.startswith(shown[:-1]) or words == shown


@pytest.mark.parametrize(("text", "expected"), [
    ("Milch", False), ("حليب", True), ("חלב", True), ("3% חלב", True), ("1L Milch حليب", False), ("12,5 %", False),
])  # fmt: skip
def test_a_text_is_written_in_the_direction_of_its_first_letter(text: str, *, expected: bool) -> None:
    assert is_right_to_left(text) is expected
