"""F22: an inventory report as pages to print, made by the program that the hub starts and read back from the PDF."""

import csv
import sys
from io import BytesIO
from pathlib import Path
from subprocess import run
from typing import Any

import orjson
import pytest
from pypdf import PageObject, PdfReader

from cloud_hub.domain.stock_reports import COLUMNS, QUANTITIES
from cloud_hub.services.report_chart import steps
from cloud_hub.services.report_files import PAGES

TOTALS = dict(zip(QUANTITIES, ("100", "20", "30.5", "1", "2", "-3", "4", "89.5"), strict=True))
HEAD = {
    "title": "Inventory report, monthly", "site": "SOUTH · Südstadt", "period": "2026-10-01 to 2026-10-31",
    "state": "Final · revision 2", "value": "43.50 EUR", "lines": 0, "made_at": "2026-11-01T00:12:03.000Z",
    "totals": TOTALS,
}  # fmt: skip


def line(sku: str = "SKU", name: str = "Pen", opening: str = "1", value: str = "43.50") -> list[str]:
    return [sku, name, "Drinks", opening, *["0"] * 7, "0.50", value, "EUR"]


def printed(folder: Path, lines: list[list[str]]) -> bytes:
    """The PDF of a report with these lines."""
    head, source, target = folder / "head.json", folder / "lines.csv", folder / "report.pdf"
    head.write_bytes(orjson.dumps(HEAD | {"lines": len(lines)}))
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([list(COLUMNS), *lines])
    run([sys.executable, "-m", PAGES, str(head), str(source), str(target)], check=True)
    return target.read_bytes()


def texts(page: PageObject) -> dict[str, list[tuple[float, float]]]:
    """Every text of a page with where it begins."""
    found: dict[str, list[tuple[float, float]]] = {}

    def visit(text: str, _at: Any, place: list[float], _font: Any, _size: float) -> None:
        if text.strip():
            found.setdefault(text.strip(), []).append((place[4], place[5]))

    page.extract_text(visitor_text=visit)
    return found


@pytest.mark.parametrize(("lines", "pages"), [(0, 1), (1, 1), (200, 6)])
def test_each_page_has_the_header_the_period_and_its_number(tmp_path: Path, lines: int, pages: int) -> None:
    reader = PdfReader(BytesIO(printed(tmp_path, [line(f"SKU-{n}") for n in range(lines)])))
    shown = [page.extract_text() for page in reader.pages]
    assert [f"page {number} of {pages}" in text for number, text in enumerate(shown, 1)] == [True] * pages
    assert all("unit cost" in text and "2026-10-01 to 2026-10-31 · SOUTH · Südstadt" in text for text in shown)
    assert "Inventory report, monthly" in shown[0] and "Final · revision 2" in shown[0]
    skus = [word for text in shown for word in text.split() if word.startswith("SKU-")]
    assert skus == [f"SKU-{n}" for n in range(lines)]


def test_texts_are_what_they_mean_in_any_script_and_a_sign_without_a_glyph_is_a_question_mark(tmp_path: Path) -> None:
    names = ["Žluťoučký kůň", "Минеральная вода", "Φέτα", "नमकीन", "奶 0.5 l"]
    reader = PdfReader(BytesIO(printed(tmp_path, [line("'=PEN", name) for name in names])))
    shown = texts(reader.pages[0])
    assert [name in shown for name in names] == [True, True, True, True, False]
    assert "? 0.5 l" in shown and len(shown["=PEN"]) == 5


def test_numbers_are_whole_and_end_at_one_edge_and_a_long_text_ends_with_an_ellipsis(tmp_path: Path) -> None:
    lines = [line(opening="7"), line(opening="123456789012.345", name="Very long name " * 9), line(value="")]
    shown = texts(PdfReader(BytesIO(printed(tmp_path, lines))).pages[0])
    assert "123456789012.345" in shown and "43.50 EUR" in shown
    (cut,) = [text for text in shown if text.startswith("Very")]
    assert cut.endswith("…") and len(cut) < 60
    (small,), (large,) = shown["7"], shown["123456789012.345"]
    assert large[0] < small[0]


def test_the_same_report_is_the_same_bytes_and_of_the_time_it_was_made(tmp_path: Path) -> None:
    first, second = (printed(tmp_path, [line()]) for _ in range(2))
    assert first == second
    told = PdfReader(BytesIO(first)).metadata
    assert told is not None and told.creation_date is not None
    assert told.creation_date.isoformat() == "2026-11-01T00:12:03+00:00"


def test_the_chart_steps_from_what_was_there_to_what_is_there() -> None:
    bars = steps(TOTALS)
    assert [bar.start for bar in bars[1:-1]] == [bar.end for bar in bars[:-2]]
    assert bars[-2].end == bars[-1].end
    assert [bar.label for bar in bars] == ["100", "+20", "-30.5", "+1", "-2", "-3", "+4", "89.5"]
