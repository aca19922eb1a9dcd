"""The one description of a label: what stands where, in millimetres from the top left corner.

Owns the three templates; it knows neither fonts, dots nor formats. Boxes of one label never
overlap and never leave it, whatever size the printer's labels have. A text may be cut; a
number (price, lot, expiry, digits of a code) may only be drawn smaller.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from edge_agent.domain.label_symbols import Carrier, Symbol

MARGIN, GAP = 1.5, 1.0
DIGITS_HEIGHT = 2.6
BESIDE_FROM = 46.0
"""From this width on an EAN has room for the price beside it; longer bars always take the whole width."""
TEXT_HEIGHT_MAX, PRICE_HEIGHT_MAX = 6.0, 18.0
"""Of one line: a large label gives its room to the symbol."""

Align = Literal["start", "middle", "end"]


class Template(StrEnum):
    SHELF = "shelf"
    LOT = "lot"
    PRICE = "price"


class Content(NamedTuple):
    """What a label tells."""

    name: str
    sku: str
    code: str
    price: str
    """The amount; nothing where the product has no price."""
    price_unit: str
    """The currency, and what it is for: `EUR/kg`."""
    lot: str | None
    expiry: str | None
    symbol: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in millimetres."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A text in its box."""

    text: str
    box: Box
    lines: int = 1
    align: Align = "start"
    is_bold: bool = False
    may_cut: bool = True
    """Otherwise it is drawn smaller until it fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Everything on it; `copies` of it are wanted."""

    width: float
    height: float
    fields: tuple[Field, ...]
    carrier: str
    data: str
    symbol_box: Box
    copies: int = 1


def describe(template: Template, content: Content, width: float, height: float, copies: int = 1) -> Label:
    """The label of this content on paper of this size."""
    area = Box(x=MARGIN, y=MARGIN, width=width - 2 * MARGIN, height=height - 2 * MARGIN)
    if template is Template.LOT:
        fields, box = _lot(content, area)
    elif template is Template.PRICE:
        fields, box = _price(content, area)
    else:
        fields, box = _shelf(content, area)
    if content.symbol.text and template is not Template.LOT and not content.symbol.carrier.is_matrix:
        box, digits = _split_bottom(box, DIGITS_HEIGHT)
        fields.append(Field(text=content.symbol.text, box=digits, align="middle", may_cut=False))
    return Label(
        width=width, height=height, fields=tuple(field for field in fields if field.text), copies=copies,
        carrier=content.symbol.carrier, data=content.symbol.data, symbol_box=box,
    )  # fmt: skip


def _shelf(content: Content, area: Box) -> tuple[list[Field], Box]:
    """The name above; below it the symbol, and beside it SKU and price, or above it where bars are long."""
    top, below = _split_top(area, min(0.36 * area.height, 2 * TEXT_HEIGHT_MAX))
    name = Field(text=content.name, box=top, lines=2, is_bold=True)
    carrier = content.symbol.carrier
    if carrier.is_matrix or (carrier in (Carrier.EAN13, Carrier.EAN8) and area.width >= BESIDE_FROM):
        symbol, beside = _split_left(below, 0.62 * below.width)
        sku, price = _split_top(beside, min(0.24 * beside.height, 3.2))
        amount, unit = _split_bottom(price, min(0.3 * price.height, 4.0))
        fields = [Field(text=content.sku, box=sku, align="end"), *_price_rows(content, amount, unit)]
        return [name, *fields], symbol
    row, symbol = _split_top(below, min(0.36 * below.height, PRICE_HEIGHT_MAX))
    return [name, _price_line(content, row, "end")], symbol


def _price(content: Content, area: Box) -> tuple[list[Field], Box]:
    """The price as large as there is room, a little of the name, and the symbol: square ones beside them."""
    if content.symbol.carrier.is_matrix:
        symbol, texts = _split_left(area, min(area.height, 0.5 * area.width))
        price, name = _split_top(texts, 0.6 * texts.height)
        amount, unit = _split_bottom(price, 0.3 * price.height)
        return [*_price_rows(content, amount, unit), Field(text=content.name, box=name, lines=2, align="end")], symbol
    row, below = _split_top(area, min(0.36 * area.height, PRICE_HEIGHT_MAX))
    name, symbol = _split_top(below, min(0.24 * below.height, TEXT_HEIGHT_MAX))
    return [_price_line(content, row, "middle"), Field(text=content.name, box=name, align="middle")], symbol


def _price_rows(content: Content, amount: Box, unit: Box) -> list[Field]:
    """The amount over its currency, at the right edge."""
    _, amount = _split_bottom(amount, min(amount.height, PRICE_HEIGHT_MAX))
    return [
        Field(text=content.price, box=amount, align="end", is_bold=True, may_cut=False),
        Field(text=content.price_unit, box=unit, align="end", may_cut=False),
    ]


def _price_line(content: Content, row: Box, align: Align) -> Field:
    text = f"{content.price} {content.price_unit}".strip()
    return Field(text=text, box=row, align=align, is_bold=True, may_cut=False)


def _lot(content: Content, area: Box) -> tuple[list[Field], Box]:
    """What the symbol says, also for people: beside a square symbol, above a wide one."""
    if content.symbol.carrier.is_matrix:
        symbol, texts = _split_left(area, min(area.height, 0.5 * area.width))
    else:
        texts, symbol = _split_top(area, 0.55 * area.height)
    rows = [
        Field(text=content.name, box=texts, lines=2, is_bold=True),
        *(Field(text=f"{word} {said}", box=texts, is_bold=True, may_cut=False)
          for word, said in (("LOT", content.lot), ("EXP", content.expiry)) if said),
        Field(text=content.code, box=texts, may_cut=False),
    ]  # fmt: skip
    return _rows(rows, texts), symbol


def _rows(fields: list[Field], box: Box) -> list[Field]:
    """One below the other, each as high as it has lines."""
    room = max(0.0, box.height - GAP * (len(fields) - 1))
    line = min(TEXT_HEIGHT_MAX, room / sum(field.lines for field in fields))
    placed, y = [], box.y
    for field in fields:
        own = Box(x=box.x, y=y, width=box.width, height=line * field.lines)
        placed.append(Field(text=field.text, box=own, lines=field.lines, is_bold=field.is_bold, may_cut=field.may_cut))
        y += own.height + GAP
    return placed


def _split_top(box: Box, height: float) -> tuple[Box, Box]:
    """Where there is no room, parts have none: what would stand in them is refused when it is drawn."""
    height = min(height, box.height)
    used = min(height + GAP, box.height)
    return (
        Box(x=box.x, y=box.y, width=box.width, height=height),
        Box(x=box.x, y=box.y + used, width=box.width, height=box.height - used),
    )


def _split_bottom(box: Box, height: float) -> tuple[Box, Box]:
    """The two parts touch: digits belong to the bars above them."""
    above = max(0.0, box.height - height)
    return (
        Box(x=box.x, y=box.y, width=box.width, height=above),
        Box(x=box.x, y=box.y + above, width=box.width, height=box.height - above),
    )


def _split_left(box: Box, width: float) -> tuple[Box, Box]:
    used = min(width + GAP, box.width)
    return (
        Box(x=box.x, y=box.y, width=min(width, box.width), height=box.height),
        Box(x=box.x + used, y=box.y, width=box.width - used, height=box.height),
    )
