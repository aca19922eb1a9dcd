"""Certificates that a person asks for: of the broker, of the hub's HTTPS, of the hub at the broker.

Boxes get theirs by enrolment; these are the few that exist before any box does. Files are
written whole, the key first and only for its owner; asking again renews both.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cloud_hub.domain import certificates
from cloud_hub.domain.certificates import Authority
from cloud_hub.errors import Invalid
from cloud_hub.storage.state_files import private_pem, write

NAME_MOST = 64
KICK_LIFE = timedelta(minutes=5)
"""A certificate in a box's name is good for one short visit to the broker."""


def certify(authority: Authority, folder: Path, name: str, hosts: Sequence[str], now: datetime) -> list[Path]:
    """`ca.crt`, `NAME.key` and `NAME.crt`: for a server under `hosts`, or without hosts for the client NAME."""
    if not name or len(name) > NAME_MOST or not name.replace("-", "").replace(".", "").isalnum():
        raise Invalid("name", f"expected a name of letters, digits, dots and dashes, got {name[:80]!r}")
    key, serial = ec.generate_private_key(ec.SECP256R1()), x509.random_serial_number()
    if hosts:
        made = certificates.issue_server(authority, key.public_key(), hosts, serial, now)
    else:
        life = timedelta(days=certificates.SERVER_DAYS)
        made = certificates.issue_client(authority, key.public_key(), name, serial, now, life)
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    return _write(folder, authority, name, key, made)


def impersonate(authority: Authority, folder: Path, device_id: str, now: datetime) -> list[Path]:
    """The same in a box's name, for minutes: whoever connects with it takes over the box's session."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    made = certificates.issue_client(authority, key.public_key(), device_id, serial, now, KICK_LIFE)
    return _write(folder, authority, device_id, key, made)


def _write(
    folder: Path, authority: Authority, name: str, key: ec.EllipticCurvePrivateKey, made: x509.Certificate
) -> list[Path]:
    paths = [folder / "ca.crt", folder / f"{name}.key", folder / f"{name}.crt"]
    write(paths[0], certificates.pem(authority.certificate).encode(), mode=0o644)
    write(paths[1], private_pem(key))
    write(paths[2], certificates.pem(made).encode(), mode=0o644)
    return paths
