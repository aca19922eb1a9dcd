"""Key presses to the characters that a keyboard-wedge scanner types.

Owns modifiers, Caps Lock, dead keys and the two ways in which a wedge types a control
character: Ctrl with a key (GS is Ctrl+]) and Alt with digits of the keypad (GS is Alt+0029).
Key repeat is no typing. It knows neither events nor frames; any sequence of keys is accepted.
"""

import unicodedata
from typing import NamedTuple

from scanner_drivers.framing.layouts import FIXED, KEYPAD, US, Layout

CAPS_LOCK = 58
_SHIFT, _CTRL, _ALT, _ALTGR = frozenset((42, 54)), frozenset((29, 97)), 56, 100
_MODIFIERS = _SHIFT | _CTRL | {_ALT, _ALTGR}
_PRESSED = 1
_ALT_DIGITS_MAX = 5


class KeyState(NamedTuple):
    """What is held down, and whether Caps Lock is on."""

    held: frozenset[int] = frozenset()
    is_caps: bool = False


class Typist:
    """One keyboard. `key` gives the text of a press, mostly one character or none."""

    def __init__(self, layout: Layout, state: KeyState = KeyState()) -> None:  # noqa: B008 - immutable
        self._layout = layout
        self.silent = 0
        """Presses that gave no character: function keys, keys that the layout does not have."""
        self.resume(state)

    def resume(self, state: KeyState) -> None:
        """Go on from a known state: at the start, and after keys were missed."""
        self._held = set(state.held & _MODIFIERS)
        self._is_caps = state.is_caps
        self._accent = ""
        self._alt_code = ""

    def key(self, code: int, value: int) -> str:
        """A key went down (1), up (0), or repeats (2)."""
        if code in _MODIFIERS:
            return self._modifier(code, value)
        if value != _PRESSED:
            return ""
        if code == CAPS_LOCK:
            self._is_caps = not self._is_caps
            return ""
        if _ALT in self._held and code in KEYPAD:
            self._alt_code = (self._alt_code + KEYPAD[code])[:_ALT_DIGITS_MAX]
            return ""
        return self._typed(code)

    def _modifier(self, code: int, value: int) -> str:
        if value:
            self._held.add(code)
            return ""
        self._held.discard(code)
        if code != _ALT or not self._alt_code:
            return ""
        number, self._alt_code = int(self._alt_code), ""
        return chr(number) if number < 0x100 else ""

    def _typed(self, code: int) -> str:
        if self._held & _CTRL and _ALT not in self._held:  # Ctrl+Alt is AltGr
            return self._control(code)
        if _ALTGR in self._held or (_ALT in self._held and self._held & _CTRL):
            character = self._layout.altgr.get(code)
            accent = None  # what AltGr gives is never dead
        else:
            character = FIXED.get(code) or KEYPAD.get(code) or self._printing(code)
            accent = self._layout.accent(character or "")
        if character is None:
            self.silent += 1
            return ""
        return self._accented(character, accent)

    def _printing(self, code: int) -> str | None:
        plain, shifted = self._layout.plain.get(code), self._layout.shift.get(code)
        is_letter = plain is not None and plain.upper() == shifted
        is_shifted = bool(self._held & _SHIFT) != (self._is_caps and is_letter)
        return shifted if is_shifted else plain

    def _control(self, code: int) -> str:
        """Ctrl and a key of `@A-Z[\\]^_`; where the layout has none of them there, by the US key."""
        for row in (self._layout.plain, US.plain, US.shift):
            character = row.get(code, "").upper()
            if len(character) == 1 and "@" <= character <= "_":
                return chr(ord(character) & 0x1F)
        if code in FIXED:
            return FIXED[code]
        self.silent += 1
        return ""

    def _accented(self, character: str, accent: str | None) -> str:
        """Dead keys: an accent and a letter are one character, an accent and a space the accent itself."""
        waiting, self._accent = self._accent, ""
        if waiting:
            if character == " ":
                return waiting
            combined = unicodedata.normalize("NFC", character + (self._layout.accent(waiting) or ""))
            return combined if len(combined) == 1 else waiting + character
        if accent:
            self._accent = character
            return ""
        return character
