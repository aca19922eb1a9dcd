"""Sheets as a PDF, a page per copy: bars and squares are vectors, texts are their dots.

A label is drawn once, as a form that each of its pages shows, so many copies cost little.
"""

from io import BytesIO

from reportlab import rl_config
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from edge_agent.labels.placing import Sheet

POINTS_PER_INCH = 72


def write(sheets: list[Sheet]) -> bytes:
    """The document; the same sheets are the same bytes."""
    rl_config.useA85 = 0
    file = BytesIO()
    canvas = Canvas(file, invariant=1, pageCompression=1)
    canvas.setCreator("Backstock")
    canvas.setTitle("Labels")
    for number, sheet in enumerate(sheets):
        _draw(canvas, f"label{number}", sheet)
    canvas.save()
    return file.getvalue()


def _draw(canvas: Canvas, name: str, sheet: Sheet) -> None:
    canvas.beginForm(name, 0, 0, sheet.width, sheet.height)
    for text in sheet.texts:
        wide, high = text.dots.size
        canvas.drawImage(ImageReader(text.dots.convert("L")), text.x, sheet.height - text.y - high, wide, high)
    path = canvas.beginPath()
    for x, y, width, height in sheet.symbol.dark():
        path.rect(x, sheet.height - y - height, width, height)
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.endForm()
    point = POINTS_PER_INCH / sheet.dpi
    for _ in range(sheet.copies):
        canvas.setPageSize((sheet.width * point, sheet.height * point))
        canvas.scale(point, point)
        canvas.doForm(name)
        canvas.showPage()
