"""Refresh tokens: the id of a sign-in, a serial number, and the hub's seal over both.

Nothing of a token is stored. The sign-in's row says which number is the newest, so who
reads the database cannot refresh, an old token is known for one however old it is, and
the successor of a token can be given again to somebody whose answer was lost. Pure.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import Enum, auto
from hashlib import sha256
from hmac import compare_digest, digest
from typing import NamedTuple
from uuid import UUID

from cloud_hub.errors import Unauthenticated

PREFIX = "bsr_"
"""So that a scanner for secrets can find one in a log or a repository."""
FORGIVEN_MS = 30_000
"""So long the token before the newest one may come again: the answer with the newest was lost (RFC 9700, 4.14.2)."""
LIFE_MS = 30 * 86_400_000
"""A sign-in ends after this, however often it is renewed (ASVS 7.3.2)…"""
IDLE_MS = 7 * 86_400_000
"""…and after this without being renewed (ASVS 7.3.1)."""
_CHARS = len(PREFIX) + (16 + 8 + 32) * 4 // 3 + 1


class Token(NamedTuple):
    """What a refresh token says."""

    sign_in_id: str
    serial: int


class Verdict(Enum):
    """What to do with a token whose seal is right."""

    RENEW = auto()
    REPEAT = auto()
    """Give the newest one again."""
    REUSED = auto()
    """Two hold this sign-in, and one of them is a thief: end it."""


def make(token: Token, key: bytes) -> str:
    """The text that the client keeps."""
    said = _said(token)
    return PREFIX + urlsafe_b64encode(said + _seal(said, key)).decode().rstrip("=")


def read(text: str, key: bytes) -> Token:
    """What a token of ours says. Raises Unauthenticated."""
    if len(text) != _CHARS or not text.startswith(PREFIX) or not text.isascii():
        raise _not_ours()
    try:
        data = urlsafe_b64decode(text[len(PREFIX) :] + "=")
    except ValueError as error:
        raise _not_ours() from error
    said, seal = data[:24], data[24:]
    if not compare_digest(seal, _seal(said, key)):
        raise _not_ours()
    return Token(str(UUID(bytes=said[:16])), int.from_bytes(said[16:], "big"))


def judge(serial: int, *, newest: int, renewed_at_ms: int, now_ms: int) -> Verdict:
    """A number above the newest is one that a restored hub has forgotten to have given."""
    if serial >= newest:
        return Verdict.RENEW
    if serial == newest - 1 and now_ms - renewed_at_ms <= FORGIVEN_MS:
        return Verdict.REPEAT
    return Verdict.REUSED


def _said(token: Token) -> bytes:
    return UUID(token.sign_in_id).bytes + token.serial.to_bytes(8, "big")


def _seal(said: bytes, key: bytes) -> bytes:
    return digest(key, b"backstock refresh " + said, sha256)


def _not_ours() -> Unauthenticated:
    return Unauthenticated("refresh_token", "expected a refresh token of this hub; log in again")
