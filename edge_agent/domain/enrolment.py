"""The one-time code of an enrolment and what it lets a box believe.

    BK-<code>-<first 16 hex digits of SHA-256 of the hub's certificate authority>

The second half pins the hub: a box that has never met it can tell it from somebody in
between. The code as a whole is what the hub checks.

>>> parse_code("bk-7Q4M2X-00112233aabbccdd").pin
'00112233aabbccdd'
"""

import re
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from edge_agent.errors import Invalid, Refused

_CODE = re.compile(r"(?:BK|bk)-([0-9A-Za-z-]{4,64})-([0-9A-Fa-f]{16})")


class Code(NamedTuple):
    """A code as typed, and the pin in it."""

    text: str
    pin: str


def parse_code(text: str) -> Code:
    """Read a code. Raises Invalid."""
    found = _CODE.fullmatch(text.strip())
    if found is None:
        raise Invalid("bad_code", f"enrolment code: expected BK-CODE-FINGERPRINT, got {text.strip()[:80]!r}")
    return Code(f"BK-{found[1]}-{found[2].lower()}", found[2].lower())


def fingerprint(ca_pem: str) -> str:
    """SHA-256 of an authority's certificate, as hex. Raises Refused."""
    try:
        return x509.load_pem_x509_certificate(ca_pem.encode()).fingerprint(hashes.SHA256()).hex()
    except ValueError as error:
        raise Refused("bad_ca", f"certificate authority: expected PEM, got something else ({error})") from error


def check_pin(ca_pem: str, pin: str) -> None:
    """Raises Refused unless this authority is the one that the code names."""
    found = fingerprint(ca_pem)
    if not found.startswith(pin):
        raise Refused(
            "wrong_ca", f"the hub's certificate authority: expected fingerprint {pin}…, got {found[:16]}…",
            remedy="somebody may be between this box and the hub, or the code is for another hub",
        )  # fmt: skip
