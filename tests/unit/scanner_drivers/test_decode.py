"""`decode` as a whole: total, pure, safe to show, and quick enough for its place."""

import random
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanner_drivers import Scan, StoreProfile
from sync_protocol.gtin import is_valid_gtin
from tests.unit.scanner_drivers.builders import FUZZ_INPUTS, GS, GTIN, GTIN_13, PLAIN, identity, read

SEEDS = [
    GTIN_13, "]E0" + GTIN_13, "]E004252614", "]E0" + GTIN_13 + "]E112", "]I110012345678902",
    f"]d201{GTIN}10LOT1{GS}1726123121S9", f"]C101{GTIN}3103000125{GS}392199", f"01{GTIN}10A",
    f"]Q1https://id.gs1.org/01/{GTIN}/10/A%2FB?17=261231&3103=000100", "]Q3", "]", "]Y", "]Yx",
    "2012345928757", "[)>\x1e06\x1dP123\x1dQ4\x1e\x04", "http://[", "٤٠٠٦٣٨١٣٣٣٩٣١", "8110106141416543213150110120",
]  # fmt: skip
PROFILES = (
    PLAIN,
    StoreProfile(
        instore_rules=("20:PPPPPCVVVV/price/2", "2:PPPPPPPPPPP/item"), eight_digits="upce", gs_trusted=True,
        gs_substitutes="", code_page="shift_jis", currency="978", minor_digits=0, year=1999,
    ),
)  # fmt: skip


def check(scan: Scan, data: bytes) -> None:
    """What holds for every scan of every input."""
    assert scan.raw == data
    assert scan.text.isprintable()
    if scan.gtin is not None:
        assert len(scan.gtin) == 14
        assert is_valid_gtin(scan.gtin)
    for value in (scan.sku, scan.lot, scan.serial):
        assert value is None or (value.isprintable() and 0 < len(value) <= 128)
    assert scan.lot is None or len(scan.lot) <= 20
    if not (scan.gtin or scan.sku):
        assert scan.flags, "a scan that names nothing says why"
    if scan.flags & {"invalid_check", "ambiguous", "overlong", "suspect_concat", "unterminated"}:
        assert identity(scan) == {}
    if scan.flags & {"missing_fnc1", "degraded"}:
        assert (scan.lot, scan.serial, scan.expiry, scan.quantity) == (None, None, None, None)


@pytest.mark.timeout(0)
@settings(max_examples=FUZZ_INPUTS, derandomize=True, deadline=timedelta(seconds=1))
@given(st.binary(max_size=600))
@example(b"")
@example(b"\x00")
@example(b"\xff" * 300)
@example(b"]d2" + b"91" + b"9" * 10_000)
def test_any_bytes_give_a_scan(data: bytes) -> None:
    for profile in PROFILES:
        check(read(data, profile), data)


@pytest.mark.timeout(0)
def test_damaged_real_codes_give_a_scan() -> None:
    dice = random.Random(2)
    for _ in range(FUZZ_INPUTS * 4):
        data = _damaged(dice)
        check(read(data, dice.choice(PROFILES), dice.choice(("suffix", "unterminated", "overlong"))), data)


def _damaged(dice: random.Random) -> bytes:
    data = bytearray(dice.choice(SEEDS).encode())
    for _ in range(dice.randint(0, 4)):
        place = dice.randint(0, len(data))
        action = dice.randrange(4)
        if action == 0:
            data[place : place + dice.randint(0, 3)] = b""
        elif action == 1:
            data[place:place] = dice.randbytes(dice.randint(1, 3))
        elif action == 2:
            data[place:place] = dice.choice((b"\x1d", b"]E0", b"17261231", b"10", b"/", b"%", b"21", b"\r"))
        else:
            data += dice.choice(SEEDS).encode()
    return bytes(data)


def test_a_large_frame_is_read_in_bounded_time_and_refused() -> None:
    scan = read("]d2" + f"01{GTIN}" + "240A" + GS + "9" * 8_000)
    assert (identity(scan), scan.flags) == ({}, {"too_long"})
    assert read(b"9" * 8_192, reason="overlong").flags == {"overlong"}


def test_control_characters_are_shown_as_pictures_and_make_no_code() -> None:
    scan = read(b"AB\x00\x1b[31m\x07C\xc2\x85")
    assert scan.text == "AB␀␛[31m␇C\ufffd"
    assert (scan.sku, scan.flags) == (None, {"control_characters"})
    assert read("]d2" + f"01{GTIN}10A{GS}17261231").text == f"01{GTIN}10A␝17261231"


@pytest.mark.parametrize(
    ("data", "code_page", "text", "flags"),
    [
        ("Grüße".encode(), "cp1252", "Grüße", set()),
        ("Grüße".encode("cp1252"), "cp1252", "Grüße", {"encoding_guess"}),
        ("商品一".encode("gbk"), "gbk", "商品一", {"encoding_guess"}),
        ("テスト".encode("shift_jis"), "shift_jis", "テスト", {"encoding_guess"}),
    ],
)
def test_text_is_utf8_or_the_stores_code_page_and_says_when_it_is_a_guess(
    data: bytes, code_page: str, text: str, flags: set[str]
) -> None:
    scan = read(data, StoreProfile(code_page=code_page))
    assert (scan.text, scan.sku, scan.flags, scan.raw) == (text, text, flags, data)


@pytest.mark.parametrize("data", ["]", "]Y", "]Yx", "SKU-123Y", "]C0SKU-123Y", "]A0SKU 1"])
def test_an_unknown_code_is_kept_as_text_and_claims_no_article(data: str) -> None:
    scan = read(data)
    assert scan.gtin is None
    assert scan.sku == (data[3:] if data.startswith(("]C0", "]A0")) else data)


def test_where_a_frame_came_from_stays_with_its_scan() -> None:
    scan = read(GTIN_13)
    assert (scan.device, scan.session, scan.sequence, scan.received_ns) == ("till-1", 1, 1, 7)
    assert read("]E0" + GTIN_13).aim == "]E0"
