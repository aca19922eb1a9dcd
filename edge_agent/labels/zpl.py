"""Sheets as ZPL II: the printer draws the symbols, the box the texts (any script, the same line breaks).

Written for what every Zebra and its clones understand: `^BE ^B8 ^BC ^BX ^BQ`, `^GFA`. Each
label is a format of its own with its number of copies; a format that broke off in mid-data
is ended by the `^XA` of the next. All data is escaped: no code can carry a command.
"""

from math import inf
from typing import NamedTuple

from edge_agent.domain.label_symbols import Carrier
from edge_agent.labels.placing import PlacedSymbol, PlacedText, Sheet
from scanner_drivers.decode.gs1 import GS
from sync_protocol.gtin import is_digits

_FNC1 = "#"
"""The escape of `^BX`; no GS1 value can have it."""
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 #-./:;<>?=%,")
_REPEATS = [(20 * number, chr(ord("f") + number)) for number in range(20, 0, -1)]
_REPEATS += [(number, chr(ord("F") + number)) for number in range(19, 0, -1)]
"""How often the next digit stands: `G` once to `Y` 19 times, `g` 20 times to `z` 400 times."""


def write(sheets: list[Sheet]) -> bytes:
    """What goes to the printer."""
    return "".join(map(_format, sheets)).encode("ascii")


def _format(sheet: Sheet) -> str:
    texts = "".join(map(_text, sheet.texts))
    return (
        f"^XA^CI28^PW{sheet.width}^LL{sheet.height}^LH0,0\n{texts}{_symbol(sheet.symbol)}^PQ{sheet.copies},0,0,N^XZ\n"
    )


def _text(text: PlacedText) -> str:
    """A line as a graphic; black is 1 in ZPL, 0 in the picture."""
    row = (text.dots.width + 7) // 8
    data = bytes(byte ^ 0xFF for byte in text.dots.tobytes())
    rows = [data[start : start + row] for start in range(0, len(data), row)]
    padding = row * 8 - text.dots.width
    clean = [line[:-1] + bytes((line[-1] & (0xFF << padding) & 0xFF,)) for line in rows]
    packed = "".join(_packed(line) for line in clean)
    return f"^FO{text.x},{text.y}^GFA,{len(data)},{len(data)},{row},{packed}^FS\n"


def _packed(row: bytes) -> str:
    """A row in hexadecimal, with repeated digits counted and white up to the end as a comma."""
    digits = row.hex().upper()
    inked = digits.rstrip("0")
    found, place = [], 0
    while place < len(inked):
        end = place
        while end < len(inked) and inked[end] == inked[place]:
            end += 1
        found.append(_times(end - place) + inked[place])
        place = end
    return "".join(found) + ("," if len(inked) < len(digits) else "")


def _times(count: int) -> str:
    if count == 1:
        return ""
    letters = ""
    for value, letter in _REPEATS:
        while count >= value:
            letters += letter
            count -= value
    return letters


def _symbol(symbol: PlacedSymbol) -> str:
    module, height = symbol.module, symbol.bar_height
    carrier = symbol.bars.carrier
    drawn = {
        Carrier.EAN13: f"^BEN,{height},N,N", Carrier.EAN8: f"^B8N,{height},N,N",
        Carrier.CODE128: f"^BCN,{height},N,N,N,N", Carrier.GS1_128: f"^BCN,{height},N,N,N,N",
        Carrier.DATAMATRIX: f"^BXN,{module},200,,,,{_FNC1}", Carrier.QR: f"^BQN,2,{module}",
    }[carrier]  # fmt: skip
    # A printer moves a QR code down by the height of bars that `^BY` names; the least that it takes is a dot.
    return f"^BY{module},3,1^FO{symbol.x},{symbol.y}{drawn}^FH_^FD{_escaped(_data(carrier, symbol.data))}^FS\n"


def _data(carrier: Carrier, data: str) -> str:
    """The data in the words of its command; the printer adds an EAN's check digit itself."""
    if carrier in (Carrier.EAN13, Carrier.EAN8):
        return data[:-1]
    if carrier is Carrier.QR:
        return f"MA,{data}"
    if carrier is Carrier.DATAMATRIX:
        return f"{_FNC1}1{data.replace(GS, f'{_FNC1}1')}"
    return _code128(data, is_gs1=carrier is Carrier.GS1_128)


class _Rest(NamedTuple):
    """The shortest way to say the data from some place on, in symbol characters."""

    length: float
    said: str

    def after(self, said: str) -> "_Rest":
        return _Rest(self.length + 1, said + self.said)


_NO_WAY = _Rest(inf, "")


def _code128(data: str, *, is_gs1: bool) -> str:
    """Divided into subset C (digits in pairs) and B so that no division is shorter: as wide as was reckoned with."""
    in_b, in_c = [_Rest(0, "")], [_Rest(0, "")]
    for place in range(len(data) - 1, -1, -1):
        sign = data[place]
        stay_b = in_b[-1].after({GS: ">8", ">": ">0"}.get(sign, sign))
        stay_c = _NO_WAY
        if sign == GS:
            stay_c = in_c[-1].after(">8")
        elif len(in_c) > 1 and is_digits(data[place : place + 2]):
            stay_c = in_c[-2].after(data[place : place + 2])
        in_b.append(min(stay_b, stay_c.after(">5")))
        in_c.append(min(stay_c, stay_b.after(">6")))
    first = ">8" if is_gs1 else ""
    return min(in_b[-1].after(f">:{first}"), in_c[-1].after(f">;{first}")).said


def _escaped(data: str) -> str:
    """Whatever could be a command or an escape of ZPL, as hexadecimal."""
    return "".join(sign if sign in _PLAIN else f"_{ord(sign):02X}" for sign in data)
