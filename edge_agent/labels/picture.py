"""A sheet as a picture: what the preview shows, and what tests read back."""

from io import BytesIO

from PIL import Image, ImageDraw

from edge_agent.labels.placing import Sheet


def draw(sheet: Sheet) -> Image.Image:
    """Its dots."""
    picture = Image.new("1", (sheet.width, sheet.height), 1)
    for text in sheet.texts:
        picture.paste(text.dots, (text.x, text.y))
    pen = ImageDraw.Draw(picture)
    for x, y, width, height in sheet.symbol.dark():
        pen.rectangle((x, y, x + width - 1, y + height - 1), fill=0)
    return picture


def write(sheets: list[Sheet]) -> bytes:
    """The first of them as a PNG."""
    file = BytesIO()
    draw(sheets[0]).save(file, "PNG", dpi=(sheets[0].dpi, sheets[0].dpi), optimize=True)
    return file.getvalue()
