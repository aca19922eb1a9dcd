"""GTIN value rules: lengths, check digit, UPC-E, ASCII digits only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.gtin import GtinError, check_digit, is_valid_gtin, parse_gtin, upce_to_upca

ASCII_DIGITS = st.text("0123456789", min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("4006381333931", "04006381333931"),
        ("10012345678902", "10012345678902"),
    ],
)
def test_every_gs1_length_becomes_the_same_fourteen_digits(text: str, gtin: str) -> None:
    assert parse_gtin(text) == gtin


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("4006381333932", "gtin_check_digit"),
        ("400638133393", "gtin_check_digit"),
        ("40063813339", "gtin_length"),
        ("", "gtin_characters"),
        (" 4006381333931", "gtin_characters"),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", "gtin_characters"),
        ("²006381333931", "gtin_characters"),
        ("0000000000000", "gtin_zero"),
    ],
)
def test_a_refused_gtin_says_which_rule_it_breaks(text: str, code: str) -> None:
    with pytest.raises(GtinError) as caught:
        parse_gtin(text)
    assert caught.value.code == code
    assert not is_valid_gtin(text)


@pytest.mark.parametrize(
    ("upce", "upca"),
    [
        ("04252614", "042100005264"),
        ("01234531", "012300000451"),
        ("01234543", "012340000053"),
        ("01234558", "012345000058"),
        ("01234505", "012000003455"),
        ("12345670", "123456000070"),
    ],
)
def test_upce_expands_by_its_last_digit(upce: str, upca: str) -> None:
    assert upce_to_upca(upce) == upca
    assert is_valid_gtin(upca)


@pytest.mark.parametrize("upce", ["04252615", "24252614", "0425261", "0425261x"])
def test_a_wrong_upce_is_refused(upce: str) -> None:
    with pytest.raises(GtinError):
        upce_to_upca(upce)


@given(ASCII_DIGITS)
def test_the_check_digit_agrees_with_the_definition(digits: str) -> None:
    weighted = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits)))
    assert (weighted + int(check_digit(digits))) % 10 == 0


@given(st.text(max_size=16))
def test_is_valid_gtin_and_parse_gtin_never_disagree(text: str) -> None:
    try:
        parse_gtin(text)
    except GtinError:
        assert not is_valid_gtin(text)
    else:
        assert is_valid_gtin(text)


@given(st.integers(1, 10**12 - 1), st.integers(0, 11), st.integers(1, 9))
def test_any_single_wrong_digit_is_noticed(number: int, position: int, shift: int) -> None:
    body = f"{number:012d}"
    text = body + check_digit(body)
    wrong = str((int(text[position]) + shift) % 10)
    assert not is_valid_gtin(text[:position] + wrong + text[position + 1 :])
