"""Names in any script that a font here has; what none has is told; no text stands on another or on the symbol."""

from itertools import combinations
from pathlib import Path

import fontpkg
import pytest

from edge_agent.domain.label_design import Template
from edge_agent.domain.label_symbols import Carrier
from edge_agent.errors import Invalid
from edge_agent.labels import fonts, picture
from edge_agent.labels.fonts import Fonts
from edge_agent.labels.placing import Sheet, place
from tests.integration.labels.read_back import a_label, a_sheet

NAMES = {
    "latin": "Smörgåsbord «Ærø» Żółć 45 % Fett i. Tr. ½ l", "greek": "Ελληνικό γιαούρτι 10% 500 γρ.",
    "cyrillic": "Молоко пастеризованное 3,2 % «Простоквашино»", "vietnamese": "Nước mắm Phú Quốc",
    "arabic": "حليب كامل الدسم Almarai 1L طازج يومي", "hebrew": "חלב תנובה 3% 1 ליטר",
    "thai": "นมสดพาสเจอร์ไรส์ รสจืด 830 มล.",
    "devanagari": "नमकीन मिश्रण 200 ग्राम", "tamil": "தமிழ் பால் 500 மி.லி.", "telugu": "తెలుగు పాలు 500 మి.లీ.",
    "one long word": "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen", "one sign": "x",
    "longest": "Wörter und noch mehr davon " * 18,
}  # fmt: skip
SIZES = [(38.0, 25.0), (60.0, 40.0), (100.0, 50.0)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_script_stands_where_nothing_else_does(name: str, size: tuple[float, float]) -> None:
    for template, carrier in ((Template.PRICE, Carrier.EAN13), (Template.LOT, Carrier.DATAMATRIX)):
        sheet = a_sheet(a_label(template, carrier, name=NAMES[name], size=size, price="123456.78"))
        assert sheet.missing == frozenset()
        inks = ink_of(sheet)
        assert all(x >= 0 and y >= 0 and right <= sheet.width and low <= sheet.height for x, y, right, low in inks)
        assert not any(overlap(one, other) for one, other in combinations(inks, 2))


def ink_of(sheet: Sheet) -> list[tuple[int, int, int, int]]:
    """The rectangles that are drawn in: each text, and the symbol with its quiet zone at the sides."""
    symbol = sheet.symbol
    left, right = symbol.bars.quiet
    wide = symbol.bars.width * symbol.module
    high = symbol.bar_height + symbol.bars.height * symbol.module
    zone = (symbol.x - left * symbol.module, symbol.y, symbol.x + wide + right * symbol.module, symbol.y + high)
    return [zone, *((text.x, text.y, text.x + text.dots.width, text.y + text.dots.height) for text in sheet.texts)]


def overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return max(one[0], other[0]) < min(one[2], other[2]) and max(one[1], other[1]) < min(one[3], other[3])


def test_letters_of_arabic_are_joined_and_written_to_the_left() -> None:
    have = Fonts()
    word, apart = have.line("حليب", is_rtl=True), have.line("ح ل ي ب", is_rtl=True)
    assert fonts.width(word, 40, is_bold=False) < 0.9 * fonts.width(apart, 40, is_bold=False)
    first = fonts.paint(have.line("ا", is_rtl=True), 40, is_bold=False).convert("L")
    pair = fonts.paint(have.line("ااب", is_rtl=True), 40, is_bold=False).convert("L")
    stroke = pair.crop((pair.width - first.width, 0, pair.width, 40))
    assert stroke.getextrema()[0] == 0, "an alif stands at the right edge"


def test_a_name_that_begins_in_arabic_stands_at_the_right_edge() -> None:
    sheet = a_sheet(a_label(Template.SHELF, Carrier.EAN13, name="حليب 1L", size=(60.0, 40.0)))
    name = sheet.texts[0]
    assert name.x + name.dots.width > sheet.width * 0.9


def test_what_no_font_has_is_drawn_as_a_question_mark_and_told() -> None:
    sheet = a_sheet(a_label(Template.SHELF, Carrier.EAN13, name="牛乳 1L", size=(60.0, 40.0)))
    asked = a_sheet(a_label(Template.SHELF, Carrier.EAN13, name="?? 1L", size=(60.0, 40.0)))
    assert sheet.missing == {"牛", "乳"}
    assert picture.write([sheet]) == picture.write([asked])


def test_a_font_of_the_settings_is_looked_in_after_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "OWN", ("Noto Sans",))
    thai = str(fontpkg.path("Noto Sans Thai"))
    label = a_label(Template.SHELF, Carrier.EAN13, name="นม Milk", size=(60.0, 40.0))
    assert place(label, 203, Fonts()).missing
    assert place(label, 203, Fonts([thai])).missing == frozenset()
    assert Fonts([thai]).line("นม").runs == ((Path(thai), "นม"),)


def test_bold_is_bolder() -> None:
    line = Fonts().line("Butter")
    ink = [sum(fonts.paint(line, 60, is_bold=is_bold).convert("L").histogram()[:128]) for is_bold in (False, True)]
    assert ink[1] > 1.15 * ink[0]


def test_a_price_is_drawn_smaller_and_never_cut() -> None:
    for price in ("1.00", "123456789012.34"):
        sheet = a_sheet(a_label(Template.PRICE, Carrier.EAN13, price=price, size=(60.0, 40.0)))
        assert sheet.texts[0].dots.width <= sheet.width
    with pytest.raises(Invalid, match="cannot be read"):
        a_sheet(a_label(Template.PRICE, Carrier.EAN13, price="9" * 200, size=(60.0, 40.0)))
