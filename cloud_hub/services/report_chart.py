"""The chart of an inventory report: from what was there to what is there, each reason as a step up or down.

Draws with what a page gives it; knows no font and no file.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from reportlab.lib.colors import Color, HexColor

HEIGHT = 120.0
_GROUND, _UP, _DOWN, _WHOLE = map(HexColor, ("#66727f", "#2f8f5b", "#c0503f", "#2c5f8a"))
_SIGNS = {"received": 1, "sold": -1, "returned": 1, "lost": -1, "counted": 1, "transferred": 1}


class Bar(NamedTuple):
    """From where to where, and what stands on it."""

    name: str
    start: Decimal
    end: Decimal
    label: str

    @property
    def is_whole(self) -> bool:
        """What was there, not what came or went."""
        return self.name in ("opening", "closing")

    @property
    def colour(self) -> Color:
        return _WHOLE if self.is_whole else _UP if self.end >= self.start else _DOWN


def steps(totals: Mapping[str, str]) -> list[Bar]:
    """The bars: the opening, each step from where the last one ended, the closing."""
    level = Decimal(totals["opening"])
    bars = [Bar("opening", Decimal(0), level, totals["opening"])]
    for name, sign in _SIGNS.items():
        step = sign * Decimal(totals[name])
        bars.append(Bar(name, level, level + step, f"{step:+f}" if step else "0"))
        level += step
    return [*bars, Bar("closing", Decimal(0), Decimal(totals["closing"]), totals["closing"])]


def draw(
    canvas: Any, text: Callable[..., None], totals: Mapping[str, str], *, x: float, y: float, width: float
) -> None:
    """The chart with its names below; y is where these stand."""
    bars = steps(totals)
    ends = [end for bar in bars for end in (bar.start, bar.end)]
    low, high = min(Decimal(0), *ends), max(Decimal(0), *ends)
    scale = float(HEIGHT - 34) / (float(high - low) or 1.0)
    ground = y + 14

    def at(level: Decimal) -> float:
        return ground + float(level - low) * scale

    room = width / len(bars)
    for number, bar in enumerate(bars):
        left = x + number * room
        bottom, top = sorted((at(bar.start), at(bar.end)))
        canvas.setFillColor(bar.colour)
        canvas.rect(left + room / 4, bottom, room / 2, max(top - bottom, 0.8), stroke=0, fill=1)
        text(left + room / 4, top + 3, bar.label, colour=bar.colour)
        text(left + room / 4, y, bar.name, colour=_GROUND)
    canvas.setStrokeColor(_GROUND)
    canvas.line(x, at(Decimal(0)), x + width, at(Decimal(0)))
