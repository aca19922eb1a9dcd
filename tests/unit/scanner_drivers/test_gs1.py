"""GS1 messages: what is reported is certain; a dropped separator never makes a wrong lot."""

import random

import pytest
from biip.gs1_messages import GS1Message

from scanner_drivers import StoreProfile
from scanner_drivers.decode.gs1 import parse_elements
from scanner_drivers.decode.gs1_values import iso_date
from sync_protocol.gtin import check_digit
from tests.unit.scanner_drivers.builders import FUZZ_INPUTS, GS, GTIN, identity, read

ARTICLE = "01" + GTIN
WHOLE = {"gtin": GTIN, "lot": "LOT1", "expiry": "2026-12-31", "serial": "S9"}


@pytest.mark.parametrize("aim", ["]C1", "]e0", "]d2", "]Q3", "]J1"])
def test_every_gs1_carrier_gives_article_lot_expiry_and_serial(aim: str) -> None:
    assert identity(read(f"{aim}{ARTICLE}10LOT1{GS}1726123121S9")) == WHOLE


@pytest.mark.parametrize(
    "data",
    [
        f"{GS}{ARTICLE}10LOT1{GS}1726123121S9",
        f"{ARTICLE}10LOT1{GS}1726123121S9{GS}",
        f"{ARTICLE}{GS}10LOT1{GS}17261231{GS}21S9",
        f"{ARTICLE}10LOT1|1726123121S9",
        f"{ARTICLE}10LOT1^1726123121S9",
        f"{ARTICLE}10LOT1~1726123121S9",
    ],
)
def test_a_separator_at_any_place_or_in_its_substitute_form_is_understood(data: str) -> None:
    """Nasty case 11."""
    assert identity(read("]d2" + data)) == WHOLE
    assert identity(read(data)) == WHOLE  # the AIM id switched off


@pytest.mark.parametrize(
    "tail",
    [
        "10LOT117261231",
        "10LOT121S9",
        "21S910LOT1",
        "10LOT11726123121S9",
        "10LOT130012",
        "10A3103000125",
        "21S917261231",
    ],
)
def test_a_stripped_separator_is_flagged_and_never_mis_lotted(tail: str) -> None:
    """Nasty case 11: the separator is missing."""
    scan = read(f"]d2{ARTICLE}{tail}")
    assert identity(scan) == {"gtin": GTIN}
    assert scan.flags == {"missing_fnc1"}


def test_a_lot_of_more_than_twenty_characters_has_swallowed_something_even_where_gs_is_trusted() -> None:
    scan = read(f"]d2{ARTICLE}10ABCDEFGHIJKLMNOPQRSTU", StoreProfile(gs_trusted=True))
    assert (identity(scan), scan.flags) == ({"gtin": GTIN}, {"missing_fnc1"})


def test_a_lot_that_could_hide_more_is_believed_where_the_scanner_sends_separators() -> None:
    suspicious = f"]d2{ARTICLE}10L2103"
    assert read(suspicious).lot is None
    assert read(suspicious, StoreProfile(gs_trusted=True)).lot == "L2103"
    assert read(f"]d2{ARTICLE}240X{GS}10L2103").lot == "L2103"
    assert read(f"]d2{GS}{ARTICLE}10L2103{GS}").lot is None, "GS at the ends separates nothing"


def test_every_stripped_message_of_a_thousand_is_caught() -> None:
    dice = random.Random(17)
    for _ in range(1_000):
        lot = "".join(dice.choices("ABCDEFGHJKLMNP", k=dice.randint(2, 9)))
        rest = dice.choice([f"17{dice.randint(25, 30)}{dice.randint(1, 12):02d}{dice.randint(0, 28):02d}", "21XY77"])
        message = f"]C1{ARTICLE}10{lot}{rest}"
        assert read(message).lot is None, message
        assert read(message.replace(lot, lot + GS)).lot == lot


@pytest.mark.parametrize("tail", ["17261331", "17260230", "1726123", "9A", "10", "3109000125", "17261231" + "x"])
def test_one_bad_element_leaves_the_article_and_nothing_behind_it(tail: str) -> None:
    scan = read(f"]d2{ARTICLE}{tail}")
    assert identity(scan) == {"gtin": GTIN}
    assert scan.flags == {"degraded"}


def test_a_wrong_check_digit_inside_a_message_names_nothing() -> None:
    scan = read(f"]d2010400638133393210LOT1{GS}17261231")
    assert (identity(scan), scan.flags) == ({}, {"invalid_check"})


