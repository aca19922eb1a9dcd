"""B07, B19: labels of each kind and format are read back by an independent reader: the same data, lot and expiry.

The ZPL is rendered by a ZPL engine that is not ours, the PDF by PDFium.
"""

import re
from io import BytesIO

import pytest
from PIL import Image, ImageChops
from pypdf import PdfReader

from edge_agent.domain.label_design import Template
from edge_agent.domain.label_symbols import Article, Carrier
from edge_agent.errors import Invalid
from edge_agent.labels import pdf, picture, zpl
from edge_agent.labels.placing import Sheet
from scanner_drivers.decode import StoreProfile, decode
from scanner_drivers.scan import RawScan
from tests.integration.labels.read_back import (
    EXPIRY,
    GTIN,
    LOT,
    Read,
    a_label,
    a_sheet,
    everywhere,
    from_pdf,
    from_zpl,
    read,
)

ELEMENTS = b"010400638133393110L21-4/A\x1d17271231"
LINK = b"https://id.gs1.org/01/04006381333931/10/L21-4%2FA?17=271231"
ARTICLES = {Carrier.EAN8: Article("00000096385074"), Carrier.CODE128: Article("INT>00012^~FS_x")}
EXPECTED = {
    Carrier.EAN13: Read("EAN-13", "]E0", b"4006381333931"),
    Carrier.EAN8: Read("EAN-8", "]E4", b"96385074"),
    Carrier.CODE128: Read("Code 128", "]C0", b"INT>00012^~FS_x"),
    Carrier.GS1_128: Read("Code 128", "]C1", ELEMENTS),
    Carrier.DATAMATRIX: Read("Data Matrix", "]d2", ELEMENTS),
    Carrier.QR: Read("QR Code", "]Q1", LINK),
}


@pytest.mark.parametrize("dpi", [203, 300, 600])
@pytest.mark.parametrize("carrier", Carrier)
@pytest.mark.parametrize("template", Template)
def test_every_label_says_the_same_in_every_format(template: Template, carrier: Carrier, dpi: int) -> None:
    sheet = a_sheet(a_label(template, carrier, article=ARTICLES.get(carrier)), dpi)
    assert everywhere(sheet) == {key: [EXPECTED[carrier]] for key in ("png", "pdf", "zpl")}


@pytest.mark.parametrize("carrier", [Carrier.GS1_128, Carrier.DATAMATRIX, Carrier.QR])
def test_a_lot_label_scanned_in_the_store_gives_article_lot_and_expiry(carrier: Carrier) -> None:
    (got,) = everywhere(a_sheet(a_label(Template.LOT, carrier)))["zpl"]
    frame = got.aim.encode() + got.data
    scan = decode(RawScan(raw=frame, device="s", session=1, sequence=1, received_ns=0), StoreProfile())
    assert (scan.gtin, scan.lot, scan.expiry, scan.flags) == (GTIN, LOT, EXPIRY, frozenset())


@pytest.mark.parametrize(
    "lot", ["1", "10", "21AB", "12345678901234567890", "L/1+2:3;4<5>6=7?8_9%", "A17271231", "ab-CD.99"]
)
@pytest.mark.parametrize("carrier", [Carrier.GS1_128, Carrier.DATAMATRIX, Carrier.QR])
def test_any_lot_that_gs1_allows_is_read_back_to_its_last_sign(carrier: Carrier, lot: str) -> None:
    sheet = a_sheet(a_label(Template.LOT, carrier, article=Article(GTIN, lot, EXPIRY), size=(160.0, 60.0)))
    found = everywhere(sheet)
    assert found["png"] == found["pdf"] == found["zpl"]
    assert_the_printers_symbol_is_as_wide_as_ours(sheet)
    (got,) = found["zpl"]
    frame = got.aim.encode() + got.data
    scan = decode(RawScan(raw=frame, device="s", session=1, sequence=1, received_ns=0), StoreProfile())
    assert (scan.gtin, scan.lot, scan.expiry) == (GTIN, lot, EXPIRY)


@pytest.mark.parametrize(
    "code", ["1", "12", "123", "1234567", "A1", "A12345", "12A3456B", "x" * 20, "~^>_\\", "a b", "0000"]
)
def test_any_code_of_the_shop_is_read_back_from_code_128(code: str) -> None:
    sheet = a_sheet(a_label(Template.PRICE, Carrier.CODE128, article=Article(code), size=(160.0, 40.0)))
    assert everywhere(sheet) == {key: [Read("Code 128", "]C0", code.encode())] for key in ("png", "pdf", "zpl")}
    assert_the_printers_symbol_is_as_wide_as_ours(sheet)


