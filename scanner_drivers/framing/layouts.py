"""Keyboard layouts: which character a key gives in the country that a scanner is set to.

A layout is three rows over the same keys: plain, with Shift, with AltGr. A blank there means
that the key gives nothing. Dead keys wait for the next one, as on a real keyboard: German `^`
comes only after a space. Letters follow Caps Lock, other keys do not.
"""

from dataclasses import dataclass

# The printing keys in the order of the rows below, by the kernel's numbers (input-event-codes.h).
KEYS = (41, *range(2, 14), *range(16, 28), *range(30, 41), 43, 86, *range(44, 54))
KEYPAD = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
FIXED = {57: " ", 28: "\r", 96: "\r", 15: "\t", 98: "/", 55: "*", 74: "-", 78: "+", 83: "."}

_COMBINING = {"^": "\u0302", "´": "\u0301", "`": "\u0300", "¨": "\u0308"}


@dataclass(frozen=True, slots=True)
class Layout:
    name: str
    plain: dict[int, str]
    shift: dict[int, str]
    altgr: dict[int, str]
    dead: frozenset[str]

    def accent(self, character: str) -> str | None:
        """The combining accent, where the key that gives this character is dead."""
        return _COMBINING[character] if character in self.dead else None


def _layout(name: str, plain: str, shift: str, altgr: str = "", dead: str = "") -> Layout:
    rows = (_row(plain), _row(shift), _row(altgr.ljust(len(KEYS))))
    return Layout(name, *rows, frozenset(dead))


def _row(characters: str) -> dict[int, str]:
    return {key: character for key, character in zip(KEYS, characters, strict=True) if character != " "}


_US = _layout(
    "us",
    "`1234567890-=" "qwertyuiop[]" "asdfghjkl;'\\" "\\zxcvbnm,./",
    '~!@#$%^&*()_+' 'QWERTYUIOP{}' 'ASDFGHJKL:"|' '|ZXCVBNM<>?',
)  # fmt: skip
_GB = _layout(
    "gb",
    "`1234567890-=" "qwertyuiop[]" "asdfghjkl;'#" "\\zxcvbnm,./",
    '¬!"£$%^&*()_+' "QWERTYUIOP{}" "ASDFGHJKL:@~" "|ZXCVBNM<>?",
    "¦   €        ",
)  # fmt: skip
_DE = _layout(
    "de",
    "^1234567890ß´" "qwertzuiopü+" "asdfghjklöä#" "<yxcvbnm,.-",
    '°!"§$%&/()=?`' "QWERTZUIOPÜ*" "ASDFGHJKLÖÄ'" ">YXCVBNM;:_",
    "  ²³   {[]}\\ " "@ €        ~" "            " "|      µ   ",
    dead="^´`",
)  # fmt: skip
_FR = _layout(
    "fr",
    "²&é\"'(-è_çà)=" "azertyuiop^$" "qsdfghjklmù*" "<wxcvbn,;:!",
    " 1234567890°+" "AZERTYUIOP¨£" "QSDFGHJKLM%µ" ">WXCVBN?./§",
    "  ~#{[|`\\^@]}" "  €        ¤",
    dead="^¨",
)  # fmt: skip
_ES = _layout(
    "es",
    "º1234567890'¡" "qwertyuiop`+" "asdfghjklñ´ç" "<zxcvbnm,.-",
    'ª!"·$%&/()=?¿' "QWERTYUIOP^*" "ASDFGHJKLÑ¨Ç" ">ZXCVBNM;:_",
    "\\|@#~ ¬      " "  €       []" "          {}",
    dead="`^´¨",
)  # fmt: skip
_IT = _layout(
    "it",
    "\\1234567890'ì" "qwertyuiopè+" "asdfghjklòàù" "<zxcvbnm,.-",
    '|!"£$%&/()=?^' "QWERTYUIOPé*" "ASDFGHJKLç°§" ">ZXCVBNM;:_",
    "             " "  €       []" "         @# ",
)  # fmt: skip

LAYOUTS = {layout.name: layout for layout in (_US, _GB, _DE, _FR, _ES, _IT)}
US = _US
