"""Codes by which a person sets a first or forgotten password: 80 random bits, good once, for a day.

An administrator hands the code over; what the person makes of it no administrator ever
knows (ASVS 6.4.6). The hub stores only a hash. Pure.
"""

from hashlib import sha256

from cloud_hub.domain.enrolment_codes import crockford

CODE_BYTES = 10
LIFE_MS = 24 * 3_600_000


def make_text(random: bytes) -> str:
    """The text for a person, of CODE_BYTES random bytes: four groups of four."""
    code = crockford(random)
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def hash_of(text: str) -> bytes:
    """What the hub stores and compares; dashes, blanks and case do not matter."""
    return sha256(b"backstock one-time code " + "".join(filter(str.isalnum, text)).upper().encode()).digest()