def assert_the_printers_symbol_is_as_wide_as_ours(sheet: Sheet) -> None:
    """Another division into subsets would make it longer, and its quiet zone shorter."""
    symbol = sheet.symbol
    room = (0, symbol.y, symbol.x + symbol.bars.width * symbol.module + 60, symbol.y + 20)
    ours, theirs = picture.draw(sheet).convert("L"), from_zpl(zpl.write([sheet]), sheet)
    inks = [ImageChops.invert(each.crop(room)).getbbox() for each in (ours, theirs)]
    assert inks[0] == inks[1]


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("template", Template)
@pytest.mark.parametrize("carrier", [Carrier.CODE128, Carrier.DATAMATRIX, Carrier.QR])
def test_the_printer_draws_the_very_dots_of_the_preview(template: Template, carrier: Carrier, dpi: int) -> None:
    name = "Crème fraîche «Bergblüte» 30 % Fett i. Tr., Becher 200 g"
    article = Article("INT-00012") if carrier is Carrier.CODE128 else None
    assert difference(a_sheet(a_label(template, carrier, article=article, name=name), dpi)) is None


@pytest.mark.parametrize("carrier", [Carrier.EAN13, Carrier.EAN8])
@pytest.mark.parametrize("size", [(60.0, 40.0), (100.0, 60.0)])
def test_a_printers_longer_guards_of_an_ean_touch_no_text(carrier: Carrier, size: tuple[float, float]) -> None:
    sheet = a_sheet(a_label(Template.SHELF, carrier, article=ARTICLES.get(carrier), size=size))
    differs = difference(sheet)
    assert differs is not None, "the length of the guards is the printer's"
    assert differs[1] >= sheet.symbol.y + sheet.symbol.bar_height
    for text in sheet.texts:
        is_beside = text.x >= differs[2] or text.x + text.dots.width <= differs[0]
        assert is_beside or text.y >= differs[3] or text.y + text.dots.height <= differs[1]


def difference(sheet: Sheet) -> tuple[int, int, int, int] | None:
    """Where the printer's label is not our picture."""
    ours, theirs = picture.draw(sheet).convert("L"), from_zpl(zpl.write([sheet]), sheet)
    return ImageChops.difference(ours, theirs).getbbox()


def test_quiet_zones_are_as_wide_as_the_symbol_needs() -> None:
    sheet = a_sheet(a_label(Template.SHELF, Carrier.EAN13, size=(60.0, 40.0)))
    symbol, dots = sheet.symbol, picture.draw(sheet).convert("L")
    left, right = symbol.x - 11 * symbol.module, symbol.x + (95 + 7) * symbol.module
    assert left >= 0
    for begins, ends in ((left, symbol.x), (symbol.x + 95 * symbol.module, right)):
        assert dots.crop((begins, symbol.y, ends, symbol.y + symbol.bar_height)).getextrema() == (255, 255)


def test_each_label_has_its_number_of_copies_in_both_formats() -> None:
    sheets = [a_sheet(a_label(Template.PRICE, Carrier.EAN13, copies=copies)) for copies in (3, 500)]
    assert [int(count) for count in re.findall(rb"\^PQ(\d+),", zpl.write(sheets))] == [3, 500]
    document = pdf.write(sheets)
    assert len(from_pdf(pdf.write(sheets[:1]))) == 3
    assert document.count(b"/Type /Page\n") + document.count(b"/Type /Page ") == 503
    assert len(document) < 400_000, "a label is drawn once, however many copies there are"


def test_the_pdf_has_its_texts_as_pictures_and_nothing_else() -> None:
    """So its symbol, which is read back above, is vectors."""
    page = PdfReader(BytesIO(pdf.write([a_sheet(a_label(Template.LOT, Carrier.DATAMATRIX))]))).pages[0]
    (form,) = page["/Resources"]["/XObject"].values()  # type: ignore[index]
    assert len(form["/Resources"]["/XObject"]) == 4, "name, lot, expiry and code"


@pytest.mark.parametrize(("template", "carrier", "size"), [
    (Template.SHELF, Carrier.EAN13, (25.0, 20.0)), (Template.LOT, Carrier.DATAMATRIX, (20.0, 10.0)),
    (Template.LOT, Carrier.GS1_128, (60.0, 40.0)), (Template.PRICE, Carrier.QR, (30.0, 15.0)),
])  # fmt: skip
def test_a_label_that_could_not_be_read_is_refused_and_says_how_large_it_must_be(
    template: Template, carrier: Carrier, size: tuple[float, float]
) -> None:
    with pytest.raises(Invalid, match="expected a larger label") as caught:
        a_sheet(a_label(template, carrier, size=size))
    assert caught.value.code == "label_too_small"


def test_a_damaged_corner_of_a_qr_is_still_read() -> None:
    """Error correction M, as a thermal print head with dead dots leaves it."""
    sheet = a_sheet(a_label(Template.LOT, Carrier.QR))
    dots = picture.draw(sheet).convert("L")
    wide = sheet.symbol.bars.width * sheet.symbol.module
    scar = Image.new("L", (sheet.symbol.module * 3, wide // 3), 255)
    dots.paste(scar, (sheet.symbol.x + wide - scar.width, sheet.symbol.y + wide - scar.height))
    assert read(dots) == [EXPECTED[Carrier.QR]]
