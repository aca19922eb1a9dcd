"""Digital Link: the address names the article; it is data and is never fetched."""

import pytest

from tests.unit.scanner_drivers.builders import GTIN, identity, read

LINK = f"https://id.gs1.org/01/{GTIN}/10/LOT1?17=261231"
WHOLE = {"gtin": GTIN, "lot": "LOT1", "expiry": "2026-12-31"}


@pytest.mark.parametrize("aim", ["", "]Q1", "]d1", "]J0", "]d2", "]Q3"])
def test_a_link_is_understood_in_every_carrier(aim: str) -> None:
    scan = read(aim + LINK)
    assert (identity(scan), scan.symbology, scan.flags) == (WHOLE, "digital_link", frozenset())


@pytest.mark.parametrize(
    "link",
    [
        f"HTTPS://ID.GS1.ORG/01/{GTIN}/10/LOT1?17=261231",
        f"http://brand.example/some/path/01/{GTIN}/10/LOT1/?17=261231&utm=x&linkType=all#top",
        f"https://brand.example/gtin/{GTIN}/lot/LOT1?exp=261231",
        f"https://brand.example:8443/01/{GTIN[1:]}/10/LOT1?17=261231",
    ],
)
def test_host_path_case_and_unknown_keys_do_not_matter(link: str) -> None:
    assert identity(read("]Q1" + link)) == WHOLE


def test_an_escaped_slash_stays_inside_its_lot() -> None:
    """Nasty case 12."""
    assert read(f"]Q1https://x.example/01/{GTIN}/22/V1/10/A%2FB%2B1/21/S%209").flags == {"degraded"}
    scan = read(f"]Q1https://x.example/01/{GTIN}/22/V1/10/A%2FB%2B1/21/S9")
    assert (scan.lot, scan.serial) == ("A/B+1", "S9")


@pytest.mark.parametrize(
    "tail",
    [
        "/10/LOT1/22/V1",
        "/10",
        "/10/" + "X" * 21,
        "/99x/1",
        "/10/LOT1?17=261399",
        "/10/LOT1?10=OTHER",
        "?01=10012345678902",
    ],
)
def test_a_bad_part_leaves_the_article_only(tail: str) -> None:
    """Nasty case 12: a bad part beside a good article."""
    scan = read(f"]Q1https://x.example/01/{GTIN}{tail}")
    assert identity(scan) == {"gtin": GTIN}
    assert scan.flags == {"degraded"}


def test_a_wrong_check_digit_in_a_link_names_nothing() -> None:
    scan = read("]Q1https://x.example/01/04006381333932/10/LOT1")
    assert (identity(scan), scan.flags) == ({}, {"invalid_check"})


def test_weight_and_price_come_from_the_query() -> None:
    scan = read(f"https://x.example/01/{GTIN}?3103=000125&3922=199")
    assert (scan.quantity, scan.weight_unit, scan.price_minor) == (125, "kg", 199)


@pytest.mark.parametrize(
    "url", ["https://brand.example/promo", "http://[", "https://", "https://x/01/12", "]Q1http://[x"]
)
def test_another_address_is_a_text_and_never_an_article(url: str) -> None:
    scan = read(url)
    assert scan.gtin is None
    assert scan.flags == {"url"}
