"""An inventory report as pages to print, as a program of its own: `… HEAD.json LINES.csv TARGET.pdf`.

What it is of and what it comes to, how the stock at the beginning became the stock at the end,
then its lines under a header that every page repeats. The same report is the same bytes: the
only time in it is when the report was made. A number is never cut, a text is (`…`), a sign
that the font does not have is a question mark; the CSV has both whole.
"""

import csv
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import fontpkg
import orjson
from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from cloud_hub.domain.cells import plain
from cloud_hub.domain.stock_reports import COLUMNS, QUANTITIES
from cloud_hub.services.report_chart import HEIGHT as CHART_HEIGHT
from cloud_hub.services.report_chart import draw as draw_chart

FAMILY = "Noto Sans"
WIDTH, HEIGHT = landscape(A4)
MARGIN = 36.0
ROW, SIZE = 12.0, 7.0
INK, PALE, STRIPE = HexColor("#1b2733"), HexColor("#66727f"), HexColor("#f2f5f8")
COLUMN_WIDTHS = (84.0, 158.0, 72.0, *(44.0,) * len(QUANTITIES), 46.0, 58.0)
"""Of the columns of the CSV; the currency stands with the value."""
TEXTS = 3
"""The first columns are texts; numbers stand at the right edge of theirs."""
_FIRST_TOP, _TOP, _BOTTOM = HEIGHT - 128 - CHART_HEIGHT, HEIGHT - MARGIN, MARGIN + 22


class Pages:
    """A document that is being written, page by page."""

    def __init__(self, target: Path, head: dict[str, Any]) -> None:
        self._head = head
        rl_config.useA85 = 0
        font = TTFont(FAMILY, fontpkg.path(FAMILY))
        pdfmetrics.registerFont(font)
        self._signs = font.face.charToGlyph
        self._width = lru_cache(maxsize=10_000)(partial(pdfmetrics.stringWidth, fontName=FAMILY, fontSize=SIZE))
        self.canvas = Canvas(str(target), pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1, lang="en")
        self._of = self._known(f"{head['period']} · {head['site']}")
        self.canvas.setTitle(f"{head['title']} {head['period']} {head['site']}")
        self.canvas.setCreator("Backstock")

    def write(self, lines: Iterator[list[str]]) -> None:
        """All pages, the first with the title and the chart."""
        head, first, others = self._head, _rows_below(_FIRST_TOP), _rows_below(_TOP)
        pages = 1 + max(0, -(-(head["lines"] - first) // others))
        self._title()
        for number in range(1, pages + 1):
            is_first = number == 1
            self._table(_FIRST_TOP if is_first else _TOP, list(islice(lines, first if is_first else others)))
            self.text(MARGIN, MARGIN, self._cut(self._of, WIDTH - 3 * MARGIN), colour=PALE)
            self.text(WIDTH - MARGIN, MARGIN, f"page {number} of {pages}", colour=PALE, is_right=True)
            self.canvas.showPage()
        self.canvas.save()

    def text(
        self, x: float, y: float, text: str, size: float = SIZE, colour: Color = INK, *, is_right: bool = False
    ) -> None:
        """One line of text, to the right of x or up to it."""
        self.canvas.setFillColor(colour)
        self.canvas.setFont(FAMILY, size)
        (self.canvas.drawRightString if is_right else self.canvas.drawString)(x, y, text)

    def _title(self) -> None:
        head = self._head
        self.text(MARGIN, HEIGHT - 52, head["title"], 16)
        self.text(MARGIN, HEIGHT - 70, self._cut(self._of, (WIDTH - 2 * MARGIN) * SIZE / 11), 11)
        self.text(MARGIN, HEIGHT - 84, head["state"], colour=PALE)
        self.text(WIDTH - MARGIN, HEIGHT - 52, head["value"], 12, is_right=True)
        self.text(WIDTH - MARGIN, HEIGHT - 84, f"{head['lines']} products", colour=PALE, is_right=True)
        draw_chart(self.canvas, self.text, head["totals"], x=MARGIN, y=_FIRST_TOP + 24, width=WIDTH - 2 * MARGIN)

    def _table(self, top: float, lines: list[list[str]]) -> None:
        self._line(top - ROW, [name.replace("_", " ") for name in COLUMNS[:-1]], PALE)
        self.canvas.setStrokeColor(PALE)
        self.canvas.line(MARGIN, top - ROW - 3, WIDTH - MARGIN, top - ROW - 3)
        for number, line in enumerate(lines, 2):
            y = top - number * ROW - 2
            if number % 2:
                self.canvas.setFillColor(STRIPE)
                self.canvas.rect(MARGIN, y - 3, WIDTH - 2 * MARGIN, ROW, stroke=0, fill=1)
            *cells, value, currency = line
            texts = [self._known(plain(cell)) for cell in cells[:TEXTS]]
            self._line(y, [*texts, *cells[TEXTS:], f"{value} {currency}" if value else ""])

    def _line(self, y: float, cells: list[str], colour: Color = INK) -> None:
        x = MARGIN
        for column, (cell, width) in enumerate(zip(cells, COLUMN_WIDTHS, strict=True)):
            room = width - 5
            if column < TEXTS:
                self.text(x + 2, y, self._cut(cell, room), colour=colour)
            elif cell:
                self.text(x + width - 2, y, cell, SIZE * min(1, room / self._width(cell)), colour, is_right=True)
            x += width

    def _cut(self, text: str, room: float) -> str:
        """As much of a text as this room takes in at SIZE."""
        if self._width(text) <= room:
            return text
        while text and self._width(f"{text}…") > room:
            text = text[:-1]
        return f"{text.rstrip()}…"

    def _known(self, text: str) -> str:
        """The text as far as the font has it."""
        return text if text.isascii() else "".join(sign if ord(sign) in self._signs else "?" for sign in text)


def _rows_below(top: float) -> int:
    """Lines of a table that begins here, without its header."""
    return int((top - _BOTTOM) / ROW) - 1


def main(arguments: list[str]) -> None:
    """Write the pages."""
    head_path, lines_path, target = map(Path, arguments)
    head = orjson.loads(head_path.read_bytes())
    os.environ["SOURCE_DATE_EPOCH"] = str(int(datetime.fromisoformat(head["made_at"]).timestamp()))
    with lines_path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        Pages(target, head).write(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
