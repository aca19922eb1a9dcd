"""A label as others see it: rendered by programs that are not ours, read by zxing-cpp.

The picture is read as it is; the PDF is rendered by PDFium; the ZPL by zplkit, in the way of
the printer that it was measured against. `^PQ` is the one command that zplkit lacks.
"""

import re
from io import BytesIO
from typing import NamedTuple

import pypdfium2
import zplkit
import zxingcpp
from PIL import Image
from zplkit.rendering import Limits

from edge_agent.domain.label_design import Content, Label, Template, describe
from edge_agent.domain.label_symbols import Article, Carrier, symbol_of
from edge_agent.labels import pdf, picture, zpl
from edge_agent.labels.fonts import Fonts
from edge_agent.labels.placing import Sheet, place

FONTS = Fonts()
GTIN = "04006381333931"
LOT, EXPIRY = "L21-4/A", "2027-12-31"
WIDE = (100.0, 60.0)
"""Takes every carrier, GS1-128 with lot and expiry as well."""


class Read(NamedTuple):
    """What a reader got."""

    carrier: str
    aim: str
    data: bytes


def a_label(
    template: Template, carrier: Carrier, *, article: Article | None = None, name: str = "Butter 250 g",
    price: str = "2.49", size: tuple[float, float] = WIDE, copies: int = 1,
) -> Label:  # fmt: skip
    article = article or Article(GTIN, LOT, EXPIRY)
    symbol = symbol_of(article, carrier)
    content = Content(name, "SKU-1", article.code, price, "EUR", article.lot, article.expiry, symbol)
    return describe(template, content, *size, copies)


def a_sheet(label: Label, dpi: int = 203) -> Sheet:
    return place(label, dpi, FONTS)


def read(image: Image.Image) -> list[Read]:
    """All symbols of a picture."""
    grey = image.convert("L")
    dots = memoryview(grey.tobytes()).cast("B", (grey.height, grey.width))
    return [Read(str(found.format), found.symbology_identifier, found.bytes) for found in zxingcpp.read_barcodes(dots)]


def from_pdf(document: bytes) -> list[Image.Image]:
    """Its pages, at twice the dots of a printer."""
    return [page.render(scale=406 / 72).to_pil() for page in pypdfium2.PdfDocument(document)]


def from_zpl(document: bytes, sheet: Sheet) -> Image.Image:
    """The first label, on paper of the sheet's size."""
    return rendered(document, dpi=sheet.dpi, size=(sheet.width, sheet.height))


def rendered(document: bytes, *, dpi: int, size: tuple[int, int]) -> Image.Image:
    """What a printer makes of it."""
    options = zplkit.Options(profile="zd621", dpi=dpi, width=size[0], height=size[1])
    limits = Limits(graphic_bytes=1 << 20)
    found = zplkit.render(re.sub(rb"\^PQ[^^]*", b"", document), options, limits=limits)
    assert found.warnings == []
    dots = found.labels[0].rasterize()
    return Image.frombytes("L", (dots.width, dots.height), dots.pixels)


def everywhere(sheet: Sheet) -> dict[str, list[Read]]:
    """What is read off each writer's label."""
    png = Image.open(BytesIO(picture.write([sheet])))
    return {
        "png": read(png), "pdf": read(from_pdf(pdf.write([sheet]))[0]), "zpl": read(from_zpl(zpl.write([sheet]), sheet))
    }  # fmt: skip
