"""Text as dots: fonts, how wide a line is in them, and its picture, in any script that a font here has.

One engine for every format, so that what fits in the preview fits on paper. Shaping and the
direction of writing inside a run are raqm's; a line that no single font has is drawn as runs,
each in the first font that has its signs. What no font has is drawn as `?` and told.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import fontpkg
from PIL import Image, ImageDraw, ImageFont

OWN = ("Noto Sans", "Noto Sans Arabic", "Noto Sans Thai", "Noto Sans Tamil", "Noto Sans Telugu", "Heebo")
"""What comes with the agent: Latin, Greek, Cyrillic, Devanagari, Arabic, Thai, Tamil, Telugu, Hebrew."""
BOLD = 700
UNKNOWN = "?"
_NOBODY_HAS = "\U0010ffff"
_INK_FROM = 128


class Line(NamedTuple):
    """A line of text in runs of one font each, in the order in which they stand from left to right."""

    runs: tuple[tuple[Path, str], ...]
    missing: frozenset[str]


class Fonts:
    """The fonts to look for a sign in, in this order: the agent's own, then those of the settings."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        self._paths = [*(Path(fontpkg.path(family)) for family in OWN), *map(Path, more)]

    def line(self, text: str, *, is_rtl: bool = False) -> Line:
        """The text as runs; `is_rtl` when the whole, of which it is a line, begins in a script written to the left."""
        chosen: list[tuple[Path | None, str]] = []
        for sign in text:
            before = chosen[-1][0] if chosen else None
            chosen.append((self._font_for(sign, before), sign))
        missing = frozenset(sign for path, sign in chosen if path is None)
        known = [(path or self._paths[0], UNKNOWN if path is None else sign) for path, sign in chosen]
        runs = [(path, "".join(sign for _, sign in group)) for path, group in groupby(known, key=lambda each: each[0])]
        return Line(tuple(reversed(runs) if is_rtl else runs), missing)

    def _font_for(self, sign: str, before: Path | None) -> Path | None:
        """The font of the sign before it if that has it, so that words hold together."""
        if before is not None and has(before, sign):
            return before
        return next((path for path in self._paths if has(path, sign)), None)


@lru_cache(maxsize=256)
def sized(path: Path, size: int, *, is_bold: bool) -> ImageFont.FreeTypeFont:
    """A font at a height of line in dots."""
    font = ImageFont.truetype(path, size)
    high = sum(font.getmetrics())
    font = ImageFont.truetype(path, max(1, size * size // high))
    if is_bold:
        _embolden(font)
    return font


def _embolden(font: ImageFont.FreeTypeFont) -> None:
    """Only a variable font has more than one weight in its file."""
    try:
        axes = font.get_variation_axes()
    except OSError:
        return
    font.set_variation_by_axes([BOLD if axis["name"] == b"Weight" else axis["default"] or 0 for axis in axes])


@lru_cache(maxsize=20_000)
def has(path: Path, sign: str) -> bool:
    """Whether the font draws the sign otherwise than what no font has."""
    if sign.isspace() or unicodedata.category(sign) in ("Cf", "Mn"):
        return True
    font = sized(path, 32, is_bold=False)
    drawn = font.getmask(sign)
    return bytes(drawn) != bytes(font.getmask(_NOBODY_HAS)) and drawn.getbbox() is not None


def width(line: Line, size: int, *, is_bold: bool) -> int:
    """Of a line, in dots."""
    return round(sum(sized(path, size, is_bold=is_bold).getlength(text) for path, text in line.runs))


def paint(line: Line, size: int, *, is_bold: bool) -> Image.Image:
    """Its dots, black on white, exactly as high as the line."""
    picture = Image.new("L", (width(line, size, is_bold=is_bold) + 1, size), 255)
    pen, x = ImageDraw.Draw(picture), 0.0
    for path, text in line.runs:
        font = sized(path, size, is_bold=is_bold)
        pen.text((x, font.getmetrics()[0]), text, font=font, fill=0, anchor="ls")
        x += font.getlength(text)
    return picture.point(lambda grey: 255 if grey >= _INK_FROM else 0, mode="1")
