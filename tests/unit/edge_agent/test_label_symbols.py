"""Which symbol a label has and what is in it; what no symbol can say is refused with its reason."""

import pytest

from edge_agent.domain.label_symbols import Article, Carrier, retail_carrier, symbol_of
from edge_agent.errors import Invalid

GTIN = "04006381333931"


@pytest.mark.parametrize(("code", "carrier"), [
    (GTIN, Carrier.EAN13), ("00036000291452", Carrier.EAN13), ("00000096385074", Carrier.EAN8),
    ("14006381333938", Carrier.GS1_128), ("INT-1", Carrier.CODE128), ("04006381333932", Carrier.CODE128),
    ("4006381333931", Carrier.CODE128),
])  # fmt: skip
def test_a_till_reads_what_the_code_is(code: str, carrier: Carrier) -> None:
    assert retail_carrier(Article(code)) is carrier


def test_the_lot_stands_before_the_expiry_so_that_a_separator_ends_it() -> None:
    article = Article(GTIN, "AB/1", "2027-12-31")
    symbol = symbol_of(article, Carrier.DATAMATRIX)
    assert symbol.data == "010400638133393110AB/1\x1d17271231"
    assert symbol.text == "(01)04006381333931(10)AB/1(17)271231"
    assert symbol_of(article._replace(lot=None), Carrier.GS1_128).data == "010400638133393117271231"
    assert symbol_of(article._replace(expiry=None), Carrier.GS1_128).data == "010400638133393110AB/1"


def test_a_digital_link_has_the_lot_in_its_path_and_the_expiry_in_its_query() -> None:
    article = Article(GTIN, "A/1?&%", "2027-12-31")
    assert symbol_of(article, Carrier.QR).data == "https://id.gs1.org/01/04006381333931/10/A%2F1%3F%26%25?17=271231"
    assert symbol_of(Article(GTIN), Carrier.QR, "https://shop.example/p/").data == (
        "https://shop.example/p/01/04006381333931"
    )


@pytest.mark.parametrize(("article", "carrier", "code", "pointer"), [
    (Article("INT-1"), Carrier.EAN13, "no_gtin", "/code"),
    (Article("INT-1"), Carrier.DATAMATRIX, "no_gtin", "/code"),
    (Article("14006381333938"), Carrier.EAN13, "gtin_length", "/symbol"),
    (Article(GTIN), Carrier.EAN8, "gtin_length", "/symbol"),
    (Article("Käse"), Carrier.CODE128, "code_not_printable", "/code"),
    (Article("x" * 41), Carrier.CODE128, "code_not_printable", "/code"),
    (Article("a\nb"), Carrier.CODE128, "code_not_printable", "/code"),
    (Article(GTIN, "Lot 1"), Carrier.DATAMATRIX, "lot", "/lot"),
    (Article(GTIN, "x" * 21), Carrier.QR, "lot", "/lot"),
    (Article(GTIN, ""), Carrier.QR, "lot", "/lot"),
    (Article(GTIN, "^XA"), Carrier.EAN13, "lot", "/lot"),
    (Article(GTIN, None, "2027-02-29"), Carrier.DATAMATRIX, "expiry", "/expiry"),
    (Article(GTIN, None, "20271231"), Carrier.DATAMATRIX, "expiry", "/expiry"),
    (Article(GTIN, None, "1999-12-31"), Carrier.DATAMATRIX, "expiry", "/expiry"),
    (Article(GTIN, None, "2071-01-01"), Carrier.DATAMATRIX, "expiry", "/expiry"),
])  # fmt: skip
def test_what_a_symbol_cannot_say_is_refused(article: Article, carrier: Carrier, code: str, pointer: str) -> None:
    with pytest.raises(Invalid, match="expected") as caught:
        symbol_of(article, carrier)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)
