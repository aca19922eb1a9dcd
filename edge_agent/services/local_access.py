"""What lets people in from other devices of the store: the box's HTTPS certificate, and the people key.

Both are head office's. They are asked for at enrolment, and again when a name of the box is not in the
certificate, when this ends soon, or when there is none. Key and certificate are one file, so that
no crash leaves halves of two.
"""

import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import BaseModel, ConfigDict, Field

from edge_agent.errors import Refused
from edge_agent.storage.files import Folder, write_private

RENEW_BELOW = timedelta(days=30)
NAMES_MAX = 20
Post = Callable[[dict[str, Any]], Awaitable[bytes]]


class Granted(BaseModel):
    """The hub's answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    certificate: str
    people_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def people_key(folder: Folder) -> bytes | None:
    """Without it PINs and badges mean nothing; None until head office has given it."""
    return bytes.fromhex(folder.people_key.read_text("ascii")) if folder.people_key.exists() else None


def certificate(folder: Folder) -> x509.Certificate | None:
    """The box's own, None until it has one. Raises ValueError when the file is damaged."""
    if not folder.https.exists():
        return None
    return x509.load_pem_x509_certificates(folder.https.read_bytes())[0]


def is_due(folder: Folder, names: Sequence[str], asked: Sequence[str], now: datetime) -> bool:
    """Whether to ask. Names that were asked for and not given are none that the box may have."""
    try:
        found = certificate(folder)
    except ValueError:
        return True
    if found is None or not folder.people_key.exists() or found.not_valid_after_utc - now < RENEW_BELOW:
        return True
    return not set(names) <= {*asked, *names_in(found)}


async def renew(folder: Folder, names: Sequence[str], post: Post) -> None:
    """Ask, check what comes, keep it. Raises Refused, Unavailable."""
    key = ec.generate_private_key(ec.SECP256R1())
    answer = await post({"csr": _csr(key, names[:NAMES_MAX])})
    try:
        granted = Granted.model_validate_json(answer)
        made = x509.load_pem_x509_certificate(granted.certificate.encode())
        made.verify_directly_issued_by(x509.load_pem_x509_certificate(folder.ca.read_bytes()))
    except (ValueError, TypeError, InvalidSignature) as error:
        raise Refused("bad_answer", f"local access: the hub's answer is not one: {error}") from error
    if made.public_key() != key.public_key():
        raise Refused("bad_answer", "local access: the certificate is for another key")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(folder.people_key, granted.people_key.encode())
    write_private(folder.https, private + granted.certificate.encode())


def tls(folder: Folder) -> ssl.SSLContext:
    """TLS 1.2 or later with the box's certificate. Raises OSError, ssl.SSLError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder.https)
    return context


def names_in(found: x509.Certificate) -> list[str]:
    """The host names and addresses of a certificate."""
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names if isinstance(name, x509.DNSName | x509.IPAddress)]


def _csr(key: ec.EllipticCurvePrivateKey, names: Sequence[str]) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    request = request.add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
