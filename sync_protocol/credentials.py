"""What people log in at a store box with, made ready for hashing: the same at the hub and in every box.

A PIN has few digits and a badge's code is printed on it, so a hash alone would be guessed in
minutes. Both are keyed first, with a key that lives in files beside the databases and in none of
them. Must not know: Argon2id, which makes and checks the hashes of PINs and passwords.
"""

import hmac
import unicodedata
from hashlib import sha256
from itertools import pairwise

PIN_DIGITS_MIN, PIN_DIGITS_MAX = 4, 8
BADGE_CHARS_MIN, BADGE_CHARS_MAX = 6, 64
_DIFFERENT_LEAST = 3
_BY_THE_KEYPAD = frozenset(("2580", "0852", "1470", "0741", "1379", "1397", "7913", "3179", "1590", "9510"))


def normal(password: str) -> str:
    """One form for what different keyboards make of the same keys."""
    return unicodedata.normalize("NFKC", password)


def why_bad_pin(pin: str) -> str | None:
    """What was expected of a new PIN, None for one that is good."""
    if not (PIN_DIGITS_MIN <= len(pin) <= PIN_DIGITS_MAX and pin.isascii() and pin.isdigit()):
        return f"expected {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits"
    if len(set(pin)) < _DIFFERENT_LEAST:
        return f"expected at least {_DIFFERENT_LEAST} different digits"
    if len({(int(after) - int(before)) % 10 for before, after in pairwise(pin)}) == 1:
        return "expected digits that do not run up or down"
    half = len(pin) // 2
    if pin[:half] == pin[half:] or pin in _BY_THE_KEYPAD:
        return "expected digits without a pattern"
    if len(pin) == PIN_DIGITS_MIN and pin[:2] in ("19", "20"):
        return "expected digits that are no year"
    return None


def why_bad_badge(badge: str) -> str | None:
    """What was expected of a badge's code, None for one that is good."""
    if not (BADGE_CHARS_MIN <= len(badge) <= BADGE_CHARS_MAX and badge.isascii() and badge.isprintable()):
        return f"expected {BADGE_CHARS_MIN} to {BADGE_CHARS_MAX} printable ASCII characters"
    if badge != badge.strip():
        return "expected a code that neither begins nor ends with a space"
    return None


def pin_secret(people_key: bytes, person_id: str, pin: str) -> str:
    """What is hashed and verified of a person's PIN."""
    return hmac.new(people_key, f"backstock pin {person_id} {pin}".encode(), sha256).hexdigest()


def badge_hash(people_key: bytes, badge: str) -> str:
    """By which a badge is found: the same for the same code, and nothing without the key."""
    return hmac.new(people_key, f"backstock badge {badge}".encode(), sha256).hexdigest()
