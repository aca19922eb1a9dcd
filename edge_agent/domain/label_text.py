"""How a text becomes lines of a label: broken at words, cut with `…`, never wider than its room.

Knows no font: `fits` says whether a line has room. A sign is never torn from the marks on it.
"""

import unicodedata
from collections.abc import Callable

Fits = Callable[[str], bool]
CUT = "…"
_JOINER = "\u200d"


def break_lines(text: str, most: int, fits: Fits) -> list[str]:
    """At most so many lines that all fit; what has no room is left out, and `…` says so."""
    rest = " ".join(text.split())
    lines: list[str] = []
    while rest:
        if len(lines) == most - 1:
            lines.append(cut(rest, fits))
            break
        line = _front(rest, fits)
        if not line:
            break
        lines.append(line)
        rest = rest[len(line) :].lstrip()
    return [line for line in lines if line]


def cut(text: str, fits: Fits) -> str:
    """The text, or as much of it as fits before a `…`; nothing when not even that does."""
    if fits(text):
        return text
    signs = _signs(text)
    low, high = 0, len(signs)
    while low < high:
        middle = (low + high + 1) // 2
        if fits("".join(signs[:middle]).rstrip() + CUT):
            low = middle
        else:
            high = middle - 1
    return "".join(signs[:low]).rstrip() + CUT if low else ""


def is_right_to_left(text: str) -> bool:
    """Whether its first letter is of a script that is written to the left."""
    for sign in text:
        direction = unicodedata.bidirectional(sign)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def _front(text: str, fits: Fits) -> str:
    """The words that fit in one line; of a word that is wider than a line, its signs that do."""
    if fits(text):
        return text
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if not fits(longer):
            break
        line = longer
    return line or _signs_that_fit(text.split(" ", 1)[0], fits)


def _signs_that_fit(word: str, fits: Fits) -> str:
    line = ""
    for sign in _signs(word):
        if not fits(line + sign):
            break
        line += sign
    return line


def _signs(text: str) -> list[str]:
    """What a reader sees as one sign: a letter with its marks, joined ones together."""
    found: list[str] = []
    for character in text:
        is_mark = unicodedata.category(character).startswith("M") or character == _JOINER
        if found and (is_mark or found[-1].endswith(_JOINER)):
            found[-1] += character
        else:
            found.append(character)
    return found
