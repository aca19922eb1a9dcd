"""In-store codes: only the store's own rules open them; a price is never guessed."""

import pytest
from biip.checksums import gs1_price_weight_check_digit

from scanner_drivers import BadConfig, StoreProfile
from scanner_drivers.decode.instore import price_check_digit
from sync_protocol.gtin import check_digit
from tests.unit.scanner_drivers.builders import identity, read

STORE = StoreProfile(
    instore_rules=(
        "20:PPPPPCVVVV/price/2",
        "21:PPPPCVVVVV/price/2",
        "24:PPPPPVVVVV/price/2",
        "27:PPPPPVVVVV/weight/3/kg",
        "28:PPPPPVVVVV/weight/4",
        "26:PPPPPVVVVV/count",
        "02:PPPPPPPPPP/item",
    )
)


def ean(body: str) -> str:
    return body + check_digit(body)


def test_a_price_with_a_right_price_check_digit_is_read() -> None:
    scan = read(ean("20" + "12345" + "9" + "2875"), STORE)  # 28.75: the GenSpecs' own example
    assert identity(scan) == {"gtin": ean("201234500000").zfill(14), "sku": "12345", "price_minor": 2875}


def test_a_price_with_a_wrong_price_check_digit_keeps_the_article_only() -> None:
    """Nasty case 15."""
    scan = read(ean("20" + "12345" + "8" + "2875"), STORE)
    assert identity(scan) == {"gtin": ean("201234500000").zfill(14), "sku": "12345"}
    assert scan.flags == {"invalid_price_check"}


def test_five_digit_prices_have_their_own_check() -> None:
    assert read(ean("21" + "1234" + "6" + "14685"), STORE).price_minor == 14685
    assert read(ean("21" + "1234" + "7" + "14685"), STORE).price_minor is None


def test_weight_and_count_come_out_in_thousandths() -> None:
    weighed = read(ean("27" + "54321" + "01250"), STORE)
    assert (weighed.sku, weighed.quantity, weighed.weight_unit) == ("54321", 1250, "kg")
    rounded = read(ean("28" + "54321" + "12345"), STORE)
    assert (rounded.quantity, rounded.flags) == (1235, {"rounded"})
    counted = read(ean("26" + "54321" + "00012"), STORE)
    assert (counted.quantity, counted.weight_unit) == (12_000, None)


def test_the_article_is_the_same_whatever_the_price() -> None:
    gtins = {read(ean(f"2455555{price:05d}"), STORE).gtin for price in (1, 250, 99_999)}
    assert gtins == {ean("245555500000").zfill(14)}


def test_upc_number_system_two_is_prefix_02_with_and_without_its_zero() -> None:
    upca = ean("2" + "1234567890")
    assert read(upca, STORE).sku == "1234567890"
    assert read("0" + upca, STORE).gtin == read(upca, STORE).gtin


@pytest.mark.parametrize("prefix", ["02", "20", "25", "28", "29"])
def test_without_a_rule_the_number_is_kept_whole_and_no_price_is_guessed(prefix: str) -> None:
    """Nasty case 15: no rule for this region."""
    code = ean(prefix + "1234501999")
    scan = read(code)
    assert identity(scan) == {"gtin": code.zfill(14)}
    assert scan.flags == {"instore_unknown"}


def test_price_check_digits_agree_with_biip() -> None:
    for value in (*range(0, 10_000, 7), *range(9_990, 10_000)):
        text = f"{value:04d}"
        assert int(price_check_digit(text)) == gs1_price_weight_check_digit(text)
    for value in range(0, 100_000, 37):
        text = f"{value:05d}"
        assert int(price_check_digit(text)) == gs1_price_weight_check_digit(text)


@pytest.mark.parametrize(
    "rule",
    [
        "20:PPPPPCVVV/price/2",
        "20:PPPPPPPPPP/price",
        "20:PPPPPVVVVV/item",
        "20:PPPPPPCVVV/price/2",
        "20:VVVVVPPPPP/price",
        "2x:PPPPPVVVVV/price",
        "20:PPPPPVVVVV/money",
        "20:PPPPPVVVVV/weight/9",
        "20:PPPPPVVVVV/weight/3/stone",
        "",
    ],
)
def test_a_rule_that_cannot_work_is_refused(rule: str) -> None:
    with pytest.raises(BadConfig):
        StoreProfile(instore_rules=(rule,))


def test_all_mistakes_of_a_profile_are_told_at_once() -> None:
    with pytest.raises(BadConfig) as caught:
        StoreProfile(instore_rules=("20:bad", "21:worse"), code_page="klingon", currency="EUR", gs_substitutes="A")
    message = str(caught.value)
    assert all(word in message for word in ("20:bad", "21:worse", "klingon", "EUR", "gs_substitutes"))
