"""Who this box is: its keys, its enrolment at a hub, and the files both are kept in.

Keys are made once, before the first try, and never leave the box; a request that got no
answer is made again with the same keys and the same code. What the hub answers is checked
before anything is written, and `enrolment.json` comes last: if it is there, all is there.
"""

import secrets
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.domain.enrolment import Code, check_pin
from edge_agent.errors import Conflict, Refused
from edge_agent.storage.files import Folder, make_private, write_private
from edge_agent.storage.identity import Identity
from sync_protocol.errors import BadCertificate
from sync_protocol.fields import Id
from sync_protocol.keys import Claims, read_certificate, verifier

_LOST = "put the file back from a copy of this folder, or enrol the box again in an empty one"
KeyHex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Broker(BaseModel):
    """Where the box's MQTT broker is; without a password the client certificate is the credential."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(gt=0, le=65_535)]
    tls: bool
    username: str | None = None
    password: str | None = None


class Enrolment(BaseModel):
    """The hub's answer to an enrolment: all that a box must know to find and believe its hub."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    device_id: Id
    site_id: Id
    site_name: Annotated[str, Field(max_length=200)]
    origin_id: Id
    certificate: Annotated[str, Field(max_length=4_096)]
    client_certificate: str
    ca: str
    broker: Broker
    hub_key: KeyHex
    hub_url: str

    @property
    def hub_key_bytes(self) -> bytes:
        return bytes.fromhex(self.hub_key)


def load(folder: Folder) -> Enrolment:
    """The enrolment of this box. Raises Conflict when there is none."""
    try:
        return Enrolment.model_validate_json(folder.enrolment.read_bytes())
    except FileNotFoundError as error:
        raise Conflict(
            "not_enrolled", f"{folder.path}: expected an enrolled box, found no {folder.enrolment.name}",
            remedy="run: edge-agent --data DIR enrol URL CODE",
        ) from error  # fmt: skip
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        detail = f"{folder.enrolment}: expected what the hub answered, got {first['msg']}"
        raise Conflict("bad_enrolment", detail, remedy=_LOST) from error


def record_key(folder: Folder) -> Ed25519PrivateKey:
    """The key that signs this box's records; made on first use. Raises Conflict."""
    key = _key(folder, folder.record_key, Ed25519PrivateKey.generate)
    if not isinstance(key, Ed25519PrivateKey):
        raise Conflict("bad_key", f"{folder.record_key}: expected an Ed25519 key")
    return key


def device_key(folder: Folder) -> ec.EllipticCurvePrivateKey:
    """The key of the client certificate; made on first use. Raises Conflict."""
    key = _key(folder, folder.device_key, lambda: ec.generate_private_key(ec.SECP256R1()))
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Conflict("bad_key", f"{folder.device_key}: expected a P-256 key")
    return key


def request_body(folder: Folder, code: Code, name: str) -> dict[str, Any]:
    """What is posted to the hub; the private halves stay here."""
    public = record_key(folder).public_key().public_bytes_raw().hex()
    return {"code": code.text, "record_key": public, "csr": _csr(device_key(folder), name), "name": name}


async def enrol(folder: Folder, code: Code, name: str, post: Callable[[dict[str, Any]], Awaitable[bytes]]) -> Enrolment:
    """Enrol this box and write the files; the caller then opens the database for the new origin."""
    if folder.enrolment.exists():
        known = load(folder)
        raise Conflict(
            "already_enrolled", f"{folder.path}: expected an empty folder, got device {known.device_id} "
            f"of {known.site_name}", remedy="use another data directory; a box is enrolled once",
        )  # fmt: skip
    make_private(folder.path)
    answer = await post(request_body(folder, code, name))
    try:
        enrolment = Enrolment.model_validate_json(answer)
    except ValidationError as error:
        raise Refused("bad_answer", f"enrolment: the hub's answer is not one: {error}") from error
    check(folder, enrolment, code)
    store(folder, enrolment)
    return enrolment


