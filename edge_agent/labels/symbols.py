"""Symbols as bars and squares, in whole modules; zint makes them.

Owns what each carrier needs on paper: its quiet zone and how small a module may be. The data
was checked before; what zint refuses all the same is a refusal, never a warning.
"""

from typing import NamedTuple

from zint import DataMatrixOptions, InputMode, Symbol, Symbology, WarningLevel

from edge_agent.domain.label_symbols import Carrier
from edge_agent.errors import Invalid
from scanner_drivers.decode.gs1 import parse_elements

_SYMBOLOGY = {
    Carrier.EAN13: Symbology.EANX, Carrier.EAN8: Symbology.EANX, Carrier.CODE128: Symbology.CODE128,
    Carrier.GS1_128: Symbology.GS1_128, Carrier.DATAMATRIX: Symbology.DATAMATRIX, Carrier.QR: Symbology.QRCODE,
}  # fmt: skip
_QUIET = {
    Carrier.EAN13: (11, 7), Carrier.EAN8: (7, 7), Carrier.CODE128: (10, 10), Carrier.GS1_128: (10, 10),
    Carrier.DATAMATRIX: (1, 1), Carrier.QR: (4, 4),
}  # fmt: skip
"""Left and right, in modules; above and below as well for a matrix."""
_SPARE = {Carrier.DATAMATRIX: 6, Carrier.QR: 4}
"""A printer's own encoder may need the next size of a matrix."""
_GUARD_DOTS = 13
"""What a printer draws the guards of an EAN longer by, whatever the module (a ZD621 does)."""
_QR_ERROR_CORRECTION = 2
"""M: 15 % of it may be damaged."""
_ZINT_SCALE = 2
MODULE_MIN_MM = {True: 0.33, False: 0.25}
"""By `is_matrix`: the smallest that hand scanners and phones read off a thermal printer's paper."""
MODULE_MAX_MM = {True: 0.75, False: 0.5}
BAR_HEIGHT_MIN_MM = 3.5


class Bars(NamedTuple):
    """The dark parts as (x, y, width, height), in modules; of a linear symbol's bars the height is what they are
    longer than the others: the guards of an EAN."""

    carrier: Carrier
    width: int
    height: int
    dark: tuple[tuple[int, int, int, int], ...]

    @property
    def quiet(self) -> tuple[int, int]:
        return _QUIET[self.carrier]

    def room(self, module: int) -> tuple[int, int]:
        """Dots to keep free: width and height of a matrix with its quiet zone, width and guards of bars."""
        spare, quiet = _SPARE.get(self.carrier, 0), sum(self.quiet)
        width = (self.width + spare + quiet) * module
        if self.carrier.is_matrix:
            return width, (self.height + spare + quiet) * module
        return width, max(self.height * module, _GUARD_DOTS) if self.height else 0


def encode(carrier: Carrier, data: str) -> Bars:
    """The symbol of this data. Raises Invalid (`symbol`) when the carrier cannot hold it."""
    symbol = Symbol()
    symbol.symbology = _SYMBOLOGY[carrier]
    symbol.warn_level = WarningLevel.FAIL_ALL
    symbol.show_text = False
    if carrier is Carrier.QR:
        symbol.option_1 = _QR_ERROR_CORRECTION
    if carrier is Carrier.DATAMATRIX:
        symbol.input_mode = InputMode.GS1
        symbol.option_3 = DataMatrixOptions.SQUARE
    try:
        symbol.encode(_said_to_zint(carrier, data))
        symbol.buffer_vector()
    except RuntimeError as error:
        raise Invalid("symbol", f"expected data that {carrier} can hold: {error}") from error
    return _bars(carrier, symbol)


def _bars(carrier: Carrier, symbol: Symbol) -> Bars:
    found = [(each.x, each.y, each.width, each.height) for each in symbol.vector.rectangles]
    left, shortest = min(x for x, *_ in found), min(height for *_, height in found)
    dark = tuple(
        (round((x - left) / _ZINT_SCALE), round(y / _ZINT_SCALE), round(width / _ZINT_SCALE),
         round(height / _ZINT_SCALE) if carrier.is_matrix else round((height - shortest) / _ZINT_SCALE))
        for x, y, width, height in found
    )  # fmt: skip
    return Bars(carrier, max(x + width for x, _, width, _ in dark), max(y + high for _, y, _, high in dark), dark)


def _said_to_zint(carrier: Carrier, data: str) -> str:
    """Elements as `[01]…[10]…`; an EAN without its check digit, or zint takes 8 digits for the end of 13."""
    if carrier.is_gs1:
        return "".join(f"[{ai}]{value}" for ai, value in parse_elements(data).elements.items())
    return data[:-1] if carrier in (Carrier.EAN13, Carrier.EAN8) else data
