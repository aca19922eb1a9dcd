"""The chain's own certificate authority: P-256 certificates for boxes, hub and broker, and the CRL.

Pure: keys, serials and `now` are arguments. A box's certificate has its device id as CN
(which is also its MQTT user), lives 90 days and is for client authentication only.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud_hub.errors import Invalid

CA_DAYS = 3650
SERVER_DAYS = 398
DEVICE_DAYS = 90
CRL_DAYS = 45
"""An expired list locks every valid box out, so it is long and renewed daily."""
_SKEW = timedelta(minutes=10)
_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
           "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip


DeviceKey = ec.EllipticCurvePublicKey


class Authority(NamedTuple):
    """The CA: its key and certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


class Revoked(NamedTuple):
    """One line of the revocation list."""

    serial: int
    revoked_at: datetime


def make_authority(key: ec.EllipticCurvePrivateKey, name: str, serial: int, now: datetime) -> Authority:
    """A self-signed CA that may sign end certificates only."""
    subject = _name(name)
    builder = (
        _builder(subject, subject, key.public_key(), serial, now, timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(key, builder.sign(key, hashes.SHA256()))


def issue_server(
    authority: Authority, public_key: ec.EllipticCurvePublicKey, hosts: Sequence[str], serial: int, now: datetime
) -> x509.Certificate:
    """A certificate for a server (broker, hub) under these host names and addresses."""
    issuer = authority.certificate.subject
    builder = _builder(_name(hosts[0]), issuer, public_key, serial, now, timedelta(days=SERVER_DAYS))
    builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
    return _sign_end(builder, authority, ExtendedKeyUsageOID.SERVER_AUTH)


def issue_client(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    common_name: str,
    serial: int,
    now: datetime,
    life: timedelta = timedelta(days=DEVICE_DAYS),
) -> x509.Certificate:
    """A certificate for a client of the broker: CN = device id, or a hub worker's name."""
    issuer = authority.certificate.subject
    builder = _builder(_name(common_name), issuer, public_key, serial, now, life)
    return _sign_end(builder, authority, ExtendedKeyUsageOID.CLIENT_AUTH)


def read_request(pem: str) -> ec.EllipticCurvePublicKey:
    """The P-256 key of a certificate request that its owner signed. Raises Invalid."""
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        key = request.public_key()
        proven = request.is_signature_valid
    except (ValueError, InvalidSignature, TypeError) as error:
        raise Invalid("csr", "expected a certificate request in PEM", pointer="/csr") from error
    if not proven or not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise Invalid("csr", "expected a request for a P-256 key, signed by that key", pointer="/csr")
    return key


def requested_hosts(pem: str) -> list[str]:
    """The host names and addresses that a certificate request names, in their order. Raises Invalid."""
    try:
        names = x509.load_pem_x509_csr(pem.encode()).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    except ValueError as error:
        raise Invalid("csr", "expected a certificate request in PEM", pointer="/csr") from error
    found = [str(name.value) for name in names.value if isinstance(name, x509.DNSName | x509.IPAddress)]
    return list(dict.fromkeys(host.lower() for host in found))


def make_crl(authority: Authority, revoked: Iterable[Revoked], number: int, now: datetime) -> bytes:
    """The revocation list as PEM."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - _SKEW)
        .next_update(now + timedelta(days=CRL_DAYS))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_key(authority), critical=False)
    )
    for serial, revoked_at in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revoked_at)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def fingerprint(certificate: x509.Certificate) -> str:
    """Hex SHA-256 of a certificate; its beginning is part of each enrolment code."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def pem(certificate: x509.Certificate) -> str:
    """The certificate as PEM text."""
    return certificate.public_bytes(Encoding.PEM).decode()


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, serial: int, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + life)
    )


def _sign_end(builder: x509.CertificateBuilder, authority: Authority, use: x509.ObjectIdentifier) -> x509.Certificate:
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(_authority_key(authority), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def _authority_key(authority: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())


def _usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in names for usage in _USAGES})


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