def check(folder: Folder, enrolment: Enrolment, code: Code) -> Claims:
    """Believe nothing that does not fit together. Raises Refused."""
    check_pin(enrolment.ca, code.pin)
    try:
        claims = read_certificate(enrolment.certificate, verifier(enrolment.hub_key_bytes))
        client = x509.load_pem_x509_certificate(enrolment.client_certificate.encode())
    except (BadCertificate, ValueError) as error:
        raise Refused("bad_answer", f"enrolment: a certificate in the hub's answer is not one: {error}") from error
    expected = (enrolment.site_id, enrolment.device_id, enrolment.origin_id)
    if (claims.site_id, claims.device_id, claims.origin_id) != expected:
        raise Refused("bad_answer", "enrolment: the certificate is for another site, device or origin")
    if claims.public_key != record_key(folder).public_key().public_bytes_raw().hex():
        raise Refused("bad_answer", "enrolment: the certificate is for another record key")
    if client.public_key() != device_key(folder).public_key():
        raise Refused("bad_answer", "enrolment: the client certificate is for another key")
    return claims


def claims_of(enrolment: Enrolment) -> Claims:
    """What the hub certified about this box's first origin."""
    return read_certificate(enrolment.certificate, verifier(enrolment.hub_key_bytes))


def identity_of(enrolment: Enrolment) -> Identity:
    """The first row of the database."""
    return Identity(
        site_id=enrolment.site_id, site_name=enrolment.site_name, device_id=enrolment.device_id,
        origin_id=enrolment.origin_id, certificate=enrolment.certificate, hub_key=enrolment.hub_key,
    )  # fmt: skip


class Renewed(BaseModel):
    """The hub's answer to a renewal."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    client_certificate: str
    ca: str


def days_left(folder: Folder, now: datetime) -> int:
    """How long the client certificate is still good for."""
    found = x509.load_pem_x509_certificate(folder.device_certificate.read_bytes())
    return (found.not_valid_after_utc - now).days


async def renew(folder: Folder, post: Callable[[dict[str, Any]], Awaitable[bytes]]) -> None:
    """A new client certificate for the same key; the next connection uses it. Raises Refused."""
    device_id = load(folder).device_id
    answer = await post({"csr": _csr(device_key(folder), device_id)})
    try:
        renewed = Renewed.model_validate_json(answer)
        client = x509.load_pem_x509_certificate(renewed.client_certificate.encode())
    except ValueError as error:
        raise Refused("bad_answer", f"renewal: the hub's answer is not one: {error}") from error
    if client.public_key() != device_key(folder).public_key():
        raise Refused("bad_answer", "renewal: the client certificate is for another key")
    write_private(folder.device_certificate, renewed.client_certificate.encode())


def store(folder: Folder, enrolment: Enrolment) -> None:
    """Write the files, `enrolment.json` last."""
    write_private(folder.ca, enrolment.ca.encode())
    write_private(folder.device_certificate, enrolment.client_certificate.encode())
    if not folder.api_key.exists():
        write_private(folder.api_key, f"store {secrets.token_urlsafe(32)}\n".encode())
    write_private(folder.enrolment, enrolment.model_dump_json(indent=1).encode())


def api_keys(folder: Folder) -> dict[str, str]:
    """Bearer key -> the name that acts, one pair per line of the file. Raises Conflict."""
    try:
        lines = folder.api_key.read_text("utf-8").split("\n")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise Conflict("bad_api_key", f"{folder.api_key}: expected lines of NAME KEY: {error}") from error
    pairs = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise Conflict("bad_api_key", f"{folder.api_key}: expected lines of NAME KEY")
    return {key: name for name, key in pairs}


def client_tls(folder: Folder) -> ssl.SSLContext:
    """TLS for HTTPS to the hub: its authority only."""
    context = ssl.create_default_context(cafile=str(folder.ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _key(folder: Folder, path: Path, generate: Callable[[], Any]) -> Any:
    try:
        return serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise Conflict("bad_key", f"{path}: expected a private key in PEM", remedy=_LOST) from error
    except FileNotFoundError as error:
        # Another key would sign what the hub cannot believe, and the box would be fenced for it.
        if folder.enrolment.exists():
            detail = f"{path}: expected the key that this box was enrolled with, found none"
            raise Conflict("missing_key", detail, remedy=_LOST) from error
        make_private(path.parent)
        key = generate()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(path, pem)
        return key


def _csr(key: ec.EllipticCurvePrivateKey, name: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()