def test_a_message_that_contradicts_itself_names_nothing() -> None:
    other = "0110012345678902"
    scan = read(f"]d2{ARTICLE}{other}")
    assert identity(scan) == {}
    assert "ambiguous" in scan.flags
    assert read(f"]d2{ARTICLE}{ARTICLE}").gtin == GTIN


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("3103000125", {"quantity": 125, "weight_unit": "kg"}),
        ("3101000125", {"quantity": 12_500, "weight_unit": "kg"}),
        ("3202000125", {"quantity": 1_250, "weight_unit": "lb"}),
        ("3150000002", {"quantity": 2_000, "weight_unit": "l"}),
        ("3012", {"quantity": 12_000}),
        ("3922199", {"price_minor": 199}),
        ("39329781999", {"price_minor": 1999}),
        ("3921199", {"price_minor": 1990}),
        ("15270100", {"expiry": "2027-01-31"}),
        ("15270228" + "17270131", {"expiry": "2027-01-31"}),
        ("70032701311200", {"expiry": "2027-01-31"}),
    ],
)
def test_measures_prices_and_dates(tail: str, expected: dict[str, object]) -> None:
    assert identity(read(f"]C1{ARTICLE}{tail}", StoreProfile(currency="978"))) == {"gtin": GTIN} | expected


def test_a_price_in_another_currency_is_not_taken() -> None:
    scan = read(f"]C1{ARTICLE}39328401999", StoreProfile(currency="978"))
    assert (scan.price_minor, scan.flags) == (None, {"other_currency"})


def test_contents_of_a_logistic_unit_and_the_unit_itself() -> None:
    contained = read(f"]C102{GTIN}3724")
    assert (contained.gtin, contained.quantity, contained.flags) == (GTIN, 24_000, {"contained"})
    body = "34012345678901234"[:17]
    sscc = body + check_digit(body)
    assert (read(f"]C100{sscc}").sku, read(f"]C100{sscc}").flags) == (sscc, {"sscc"})
    assert identity(read(f"]C100{body}{(int(sscc[-1]) + 1) % 10}")) == {}


@pytest.mark.parametrize(
    ("yymmdd", "year", "expected"),
    [
        ("261200", 2026, "2026-12-31"),
        ("280200", 2026, "2028-02-29"),
        ("760101", 2026, "2076-01-01"),
        ("770101", 2026, "1977-01-01"),
        ("010101", 2060, "2101-01-01"),
        ("991231", 2026, "1999-12-31"),
        ("260230", 2026, None),
        ("٢٦٠١٠١", 2026, None),
    ],
)
def test_two_digit_years_lie_within_fifty_years_of_the_stores(yymmdd: str, year: int, expected: str | None) -> None:
    assert iso_date(yymmdd, year) == expected


def test_an_ai_of_the_long_tail_is_known_from_the_genspecs_table() -> None:
    assert parse_elements(f"{ARTICLE}8006{GTIN}0102{GS}7040{'1ABC'}").trouble is None
    assert read(f"]C1{ARTICLE}7023ASSET-1{GS}10LOT1").lot == "LOT1"


@pytest.mark.timeout(0)
def test_valid_messages_are_read_as_biip_reads_them() -> None:
    dice = random.Random(5)
    for _ in range(FUZZ_INPUTS):
        elements = _message(dice)
        text = "".join(ai + value + (GS if ai in _OPEN else "") for ai, value in elements)
        parsed = parse_elements(text)
        assert parsed.trouble is None
        assert list(parsed.elements.items()) == elements
        theirs = GS1Message.parse(text)
        assert [(e.ai.ai, e.value) for e in theirs.element_strings] == elements


_OPEN = {"10", "21", "30", "240", "3922", "7003"}


def _message(dice: random.Random) -> list[tuple[str, str]]:
    def text(most: int) -> str:
        return "".join(dice.choices("ABCXYZabc0123456789-/.", k=dice.randint(1, most)))

    makers = {
        "01": lambda: GTIN,
        "10": lambda: text(20),
        "21": lambda: text(20),
        "240": lambda: text(30),
        "17": lambda: f"{dice.randint(25, 40)}{dice.randint(1, 12):02d}{dice.randint(1, 28):02d}",
        "15": lambda: f"{dice.randint(25, 40)}{dice.randint(1, 12):02d}{dice.randint(1, 28):02d}",
        "30": lambda: str(dice.randint(1, 10**7)),
        "3103": lambda: f"{dice.randint(0, 999_999):06d}",
        "3922": lambda: str(dice.randint(1, 10**9)),
    }
    chosen = dice.sample(sorted(makers), dice.randint(1, 5))
    return [(ai, makers[ai]()) for ai in chosen]
