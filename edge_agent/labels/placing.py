"""The description on a printer's dots: every writer draws these and decides nothing.

Texts are broken, cut or shrunk here, the symbol gets the largest module that fits. What has no
room that one could read is refused: a label that lies is worse than none.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

from edge_agent.domain.label_design import Field, Label
from edge_agent.domain.label_symbols import Carrier
from edge_agent.domain.label_text import break_lines, is_right_to_left
from edge_agent.errors import Invalid
from edge_agent.labels import fonts
from edge_agent.labels.fonts import Fonts
from edge_agent.labels.symbols import BAR_HEIGHT_MIN_MM, MODULE_MAX_MM, MODULE_MIN_MM, Bars, encode

MM_PER_INCH = 25.4
MODULE_DOTS_MAX = 10
"""What `^BY` and `^BQ` of ZPL take."""
TEXT_MIN_MM = 1.4
"""Four points: the smallest that can be read."""


class PlacedText(NamedTuple):
    """The dots of one line, from this corner."""

    x: int
    y: int
    dots: Image.Image


class PlacedSymbol(NamedTuple):
    """A symbol without its quiet zone, from this corner."""

    x: int
    y: int
    module: int
    bar_height: int
    """Of a linear symbol, without what its guards are longer; 0 for a matrix."""
    bars: Bars
    data: str

    def dark(self) -> Iterator[tuple[int, int, int, int]]:
        """Its dark parts in dots of the label."""
        for x, y, width, height in self.bars.dark:
            high = self.bar_height + height * self.module
            yield self.x + x * self.module, self.y + y * self.module, width * self.module, high


class Sheet(NamedTuple):
    """One label in dots."""

    width: int
    height: int
    dpi: int
    texts: tuple[PlacedText, ...]
    symbol: PlacedSymbol
    copies: int
    missing: frozenset[str]
    """Signs that no font here has."""


def place(label: Label, dpi: int, have: Fonts) -> Sheet:
    """Everything where it belongs. Raises Invalid: `label_too_small`, `symbol`."""
    texts: list[PlacedText] = []
    missing: set[str] = set()
    for field in label.fields:
        found = _place_field(field, dpi, have)
        texts += found[0]
        missing |= found[1]
    symbol = _place_symbol(label, dpi)
    return Sheet(
        _dots(label.width, dpi), _dots(label.height, dpi), dpi, tuple(texts), symbol, label.copies, frozenset(missing)
    )


def _dots(mm: float, dpi: int) -> int:
    return int(mm * dpi / MM_PER_INCH)


def _place_field(field: Field, dpi: int, have: Fonts) -> tuple[list[PlacedText], set[str]]:
    x, y, width, height = (_dots(mm, dpi) for mm in (field.box.x, field.box.y, field.box.width, field.box.height))
    size = height // field.lines
    lines = _cut(field, size, width, have) if field.may_cut else [field.text]
    if not field.may_cut:
        size = _shrunk(field, size, width, have)
    if size < _dots(TEXT_MIN_MM, dpi) or not lines:
        raise _too_small(f"{field.text[:40]!r} cannot be read in {field.box.width:.0f} × {field.box.height:.0f} mm")
    placed, missing, is_rtl = [], set[str](), is_right_to_left(field.text)
    for number, text in enumerate(lines):
        line = have.line(text, is_rtl=is_rtl)
        dots = fonts.paint(line, size, is_bold=field.is_bold)
        # The last dot is the room that rounding takes; a slanted sign may reach into it.
        free = max(0, width - dots.width)
        indent = {"start": free if is_rtl else 0, "middle": free // 2, "end": free}[field.align]
        placed.append(PlacedText(x + indent, y + (height - size * field.lines) // 2 + number * size, dots))
        missing |= line.missing
    return placed, missing


def _cut(field: Field, size: int, width: int, have: Fonts) -> list[str]:
    return break_lines(
        field.text, field.lines, lambda text: fonts.width(have.line(text), size, is_bold=field.is_bold) < width
    )


def _shrunk(field: Field, size: int, width: int, have: Fonts) -> int:
    """The largest size, up to this one, in which the whole text has room."""
    line = have.line(field.text)
    while size > 1 and (wide := fonts.width(line, size, is_bold=field.is_bold)) >= width:
        size = min(size - 1, size * width // (wide + 1))
    return size


def _place_symbol(label: Label, dpi: int) -> PlacedSymbol:
    carrier, box = Carrier(label.carrier), label.symbol_box
    bars = encode(carrier, label.data)
    width, height = _dots(box.width, dpi), _dots(box.height, dpi)
    stretch = 0 if carrier.is_matrix else _dots(BAR_HEIGHT_MIN_MM, dpi)
    for module in range(_most(carrier, dpi), _least(carrier, dpi) - 1, -1):
        across, down = bars.room(module)
        if across <= width and down + stretch <= height:
            break
    else:
        needed = [dots * MM_PER_INCH / dpi for dots in (across, down + stretch)]
        raise _too_small(f"its {carrier} needs {needed[0]:.1f} × {needed[1]:.1f} mm, "
                         f"there are {box.width:.1f} × {box.height:.1f}")  # fmt: skip
    x, y = _dots(box.x, dpi), _dots(box.y, dpi)
    x += (width - (sum(bars.quiet) + bars.width) * module) // 2 + bars.quiet[0] * module
    y += (height - bars.height * module) // 2 if carrier.is_matrix else 0
    return PlacedSymbol(x, y, module, 0 if carrier.is_matrix else height - down, bars, label.data)


def _least(carrier: Carrier, dpi: int) -> int:
    # A hundredth less than the millimetres say: 2 dots of 203 to the inch are 0.2502 mm, 6 of 600 are 0.254.
    return max(1, math.ceil((MODULE_MIN_MM[carrier.is_matrix] - 0.01) * dpi / MM_PER_INCH))


def _most(carrier: Carrier, dpi: int) -> int:
    return max(_least(carrier, dpi), min(MODULE_DOTS_MAX, round(MODULE_MAX_MM[carrier.is_matrix] * dpi / MM_PER_INCH)))


def _too_small(why: str) -> Invalid:
    return Invalid("label_too_small", f"expected a larger label: {why}", expected="larger labels, or another symbol")
