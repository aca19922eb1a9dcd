"""One-time enrolment codes: what a person types at a new box.

`BK-<code>-<fingerprint>`: 80 random bits in Crockford's alphabet, and the first 16 hex
digits of the hub CA's fingerprint, by which the box knows the right hub before it trusts
one. The hub stores only a hash of the code.
"""

import re
from hashlib import sha256

from cloud_hub.errors import Invalid

CODE_BYTES = 10
FINGERPRINT_CHARS = 16
TTL_MS = 15 * 60_000
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TEXT = re.compile(r"BK-([0-9A-HJKMNP-TV-Z]{16})-([0-9a-f]{16})", re.IGNORECASE)


def make_text(random: bytes, ca_fingerprint: str) -> str:
    """The text for a person, of CODE_BYTES random bytes."""
    return f"BK-{crockford(random)}-{ca_fingerprint[:FINGERPRINT_CHARS]}"


def crockford(random: bytes) -> str:
    """Random bytes (a multiple of five) in letters and digits that nobody mistakes for one another."""
    number = int.from_bytes(random, "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(len(random) * 8 - 5, -1, -5))


def hash_of(text: str) -> bytes:
    """What the hub stores and looks up. Raises Invalid."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise Invalid("enrolment_code", "expected a code like BK-XXXXXXXXXXXXXXXX-fingerprint", pointer="/code")
    return sha256(b"backstock enrolment " + match[1].upper().encode()).digest()
