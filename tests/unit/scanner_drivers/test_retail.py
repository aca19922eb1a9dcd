"""EAN, UPC, ITF-14: an identity needs a right check digit, a whole frame and one reading."""

import random

import pytest

from scanner_drivers import StoreProfile
from sync_protocol.gtin import check_digit, is_valid_gtin, upce_to_upca
from tests.unit.scanner_drivers.builders import GTIN, GTIN_13, identity, read


@pytest.mark.parametrize(
    ("data", "symbology", "gtin"),
    [
        (GTIN_13, "ean13", GTIN),
        ("]E0" + GTIN_13, "ean13", GTIN),
        ("]E0036000291452", "upca", "00036000291452"),
        ("036000291452", "upca", "00036000291452"),
        ("]E004252614", "upce", "00042100005264"),
        ("]E496385074", "ean8", "00000096385074"),
        ("96385074", "ean8", "00000096385074"),
        ("]I110012345678902", "itf14", "10012345678902"),
        ("]I010012345678902", "itf14", "10012345678902"),
        ("10012345678902", "itf14", "10012345678902"),
        ("]X09780306406157", "ean13", "09780306406157"),
        ("9770317847001", "ean13", "09770317847001"),
    ],
)
def test_each_symbology_becomes_a_gtin_14(data: str, symbology: str, gtin: str) -> None:
    """Nasty case 13."""
    scan = read(data)
    assert (scan.symbology, scan.gtin, scan.flags) == (symbology, gtin, frozenset())


@pytest.mark.parametrize(
    "data",
    ["4006381333932", "]E04006381333932", "]E004252615", "]E496385075", "]I110012345678901", "036000291453"],
)
def test_a_wrong_check_digit_names_nothing(data: str) -> None:
    scan = read(data)
    assert identity(scan) == {}
    assert scan.flags == {"invalid_check"}
    assert scan.raw == data.encode()


def test_eight_digits_that_fit_both_ways_are_ambiguous_until_the_store_decides() -> None:
    """Nasty case 13: 8 digits without AIM id."""
    both = next(
        text
        for number in range(10**6)
        if is_valid_gtin(text := f"0{number:06d}" + check_digit(f"0{number:06d}")) and _is_upce(text)
    )
    assert identity(read(both)) == {}
    assert read(both).flags == {"ambiguous"}
    assert read(both, StoreProfile(eight_digits="upce")).gtin == upce_to_upca(both).zfill(14)
    assert read(both, StoreProfile(eight_digits="ean8")).gtin == both.zfill(14)
    assert read("]E0" + both).symbology == "upce"
    assert read("]E4" + both).symbology == "ean8"


def _is_upce(text: str) -> bool:
    try:
        return bool(upce_to_upca(text))
    except ValueError:
        return False


@pytest.mark.parametrize("addon", ["]E112", "]E251234", "]C18101001234"])
def test_a_tagged_second_part_is_an_addon_and_not_a_second_article(addon: str) -> None:
    """Nasty case 14."""
    scan = read("]E0" + GTIN_13 + addon)
    assert scan.gtin == GTIN
    assert scan.flags == {"addon"}


@pytest.mark.parametrize("addon", ["12", "51234"])
def test_an_untagged_addon_of_e3_leaves_the_article(addon: str) -> None:
    assert read("]E3" + GTIN_13 + addon).gtin == GTIN


@pytest.mark.parametrize(
    "data",
    [
        GTIN_13 + GTIN_13,
        "]E0" + GTIN_13 + "]E0" + GTIN_13,
        "]E0" + GTIN_13 + GTIN_13,
        "036000291452036000291452",
        "9638507496385074",
    ],
)
def test_two_codes_in_one_frame_are_not_guessed_apart(data: str) -> None:
    scan = read(data)
    assert identity(scan) == {}
    assert "suspect_concat" in scan.flags


def test_an_unterminated_frame_is_never_rescued_as_a_gtin() -> None:
    rescued = [
        cut
        for code in _valid_ean13s(500)
        for cut in (code[:12], code[:8], code[:13])
        if identity(read(cut, reason="unterminated")) or identity(read("]E0" + cut[:12], reason="unterminated"))
    ]
    assert rescued == []
    assert read(GTIN_13, reason="unterminated").flags == {"unterminated"}


def test_an_unterminated_frame_is_whole_when_its_aim_id_says_how_long_it_is() -> None:
    assert read("]E0" + GTIN_13, reason="unterminated").gtin == GTIN
    assert read(GTIN_13, reason="gap").gtin == GTIN


@pytest.mark.parametrize("data", ["٤٠٠٦٣٨١٣٣٣٩٣١", "]E0٤٠٠٦٣٨١٣٣٣٩٣١", "]E0²006381333931", "]E4৯৬৩৮৫০৭৪"])
def test_only_ascii_digits_make_a_gtin(data: str) -> None:
    assert read(data).gtin is None


@pytest.mark.parametrize(
    "data", ["]C04006381333931", "]A04006381333931", "]C0010400638133393110LOT", "]Q1010400638133393110LOT", "]d1SKU-1"]
)
def test_a_plain_symbology_is_never_read_as_gs1(data: str) -> None:
    scan = read(data)
    assert (scan.gtin, scan.lot, scan.sku) == (None, None, data[3:])


def test_the_same_code_with_and_without_aim_id_is_the_same_article() -> None:
    for code in _valid_ean13s(300):
        assert read(code).gtin == read("]E0" + code).gtin == code.zfill(14)


def _valid_ean13s(count: int) -> list[str]:
    dice = random.Random(13)
    bodies = [f"{dice.randrange(30, 98)}{dice.randrange(10**10):010d}" for _ in range(count)]
    return [body + check_digit(body) for body in bodies]
