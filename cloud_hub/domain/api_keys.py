"""Keys of integrations: what they look like, and what they may be for.

A key is 256 random bits, so its hash needs no salt and no slowness. It is for some
permissions at some sites; nobody can give a key more than they have, and no key can make
people or other keys. Pure.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256

from cloud_hub.domain.permissions import PEOPLE_ONLY, Permission, Principal
from cloud_hub.errors import Forbidden, Invalid

PREFIX = "bsk_"
KEY_BYTES = 32
SHOWN_CHARS = len(PREFIX) + 8
"""What is shown of a key ever after."""


def make_text(random: bytes) -> str:
    """The key of KEY_BYTES random bytes; it is shown once."""
    return PREFIX + urlsafe_b64encode(random).decode().rstrip("=")


def hash_of(text: str) -> bytes:
    """What the hub stores and looks up."""
    return sha256(b"backstock api key " + text.encode()).digest()


def scopes_of(wanted: Iterable[Permission], who: Principal) -> frozenset[Permission]:
    """What a key made by `who` is for. Raises Invalid, Forbidden."""
    scopes = frozenset(wanted)
    if barred := sorted(scopes & PEOPLE_ONLY):
        raise Invalid("scope", f"expected scopes for programs, got {', '.join(barred)}", pointer="/scopes")
    if missing := sorted(scopes - who.permissions):
        raise Forbidden("scope", f"expected scopes that you have, got {', '.join(missing)}")
    return scopes | {Permission.PROFILE}
